/**
 * Random Kubernetes network policies, pods and connections.
 */
import { Chance } from './calico-random.ts';
import type { Connection } from './kubernetes.ts';

type Fields = Record<string, unknown>;

const namespaces = ['a', 'b', 'c'];
const keys = ['app', 'zone'];
const values = ['x', 'y'];

function labels(chance: Chance): Record<string, string> {
  return Object.fromEntries(keys.filter(() => chance.odds(0.6)).map((key) => [key, chance.of(values)]));
}

function selector(chance: Chance): Fields {
  const out: Fields = {};
  if (chance.odds(0.5)) out['matchLabels'] = { [chance.of(keys)]: chance.of(values) };
  if (chance.odds(0.4)) {
    const operator = chance.of(['In', 'NotIn', 'Exists', 'DoesNotExist']);
    out['matchExpressions'] = [
      { key: chance.of(keys), operator, ...(operator.endsWith('In') ? { values: chance.some(values, 2) } : {}) },
    ];
  }
  return out;
}

function peer(chance: Chance): Fields {
  if (chance.odds(0.25)) {
    const cidr = chance.of(['10.0.0.0/24', '10.0.0.0/29', '0.0.0.0/0']);
    return { ipBlock: { cidr, ...(chance.odds(0.4) ? { except: ['10.0.0.2/32', '10.0.0.4/31'] } : {}) } };
  }
  const form = chance.of(['pods', 'namespaces', 'both']);
  return {
    ...(form === 'namespaces' ? {} : { podSelector: selector(chance) }),
    ...(form === 'pods' ? {} : { namespaceSelector: selector(chance) }),
  };
}

function port(chance: Chance): Fields {
  const protocol = chance.odds(0.5) ? {} : { protocol: chance.of(['TCP', 'UDP', 'SCTP']) };
  return {
    ...protocol,
    ...chance.of<Fields>([{}, { port: 80 }, { port: 80, endPort: 90 }, { port: 'http' }, { port: 443 }]),
  };
}

function rule(chance: Chance, peers: 'from' | 'to'): Fields {
  const out: Fields = {};
  if (chance.odds(0.8)) out[peers] = Array.from({ length: chance.below(3) }, () => peer(chance));
  if (chance.odds(0.6)) out['ports'] = Array.from({ length: chance.below(3) }, () => port(chance));
  return out;
}

function policy(chance: Chance, i: number): Fields {
  const spec: Fields = { podSelector: selector(chance) };
  if (chance.odds(0.4)) spec['policyTypes'] = chance.of([['Ingress'], ['Egress'], ['Ingress', 'Egress']]);
  if (chance.odds(0.8)) spec['ingress'] = Array.from({ length: chance.below(3) }, () => rule(chance, 'from'));
  if (chance.odds(0.4)) spec['egress'] = Array.from({ length: chance.below(3) }, () => rule(chance, 'to'));
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace: chance.of(namespaces), name: `p${i}` },
    spec,
  };
}

export interface KubernetesWorld {
  readonly policies: readonly Fields[];
  readonly registry: readonly Fields[];
  readonly connections: readonly (Connection & { readonly from: string; readonly to: string })[];
}

/** A world with `count` connections; `from` and `to` are the principals of both ends, empty for one from outside. */
export function randomKubernetesWorld(seed: number, count: number): KubernetesWorld {
  const chance = new Chance(seed);
  const pods = Array.from({ length: 7 }, (_, i) => ({
    namespace: chance.of(namespaces),
    address: `10.0.0.${i + 1}`,
    account: `sa-${i}`,
  }));
  const registry: Fields[] = [
    ...namespaces.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: labels(chance) } })),
    ...pods.map(({ namespace, address, account }, i) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace, name: `pod-${i}`, labels: labels(chance) },
      spec: {
        serviceAccountName: account,
        containers: [{ name: 'c', ports: [{ name: 'http', containerPort: chance.of([80, 443]), protocol: 'TCP' }] }],
      },
      status: { phase: 'Running', podIPs: [{ ip: address }] },
    })),
  ];
  const idOf = ({ namespace, account }: (typeof pods)[number]): string =>
    `spiffe://cluster.local/ns/${namespace}/sa/${account}`;
  const connections = Array.from({ length: count }, () => {
    const from = chance.odds(0.85) ? chance.of(pods) : undefined;
    const others = pods.filter((pod) => pod !== from);
    const to = chance.of(others);
    return {
      source: from?.address ?? '203.0.113.9',
      from: from ? idOf(from) : '',
      destination: to.address,
      to: idOf(to),
      port: chance.of([80, 85, 443]),
      protocol: chance.odds(0.85) ? ('TCP' as const) : ('UDP' as const),
    };
  });
  return { policies: Array.from({ length: 1 + chance.below(5) }, (_, i) => policy(chance, i)), registry, connections };
}
