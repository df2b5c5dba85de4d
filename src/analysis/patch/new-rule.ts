/**
 * Whole rules for one request, in the language of a document; YAML in flow style, so that they fit anywhere.
 * @module
 */
import { fromByteString } from '../../lib/byte-string.ts';
import { parseIp, unmapped } from '../../lib/ip-address.ts';
import type { Facts } from '../../policy/facts.ts';
import type { PolicyModel, PolicyRef } from '../../policy/model.ts';
import type { Endpoint } from '../../policy/registry/registry.ts';
import { callerOf, sourceNet } from './spelling.ts';
import { scalar } from './yaml-edit.ts';

/** Rules that allow or deny just this request, likeliest first. */
export function rulesFor(
  ref: PolicyRef,
  effect: 'allow' | 'deny',
  direction: 'ingress' | 'egress',
  facts: Facts,
  model: PolicyModel,
): readonly string[] {
  // Without a caller it would let everybody in.
  if (ref.dialect === 'istio') return effect === 'allow' && callerOf(facts) === undefined ? [] : [istioRule(facts)];
  if (ref.dialect === 'calico' && ref.kind.endsWith('NetworkPolicy') && !ref.kind.includes('Kubernetes'))
    return calicoRules(effect, direction, facts);
  return effect === 'deny' ? [] : kubernetesRules(direction, facts, model);
}

function istioRule(facts: Facts): string {
  const caller = callerOf(facts);
  const operation =
    facts.protocol === 'tcp'
      ? `ports: ["${facts.destinationPort}"]`
      : `methods: [${scalar(facts.method)}], paths: [${scalar(fromByteString(facts.path ?? '/'))}]`;
  const from = caller === undefined ? '' : `from: [{ source: { principals: [${scalar(caller.principal)}] } }], `;
  return `{ ${from}to: [{ operation: { ${operation} } }] }`;
}

function calicoRules(effect: 'allow' | 'deny', direction: 'ingress' | 'egress', facts: Facts): string[] {
  const action = effect === 'allow' ? 'Allow' : 'Deny';
  const ports = facts.destinationPort < 0 ? '' : `ports: [${facts.destinationPort}]`;
  const rule = (source: string, destination: string): string =>
    `{ action: ${action}, protocol: TCP${source === '' ? '' : `, source: { ${source} }`}${destination === '' ? '' : `, destination: { ${destination} }`} }`;
  if (direction === 'egress') {
    const net = netOf(facts.destinationAddress);
    return net === undefined
      ? []
      : [rule('', [`nets: [${scalar(net)}]`, ports].filter((part) => part !== '').join(', '))];
  }
  const account = callerOf(facts)?.account;
  const net = sourceNet(facts);
  return [
    ...(account === undefined
      ? []
      : [
          rule(
            `namespaceSelector: "projectcalico.org/name == '${account.namespace}'", serviceAccounts: { names: [${scalar(account.serviceAccount)}] }`,
            ports,
          ),
        ]),
    ...(net === undefined ? [] : [rule(`nets: [${scalar(net)}]`, ports)]),
  ];
}

function kubernetesRules(direction: 'ingress' | 'egress', facts: Facts, model: PolicyModel): string[] {
  const [list, address] = direction === 'ingress' ? ['from', facts.sourceAddress] : ['to', facts.destinationAddress];
  const ports = facts.destinationPort < 0 ? '' : `, ports: [{ protocol: TCP, port: ${facts.destinationPort} }]`;
  const net = netOf(address);
  const pod = model.registry?.endpoints.find(({ addresses }) => addresses.some((each) => isAddress(each, address)));
  return [
    ...(pod === undefined ? [] : [`{ ${list}: [{ ${peerOf(pod)} }]${ports} }`]),
    ...(net === undefined ? [] : [`{ ${list}: [{ ipBlock: { cidr: ${scalar(net)} } }]${ports} }`]),
  ];
}

function peerOf({ namespace, labels }: Endpoint): string {
  const pairs = labels.map(([key, value]) => `${scalar(key)}: ${JSON.stringify(value)}`).join(', ');
  return `namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ${scalar(namespace)} } }, podSelector: { matchLabels: { ${pairs} } }`;
}

const netOf = (address: Facts['sourceAddress']): string | undefined =>
  address && `${address.text}/${address.bytes.length * 8}`;

function isAddress(text: string, address: Facts['sourceAddress']): boolean {
  const bytes = parseIp(text);
  return bytes !== undefined && address !== undefined && Buffer.compare(bytes, unmapped(address.bytes)) === 0;
}
