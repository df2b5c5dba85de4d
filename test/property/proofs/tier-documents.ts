/**
 * Random documents of tiers: network policies of Kubernetes, those of its administrators, and Calico's with theirs.
 * @module
 */
import type { Chance } from '../../reference/calico-random.ts';
import { accounts, type Fields, keys, labels, namespaces } from './vocabulary.ts';

const nets = ['10.0.0.0/24', '10.0.0.0/30', '10.0.0.2/32', '198.18.0.0/16', '192.0.2.0/24'];
const paths = ['/', '/a', '/a/', '/a/b', '/ab'];

/** A few policies, their tiers and network sets. */
export function tierDocuments(chance: Chance): Fields[] {
  const calico = (kind: string, metadata: Fields, spec: Fields): Fields => ({
    ...{ apiVersion: 'projectcalico.org/v3', kind, metadata, spec },
  });
  return [
    calico('Tier', { name: 'sec' }, { order: 100, ...(chance.odds(0.4) && { defaultAction: 'Pass' }) }),
    calico('Tier', { name: 'late' }, { order: 3_000_000, ...(chance.odds(0.4) && { defaultAction: 'Pass' }) }),
    calico('GlobalNetworkSet', { name: 'g', labels: labels(chance) }, { nets: ['198.18.0.0/24', '192.0.2.7'] }),
    calico('NetworkSet', { name: 's', namespace: 'shop', labels: labels(chance) }, { nets: ['198.18.0.9/32'] }),
    ...Array.from({ length: 1 + chance.below(5) }, (_, i) =>
      chance.of([calicoPolicy, calicoPolicy, calicoPolicy, networkPolicy, networkPolicy, clusterPolicy])(chance, i),
    ),
  ];
}

function selector(chance: Chance, depth = 1): string {
  const key = chance.of(keys);
  const value = (): string => `'${chance.of(['x', 'y', 'xy'])}'`;
  const one = chance.of([
    ...[`${key} == ${value()}`, `${key} != ${value()}`, `has(${key})`, `!has(${key})`, 'all()'],
    ...[`${key} in {${value()}, ${value()}}`, `${key} starts with ${value()}`],
  ]);
  if (depth === 0 || chance.odds(0.6)) return one;
  return `(${one}) ${chance.of(['&&', '||'])} (${selector(chance, depth - 1)})`;
}

function entity(chance: Chance): Fields {
  return {
    ...(chance.odds(0.35) && { selector: selector(chance) }),
    ...(chance.odds(0.12) && { notSelector: selector(chance, 0) }),
    ...(chance.odds(0.25) && { namespaceSelector: chance.of(['global()', 'all()', selector(chance, 0)]) }),
    ...(chance.odds(0.25) && {
      serviceAccounts: {
        ...(chance.odds(0.7) && { names: chance.some(accounts, 2) }),
        ...(chance.odds(0.4) && { selector: selector(chance, 0) }),
      },
    }),
    ...(chance.odds(0.2) && { nets: chance.some(nets, 2) }),
    ...(chance.odds(0.12) && { notNets: chance.some(nets, 1) }),
  };
}

/** Callers of a Service, or the Service that is called: with no other selector beside it. */
const behind = (chance: Chance): Fields => ({ services: { name: 'front', namespace: chance.of(namespaces) } });

function calicoRule(chance: Chance, direction: 'ingress' | 'egress'): Fields {
  const action = chance.of(['Allow', 'Allow', 'Allow', 'Deny', 'Pass', 'Log']);
  const hasHttp = action === 'Allow' && direction === 'ingress' && chance.odds(0.4);
  const other = direction === 'ingress' ? 'source' : 'destination';
  const ofService = chance.odds(0.12);
  const hasProtocol = !ofService && chance.odds(0.5);
  const protocol = hasHttp ? 'TCP' : chance.of<unknown>(['TCP', 'UDP', 'SCTP', 6, 17]);
  const ports = hasProtocol &&
    chance.odds(0.6) && {
      [chance.of(['ports', 'notPorts'])]: chance.some<unknown>([80, '80:443', 8080, 'http', 53], 2),
    };
  const ends: Record<string, Fields> = {
    source: chance.odds(0.6) ? entity(chance) : {},
    destination: { ...(chance.odds(0.35) && entity(chance)), ...ports },
  };
  if (ofService) ends[other] = behind(chance);
  return {
    action,
    ...(hasProtocol && { protocol }),
    ...Object.fromEntries(Object.entries(ends).filter(([, end]) => Object.keys(end).length > 0)),
    ...(hasHttp && {
      http: {
        ...(chance.odds(0.6) && { methods: [...new Set(chance.some(['GET', 'POST'], 2))] }),
        ...(chance.odds(0.6) && {
          paths: chance.some(paths, 2).map((path) => ({ [chance.of(['exact', 'prefix'])]: path })),
        }),
      },
    }),
  };
}

function calicoPolicy(chance: Chance, i: number): Fields {
  const [isGlobal, isStaged] = [chance.odds(0.4), chance.odds(0.15)];
  const rules = (direction: 'ingress' | 'egress'): Fields[] =>
    Array.from({ length: chance.below(4) }, () => calicoRule(chance, direction));
  return {
    apiVersion: 'projectcalico.org/v3',
    kind: `${isStaged ? 'Staged' : ''}${isGlobal ? 'Global' : ''}NetworkPolicy`,
    metadata: { name: `c${i}`, ...(!isGlobal && { namespace: chance.of(namespaces) }) },
    spec: {
      tier: chance.of(['default', 'default', 'sec', 'late']),
      ...(chance.odds(0.7) && { order: chance.of([0.5, 10, 10, 20]) }),
      ...(chance.odds(0.6) && { selector: selector(chance) }),
      ...(chance.odds(0.2) && {
        serviceAccountSelector: chance.of([selector(chance, 0), "projectcalico.org/name == 'web'"]),
      }),
      ...(isGlobal && chance.odds(0.3) && { namespaceSelector: selector(chance, 0) }),
      ...(isStaged && { stagedAction: 'Set' }),
      ingress: rules('ingress'),
      ...(chance.odds(0.3) && { egress: rules('egress') }),
      ...(chance.odds(0.2) && { types: chance.of([['Ingress'], ['Egress'], ['Ingress', 'Egress']]) }),
    },
  };
}

function podSelector(chance: Chance): Fields {
  const operator = chance.of(['In', 'NotIn', 'Exists', 'DoesNotExist']);
  const values = operator.endsWith('In') && { values: chance.some(['x', 'y'], 2) };
  return {
    ...(chance.odds(0.5) && { matchLabels: { [chance.of(keys)]: chance.of(['x', 'y']) } }),
    ...(chance.odds(0.3) && { matchExpressions: [{ key: chance.of(keys), operator, ...values }] }),
  };
}

function networkPolicy(chance: Chance, i: number): Fields {
  const peer = (): Fields => {
    const block = { cidr: chance.of(nets), ...(chance.odds(0.3) && { except: [] }) };
    const form = chance.of(['block', 'pods', 'namespaces', 'both']);
    if (form === 'block') return { ipBlock: block };
    return {
      ...(form !== 'namespaces' && { podSelector: podSelector(chance) }),
      ...(form !== 'pods' && { namespaceSelector: podSelector(chance) }),
    };
  };
  const port = (): Fields => ({
    ...(chance.odds(0.5) && { protocol: chance.of(['TCP', 'UDP', 'SCTP']) }),
    ...chance.of<Fields>([{}, { port: 80 }, { port: 80, endPort: 443 }, { port: 'http' }, { port: 'dns' }]),
  });
  const rules = (peers: 'from' | 'to'): Fields[] =>
    Array.from({ length: chance.below(3) }, () => ({
      ...(chance.odds(0.8) && { [peers]: Array.from({ length: chance.below(3) }, peer) }),
      ...(chance.odds(0.6) && { ports: Array.from({ length: chance.below(3) }, port) }),
    }));
  const isStaged = chance.odds(0.12);
  return {
    apiVersion: isStaged ? 'projectcalico.org/v3' : 'networking.k8s.io/v1',
    kind: isStaged ? 'StagedKubernetesNetworkPolicy' : 'NetworkPolicy',
    metadata: { namespace: chance.of(namespaces), name: `n${i}` },
    spec: {
      podSelector: podSelector(chance),
      policyTypes: chance.of([['Ingress'], ['Egress'], ['Ingress', 'Egress']]),
      ingress: rules('from'),
      ...(chance.odds(0.4) && { egress: rules('to') }),
      ...(isStaged && { stagedAction: 'Set' }),
    },
  };
}

function clusterPolicy(chance: Chance, i: number): Fields {
  const peer = (): Fields =>
    chance.of<() => Fields>([
      () => ({ namespaces: podSelector(chance) }),
      () => ({ pods: { namespaceSelector: podSelector(chance), podSelector: podSelector(chance) } }),
    ])();
  const port = chance.of<Fields>([
    { tcp: { destinationPort: { number: 80 } } },
    { udp: { destinationPort: { range: { start: 50, end: 60 } } } },
    { destinationNamedPort: 'http' },
  ]);
  const rule = (peers: 'from' | 'to'): Fields => ({
    action: chance.of(['Accept', 'Deny', 'Pass']),
    [peers]: [peer(), ...(peers === 'to' && chance.odds(0.3) ? [{ networks: chance.some(nets, 1) }] : [])],
    ...(chance.odds(0.5) && { protocols: [port] }),
  });
  return {
    apiVersion: 'policy.networking.k8s.io/v1alpha2',
    kind: 'ClusterNetworkPolicy',
    metadata: { name: `k${i}` },
    spec: {
      tier: chance.of(['Admin', 'Baseline']),
      priority: chance.below(3),
      subject: chance.of<() => Fields>([
        () => ({ namespaces: podSelector(chance) }),
        () => ({ pods: { namespaceSelector: podSelector(chance), podSelector: podSelector(chance) } }),
      ])(),
      ingress: Array.from({ length: chance.below(3) }, () => rule('from')),
      ...(chance.odds(0.4) && { egress: Array.from({ length: chance.below(3) }, () => rule('to')) }),
    },
  };
}
