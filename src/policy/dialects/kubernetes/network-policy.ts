/**
 * Kubernetes NetworkPolicy (networking.k8s.io/v1): allow rules for selected pods, as Calico converts them to its default tier.
 * @module
 */

import { hasHostBits, isRangeWithin } from '../../../lib/ip-address.ts';
import type { FindingCode } from '../../documents/codes/finding-codes.ts';
import type { PolicyDocument } from '../../documents/document.ts';
import { type Reporter, silentReporter } from '../../documents/finding.ts';
import { warnOfHostBits } from '../../documents/host-bits.ts';
import { ownerOf } from '../../documents/owner.ts';
import { listOf, object, type Shape, text } from '../../documents/shape.ts';
import { fieldOf, listAt, type MapValue, mapAt, textAt, textsAt, type Value } from '../../documents/value.ts';
import { type LabelExpr, withKeyPrefix } from '../../meaning/labels.ts';
import type { Cidr, Expr } from '../../model.ts';
import { readNet } from '../calico/entity.ts';
import { calicoGroups, isIdleStage, stagedAction } from '../calico/policy.ts';
import { protocolNumber } from '../calico/protocol.ts';
import { allOf, type TieredPolicy, type TieredRule } from '../calico/tiered-policy.ts';
import type { Contribution, KindReader } from '../contribution.ts';
import { labelSelectorShape, readLabelSelector } from './label-selector.ts';
import { lintEmpty, lintNetworkPolicy } from './lint-rules.ts';
import { checkPortName } from './pod-template.ts';

const NAMESPACE = 'projectcalico.org/namespace';
const isPod: LabelExpr = { op: 'in', key: 'projectcalico.org/orchestrator', values: ['k8s'] };

/** Where Calico puts converted policies in its default tier. */
const ORDER = 1_000;

const peerShape = object({
  podSelector: labelSelectorShape,
  namespaceSelector: labelSelectorShape,
  ipBlock: object({ cidr: text, except: listOf(text) }, ['cidr']),
});
const portShape = object({
  protocol: { is: 'text', oneOf: ['TCP', 'UDP', 'SCTP'] },
  port: { is: 'number', orText: true },
  endPort: { is: 'number' },
});
const ruleShape = (peers: 'from' | 'to'): Shape => object({ [peers]: listOf(peerShape), ports: listOf(portShape) });

const networkPolicySpec = object({
  podSelector: labelSelectorShape,
  policyTypes: listOf({ is: 'text', oneOf: ['Ingress', 'Egress'] }, 2),
  ingress: listOf(ruleShape('from')),
  egress: listOf(ruleShape('to')),
});

/** Reader of NetworkPolicy, `networking.k8s.io/v1`. */
export const networkPolicyReader: KindReader = {
  dialect: 'kubernetes',
  group: 'networking.k8s.io',
  kind: 'NetworkPolicy',
  versions: ['v1'],
  namespaced: true,
  fields: { spec: networkPolicySpec },
  read: (document, _options, report) => readNetworkPolicy(document, report, false),
};

const { fields: specFields } = networkPolicySpec;

/** Calico's staged form of a Kubernetes policy: the same spec and what is to become of it. */
export const stagedKubernetesReaders: readonly KindReader[] = calicoGroups.map(({ group, versions }) => ({
  dialect: 'calico',
  group,
  kind: 'StagedKubernetesNetworkPolicy',
  versions,
  namespaced: true,
  fields: { spec: object({ ...specFields, stagedAction }) },
  read: (document, _options, report) => readNetworkPolicy(document, report, true),
}));

/** Reads a document whose spec is a NetworkPolicy's. Absent and empty differ: no peers allow every peer, no rules allow none. */
function readNetworkPolicy(document: PolicyDocument, report: Reporter, staged: boolean): Contribution {
  const spec = mapAt(document.root, 'spec');
  const selector = mapAt(spec, 'podSelector');
  const types = textsAt(spec, 'policyTypes').map((type) => type.text);
  const acts = (type: string, otherwise: boolean): boolean => (types.length > 0 ? types.includes(type) : otherwise);
  const rules = (direction: 'ingress' | 'egress'): TieredRule[] =>
    (listAt(spec, direction)?.items ?? []).flatMap((rule, i) =>
      rule.is === 'map' ? [readRule(rule, i, direction, document, report)] : [],
    );
  const ingress = rules('ingress');
  const egress = rules('egress');
  const policy: TieredPolicy = {
    ref: {
      dialect: staged ? 'calico' : 'kubernetes',
      kind: document.kind,
      namespace: document.namespace,
      name: document.name,
    },
    position: { file: document.file, ...document.place },
    owner: ownerOf(document),
    tier: 'default',
    order: ORDER,
    sortKey: `knp.default.${document.name}/${document.namespace}/NetworkPolicy`,
    staged,
    origin: staged ? 'calico' : 'kubernetes',
    subject: {
      namespace: document.namespace,
      labels: [],
      selector: {
        op: 'all',
        of: [isPod, ...(selector === undefined ? [] : [readLabelSelector(selector, 'spec.podSelector', report)])],
      },
    },
    ingress: acts('Ingress', true) ? ingress : undefined,
    // Kubernetes fills in policyTypes by whether there are egress rules: an empty list isolates nothing.
    egress: acts('Egress', egress.length > 0) ? egress : undefined,
  };
  lintNetworkPolicy(policy, spec, report);
  return staged && isIdleStage(spec) ? { to: 'calico' } : { to: 'tiers', policy };
}

function readRule(
  rule: MapValue,
  index: number,
  direction: 'ingress' | 'egress',
  document: PolicyDocument,
  report: Reporter,
): TieredRule {
  const path = `spec.${direction}[${index}]`;
  const field = direction === 'ingress' ? 'from' : 'to';
  const end = direction === 'ingress' ? 'source' : 'destination';
  const peers = listAt(rule, field)?.items ?? [];
  const ports = listAt(rule, 'ports')?.items ?? [];
  lintEmpty(rule, field, path, report);
  const view = (name: View): Expr =>
    allOf([
      anyOf(
        peers.map((peer, i) =>
          readPeer(peer, { end, view: name, path: `${path}.${field}[${i}]`, namespace: document.namespace, report }),
        ),
      ),
      anyOf(ports.map((port, i) => readPort(port, name, `${path}.ports[${i}]`, report))),
    ]);
  return {
    index,
    position: { file: document.file, line: rule.line, column: rule.column },
    effect: 'allow',
    check: view('check'),
    network: view('network'),
    http: undefined,
  };
}

type View = 'check' | 'network';

/** No alternatives at all: no condition. */
function anyOf(parts: readonly Expr[]): Expr {
  return parts.length === 0 ? allOf([]) : { op: 'any', of: parts };
}

interface PeerContext {
  readonly end: 'source' | 'destination';
  readonly view: View;
  readonly path: string;
  readonly namespace: string;
  readonly report: Reporter;
}

function readPeer(peer: Value, context: PeerContext): Expr {
  const { end, path, namespace, report, view } = context;
  const block = mapAt(peer, 'ipBlock');
  const pods = mapAt(peer, 'podSelector');
  const namespaces = mapAt(peer, 'namespaceSelector');
  if (block !== undefined) {
    if (pods ?? namespaces)
      say(context, peer, 'ip-block-exclusive', path, 'ipBlock cannot stand beside a selector', 'make two peers of it');
    return readBlock(block, context);
  }
  if (pods === undefined && namespaces === undefined) {
    say(
      context,
      peer,
      'peer-empty',
      path,
      'the peer has nothing in it',
      'add podSelector, namespaceSelector or ipBlock',
    );
    return anyOfNone;
  }
  const podExpr: LabelExpr[] = [
    isPod,
    ...(pods === undefined
      ? []
      : [readLabelSelector(pods, `${path}.podSelector`, view === 'check' ? report : silentReporter)]),
  ];
  const nsExpr =
    namespaces &&
    readLabelSelector(namespaces, `${path}.namespaceSelector`, view === 'check' ? report : silentReporter);
  const where: LabelExpr[] =
    nsExpr === undefined
      ? [{ op: 'in', key: NAMESPACE, values: [namespace] }]
      : [{ op: 'has', key: NAMESPACE }, withKeyPrefix(nsExpr, 'pcns.')];
  const set: Expr = {
    op: 'endpoint',
    end,
    selector: { op: 'all', of: [...podExpr, ...where] },
    byHops: view === 'network',
  };
  if (view === 'network') return set;
  return allOf([
    set,
    { op: 'identity', end, ...(nsExpr === undefined ? { ownNamespace: namespace } : { namespace: nsExpr }) },
  ]);
}

const anyOfNone: Expr = { op: 'any', of: [] };

function say(
  { view, report }: { view: View; report: Reporter },
  place: Value,
  code: FindingCode,
  path: string,
  message: string,
  fix: string,
): void {
  if (view === 'check') report.error(place, code, path, message, fix);
}

function readBlock(block: MapValue, context: PeerContext): Expr {
  const { end, path } = context;
  const cidr = fieldOf(block, 'cidr');
  const net = cidr?.is === 'text' ? readBlockNet(cidr, `${path}.ipBlock.cidr`, context) : 'is missing';
  if (typeof net === 'string') {
    say(
      context,
      cidr ?? block,
      'net-invalid',
      `${path}.ipBlock.cidr`,
      `${JSON.stringify(textAt(block, 'cidr') ?? '')} ${net}`,
      'write address/bits, e.g. 10.0.0.0/8',
    );
    return anyOfNone;
  }
  const except = textsAt(block, 'except').flatMap((value, i) => {
    const at = `${path}.ipBlock.except[${i}]`;
    const read = readBlockNet(value, at, context);
    if (typeof read === 'string')
      say(context, value, 'net-invalid', at, `${JSON.stringify(value.text)} ${read}`, 'write address/bits');
    else if (!isRangeWithin(read.text, net.text) || isRangeWithin(net.text, read.text))
      say(
        context,
        value,
        'except-outside',
        at,
        `${value.text} does not lie within ${net.text}, or is all of it`,
        'except only parts of the block',
      );
    else return [read];
    return [];
  });
  const inside: Expr = { op: 'address', fact: end, any: [net], unmap: true };
  return except.length === 0
    ? inside
    : allOf([inside, { op: 'not', of: { op: 'address', fact: end, any: except, unmap: true } }]);
}

/** Kubernetes takes host bits, and does not look at them. */
function readBlockNet(
  value: Value & { readonly is: 'text' },
  path: string,
  { view, report }: PeerContext,
): Cidr | string {
  if (!hasHostBits(value.text)) return readNet(value.text);
  if (view === 'check') warnOfHostBits(value, path, report);
  return { text: value.text };
}

function readPort(port: Value, view: View, path: string, report: Reporter): Expr {
  const written = fieldOf(port, 'port');
  const end = fieldOf(port, 'endPort');
  const protocol: Expr = { op: 'protocol', any: [protocolNumber(fieldOf(port, 'protocol')) ?? 6] };
  if (written === undefined) {
    if (end !== undefined)
      say({ view, report }, end, 'end-port-alone', `${path}.endPort`, 'endPort needs port', 'add port');
    return protocol;
  }
  if (written.is === 'text') {
    if (view === 'check') checkPortName(written, written.text, `${path}.port`, report);
    if (end !== undefined)
      say(
        { view, report },
        end,
        'end-port-named',
        `${path}.endPort`,
        'endPort needs a numeric port',
        'write the port as a number',
      );
    // Calico's checker knows no named ports: such a rule never allows a peer there.
    return view === 'check'
      ? anyOfNone
      : allOf([protocol, { op: 'namedPort', end: 'destination', name: written.text }]);
  }
  const from = written.is === 'number' ? Number(written.text) : -1;
  const to = end?.is === 'number' ? Number(end.text) : from;
  if (!(from >= 1 && from <= to && to <= 65535)) {
    say(
      { view, report },
      written,
      'port-invalid',
      path,
      `ports ${from} to ${to} are no range within 1 to 65535`,
      from > to ? 'write the smaller port first' : 'write ports from 1 to 65535',
    );
    return anyOfNone;
  }
  return allOf([protocol, { op: 'port', fact: 'destinationPort', any: [{ from, to }] }]);
}
