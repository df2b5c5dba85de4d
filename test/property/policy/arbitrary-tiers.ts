/**
 * Small worlds of tiers and AuthorizationPolicies over three pods, as documents, and every request that there is between the pods.
 * @module
 */
import fc from 'fast-check';
import type { RequestForm } from '../../../src/admin-api/request-form.ts';
import { pod } from '../../support/lint-world.ts';

const apps = ['a', 'b', 'c'] as const;
const pods = apps.map((app, i) => ({ app, name: app, address: `10.0.${i}.1` }));
export const registry = pods.map(({ name, address }) => pod(name, address));
const ports = [80, 81, 90] as const;
const some = <T>(all: readonly T[]) => fc.subarray([...all], { minLength: 1 });

const arbitraryRule = fc.record({
  action: fc.constantFrom('Allow', 'Deny', 'Pass'),
  callers: fc.option(some(apps)),
  nets: fc.option(some(['10.0.0.0/24', '10.0.0.0/16', '10.0.1.1/32'])),
  notNets: fc.option(some(['10.0.0.1/32'])),
  ports: fc.option(some([80, 81, '80:81', '81:90', 90])),
});
export const arbitraryTiered = fc.record({
  tier: fc.constantFrom('sec', 'default'),
  order: fc.constantFrom(1, 2, 3),
  selects: fc.option(some(apps)),
  direction: fc.constantFrom('ingress', 'ingress', 'egress'),
  rules: fc.array(arbitraryRule, { minLength: 1, maxLength: 3 }),
});
export const arbitraryIstio = fc.record({
  action: fc.constantFrom('ALLOW', 'DENY'),
  namespace: fc.constantFrom('shop', 'istio-system'),
  methods: fc.option(some(['GET', 'PUT'])),
  paths: fc.option(some(['/a*', '/a/b', '*b'])),
  ports: fc.option(some(['80', '81'])),
  callers: fc.option(some(apps)),
});
type Made<A> = A extends fc.Arbitrary<infer T> ? T : never;

const set = (values: readonly string[]): string => `app in { ${values.map((one) => `'${one}'`).join(', ')} }`;

export const tieredDocument = (
  { tier, order, selects, direction, rules }: Made<typeof arbitraryTiered>,
  i: number,
): object => ({
  apiVersion: 'projectcalico.org/v3',
  kind: 'GlobalNetworkPolicy',
  metadata: { name: `p${i}` },
  spec: {
    ...{ tier, order, selector: selects === null ? 'all()' : set(selects) },
    types: [direction === 'egress' ? 'Egress' : 'Ingress'],
    [direction]: rules.map(({ action, callers, nets, notNets, ports: asked }) => ({
      ...{ action, protocol: 'TCP' },
      source: {
        ...(callers !== null && { selector: set(callers), namespaceSelector: 'all()' }),
        ...(nets !== null && { nets }),
        ...(notNets !== null && { notNets }),
      },
      destination: { ...(asked !== null && { ports: asked }) },
    })),
  },
});

export const istioDocument = (
  { action, namespace, methods, paths, ports: asked, callers }: Made<typeof arbitraryIstio>,
  i: number,
): object => {
  const operation = {
    ...(methods !== null && { methods }),
    ...(paths !== null && { paths }),
    ...(asked !== null && { ports: asked }),
  };
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: `i${i}`, namespace },
    spec: {
      action,
      rules: [
        {
          ...(Object.keys(operation).length > 0 && { to: [{ operation }] }),
          ...(callers !== null && {
            from: callers.map((one) => ({ source: { principals: [`cluster.local/ns/shop/sa/${one}`] } })),
          }),
        },
      ],
    },
  };
};

export const tier = { apiVersion: 'projectcalico.org/v3', kind: 'Tier', metadata: { name: 'sec' }, spec: { order: 1 } };

export const everyRequest: readonly RequestForm[] = pods.flatMap((to) =>
  pods
    .filter((from) => from !== to)
    .flatMap((from) =>
      ports.flatMap((port) =>
        ['GET', 'PUT'].flatMap((method) =>
          ['/a/b', '/a', '/b', '/c'].map((path): RequestForm => {
            const principal = (name: string): string => `spiffe://cluster.local/ns/shop/sa/${name}`;
            return {
              source: { principal: principal(from.name), address: from.address, port: 40_000 },
              destination: { principal: principal(to.name), address: to.address, port },
              http: { method, path },
            };
          }),
        ),
      ),
    ),
);
