/**
 * Random Calico and Kubernetes policies, registries and requests, small alphabets so that matches are frequent.
 */
import { create, toBinary } from '@bufbuild/protobuf';
import { AttributeContext_PeerSchema } from '../../src/gen/envoy/service/auth/v3/attribute_context_pb.ts';
import { CheckRequestSchema } from '../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';
import type { CalicoRequest } from './calico.ts';

/** A seeded source of choices (mulberry32): the same seed, the same world. */
export class Chance {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  below(n: number): number {
    return Math.floor(this.next() * n);
  }
  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }
  some<T>(values: readonly T[], most: number): T[] {
    return Array.from({ length: 1 + this.below(most) }, () => this.of(values));
  }
  odds(chance: number): boolean {
    return this.next() < chance;
  }
}

type Fields = Record<string, unknown>;

const namespaces = ['a', 'b', 'c'];
const accounts = ['default', 'web', 'api'];
const keys = ['app', 'zone', 'ver'];
const values = ['x', 'y', 'xy'];
const paths = ['/', '/api', '/api/', '/api/v1', '/apix', '/pub'];
const asked = [...paths, '/api//v1', '/api/../pub', '/api%2fv1', '/%252e', '/api;x/v1', '/pub?a=/api', 'api', '*'];
const nets = ['10.0.0.0/24', '10.0.0.0/29', '10.0.0.8/30', '198.18.0.0/16', 'fd00::/64', '10.0.0.3/32'];

function labels(chance: Chance): Record<string, string> {
  return Object.fromEntries(keys.filter(() => chance.odds(0.6)).map((key) => [key, chance.of(values)]));
}

function selector(chance: Chance, depth = 2): string {
  const key = chance.of(keys);
  const value = () => `"${chance.of(values)}"`;
  const simple = () =>
    chance.of([
      `${key} == ${value()}`,
      `${key} != ${value()}`,
      `has(${key})`,
      `!has(${key})`,
      'all()',
      `${key} in {${value()}, ${value()}}`,
      `${key} not in {${value()}}`,
      `${key} contains ${value()}`,
      `${key} starts with ${value()}`,
      `${key} ends with ${value()}`,
    ]);
  if (depth === 0 || chance.odds(0.5)) return simple();
  return `${chance.odds(0.2) ? '!' : ''}(${selector(chance, depth - 1)} ${chance.of(['&&', '||'])} ${selector(chance, depth - 1)})`;
}

function entity(chance: Chance): Fields {
  const out: Fields = {};
  if (chance.odds(0.35)) out['selector'] = selector(chance);
  if (chance.odds(0.15)) out['notSelector'] = selector(chance);
  if (chance.odds(0.25))
    out['namespaceSelector'] = chance.odds(0.3) ? chance.of(['global()', 'all()', '!all()']) : selector(chance, 1);
  if (chance.odds(0.25))
    out['serviceAccounts'] = {
      ...(chance.odds(0.7) ? { names: chance.some(accounts, 2) } : {}),
      ...(chance.odds(0.5) ? { selector: selector(chance, 1) } : {}),
    };
  const v4 = nets.filter((net) => !net.includes(':'));
  if (chance.odds(0.2)) out['nets'] = chance.some(v4, 2);
  if (chance.odds(0.15)) out['notNets'] = chance.some(v4, 2);
  return out;
}

function rule(chance: Chance, direction: string): Fields {
  const action = chance.of(['Allow', 'Allow', 'Deny', 'Pass', 'Log']);
  const out: Fields = { action };
  if (chance.odds(0.7)) out['source'] = entity(chance);
  if (chance.odds(0.4)) out['destination'] = entity(chance);
  const http = action === 'Allow' && direction === 'ingress' && chance.odds(0.4);
  if (http) {
    const written = {
      ...(chance.odds(0.6) ? { methods: [...new Set(chance.some(['GET', 'POST', '*'], 2))] } : {}),
      ...(chance.odds(0.6)
        ? { paths: chance.some(paths, 3).map((path) => ({ [chance.of(['exact', 'prefix'])]: path })) }
        : {}),
    };
    out['http'] = written;
  }
  if (chance.odds(0.5)) {
    out['protocol'] = http ? chance.of(['TCP', 6]) : chance.of(['TCP', 'UDP', 6]);
    const destination = (out['destination'] ?? {}) as Fields;
    if (chance.odds(0.5))
      out['destination'] = {
        ...destination,
        [chance.of(['ports', 'notPorts'])]: chance.some<unknown>([80, '80:90', 443, '1000:2000', 'http'], 2),
      };
  } else if (chance.odds(0.15)) out['notProtocol'] = chance.of(['UDP', 'TCP']);
  return out;
}

function policy(chance: Chance, i: number): Fields {
  const global = chance.odds(0.4);
  const staged = chance.odds(0.1);
  const rules = (direction: string): Fields[] => Array.from({ length: chance.below(4) }, () => rule(chance, direction));
  const spec: Fields = { tier: chance.of(['default', 'default', 'sec', 'net', 'missing']), ingress: rules('ingress') };
  if (chance.odds(0.7)) spec['order'] = chance.of([-1, 0.5, 10, 10, 20]);
  if (chance.odds(0.6)) spec['selector'] = selector(chance, 1);
  if (chance.odds(0.2))
    spec['serviceAccountSelector'] = chance.of([selector(chance, 1), 'projectcalico.org/name == "web"']);
  if (global && chance.odds(0.3))
    spec['namespaceSelector'] = chance.of([selector(chance, 1), 'projectcalico.org/name in {"a", "b"}']);
  if (chance.odds(0.2)) spec['egress'] = rules('egress');
  if (chance.odds(0.2)) spec['types'] = chance.of([['Ingress'], ['Egress'], ['Ingress', 'Egress']]);
  if (staged) spec['stagedAction'] = 'Set';
  return {
    apiVersion: 'projectcalico.org/v3',
    kind: `${staged ? 'Staged' : ''}${global ? 'Global' : ''}NetworkPolicy`,
    metadata: { name: `${chance.of(['p', 'p-a', 'q'])}${i}`, ...(global ? {} : { namespace: chance.of(namespaces) }) },
    spec,
  };
}

export interface RandomWorld {
  readonly policies: readonly Fields[];
  readonly registry: readonly Fields[];
  readonly requests: readonly CalicoRequest[];
}

/** A world with `count` requests. */
export function randomWorld(seed: number, count: number): RandomWorld {
  const chance = new Chance(seed);
  const pods = Array.from({ length: 8 }, (_, i) => ({
    namespace: chance.of(namespaces),
    account: chance.of(accounts),
    addresses: [`10.0.0.${i + 1}`, ...(chance.odds(0.3) ? [`fd00::${i + 1}`] : [])],
  }));
  const registry: Fields[] = [
    ...namespaces.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: labels(chance) } })),
    ...namespaces.flatMap((namespace) =>
      accounts.map((name) => ({
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { namespace, name, labels: labels(chance) },
      })),
    ),
    ...pods.map(({ namespace, account, addresses }, i) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace, name: `pod-${i}`, labels: labels(chance) },
      spec: { serviceAccountName: account, containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 80 }] }] },
      status: { phase: 'Running', podIPs: addresses.map((ip) => ({ ip })) },
    })),
  ];
  const policies: Fields[] = [
    { apiVersion: 'projectcalico.org/v3', kind: 'Tier', metadata: { name: 'sec' }, spec: { order: 100 } },
    {
      apiVersion: 'projectcalico.org/v3',
      kind: 'Tier',
      metadata: { name: 'net' },
      spec: { order: chance.of([100, 2_000_000]), defaultAction: 'Pass' },
    },
    {
      apiVersion: 'projectcalico.org/v3',
      kind: 'GlobalNetworkSet',
      metadata: { name: 'g', labels: labels(chance) },
      spec: { nets: ['198.18.0.0/24', '198.18.1.1'] },
    },
    {
      apiVersion: 'projectcalico.org/v3',
      kind: 'NetworkSet',
      metadata: { name: 's', namespace: 'a', labels: labels(chance) },
      spec: { nets: ['198.18.1.2/32', '198.18.2.0/24'] },
    },
    ...Array.from({ length: 1 + chance.below(7) }, (_, i) => policy(chance, i)),
  ];
  const requests = Array.from({ length: count }, (): CalicoRequest => {
    const from = chance.odds(0.75) ? chance.of(pods) : undefined;
    const to = chance.of(pods);
    const principal =
      from && chance.odds(0.85)
        ? `spiffe://cluster.local/ns/${from.namespace}/sa/${from.account}`
        : chance.of([
            '',
            'spiffe://other/ns/a/sa/web',
            'spiffe://cluster.local/ns/zz/sa/web',
            'spiffe://cluster.local/x',
            'CN=x',
          ]);
    return {
      source: {
        address: from
          ? chance.of(from.addresses)
          : chance.of(['198.18.0.7', '198.18.1.1', '198.18.1.2', '203.0.113.5', '::ffff:10.0.0.3']),
        port: 40_000,
        principal,
        labels: chance.odds(0.1) ? labels(chance) : {},
      },
      destination: {
        address: to.addresses[0]!,
        port: chance.of([80, 85, 443, 1500]),
        principal: `spiffe://cluster.local/ns/${to.namespace}/sa/${to.account}`,
        labels: {},
      },
      protocol: chance.odds(0.9) ? 6 : 17,
      http: chance.odds(0.85) ? { method: chance.of(['GET', 'POST', 'get']), path: chance.of(asked) } : undefined,
    };
  });
  return { policies, registry, requests };
}

/** The request as Envoy would send it. */
export function checkRequestOf({ source, destination, protocol, http }: CalicoRequest): Uint8Array {
  const peer = (end: CalicoRequest['source']) =>
    create(AttributeContext_PeerSchema, {
      address: {
        address: {
          case: 'socketAddress',
          value: {
            address: end.address,
            protocol: protocol === 17 ? 1 : 0,
            portSpecifier: { case: 'portValue', value: end.port },
          },
        },
      },
      principal: end.principal,
      labels: end.labels,
    });
  return toBinary(
    CheckRequestSchema,
    create(CheckRequestSchema, {
      attributes: {
        source: peer(source),
        destination: peer(destination),
        ...(http === undefined
          ? {}
          : { request: { http: { method: http.method, path: http.path, host: 'svc', headers: {} } } }),
      },
    }),
  );
}
