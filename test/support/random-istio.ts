/**
 * Random policies of Istio, as documents, and requests that come near to them.
 * @module
 */
import fc from 'fast-check';
import type { NativeRequest } from './native-envoy.ts';

const some = (few: readonly string[], many: (i: number) => string) =>
  fc.array(fc.oneof(fc.constantFrom(...few), fc.nat(60).map(many)), { maxLength: 2 });

const arbitraryRule = fc.record({
  principals: some(['cluster.local/ns/b/*', '*'], (i) => (i === 0 ? '*/sa/z' : `cluster.local/ns/a/sa/s${i}`)),
  namespaces: some(['a'], (i) => `n${i % 7}`),
  methods: some(['GET', 'POST', 'P*'], () => 'PUT'),
  paths: some(['/a', '/a/*', '*/z', '*'], (i) => `/p${i}${i % 2 === 0 ? '' : '/*'}`),
  hosts: some(['a.com'], (i) => `h${i}.com`),
  notPaths: some(['/a/b/c'], (i) => `/p${i}/x`),
  tags: some(['1', '3*'], (i) => `t${i}`),
});

type RuleValues = typeof arbitraryRule extends fc.Arbitrary<infer T> ? T : never;

const arbitraryPolicy = fc.record({
  action: fc.constantFrom('ALLOW', 'ALLOW', 'ALLOW', 'DENY'),
  rules: fc.array(arbitraryRule, { minLength: 1, maxLength: 2 }),
});

/** Documents of one namespace, one JSON text each, named `p-<index>`: the same ones for the same seed. */
export function randomIstio(seed: number, count: number, namespace: string): readonly string[] {
  return fc.sample(arbitraryPolicy, { numRuns: count, seed }).map(({ action, rules }, i) =>
    JSON.stringify({
      ...{ apiVersion: 'security.istio.io/v1', kind: 'AuthorizationPolicy' },
      metadata: { name: `p-${i}`, namespace },
      spec: { action, rules: rules.map(istioRule) },
    }),
  );
}

function istioRule({ principals, namespaces, methods, paths, hosts, notPaths, tags }: RuleValues): object {
  const filled = (fields: object) => Object.fromEntries(Object.entries(fields).filter(([, { length }]) => length > 0));
  const source = filled({ principals, namespaces });
  const operation = filled({ methods, paths, hosts, notPaths });
  return {
    ...(Object.keys(source).length === 0 ? {} : { from: [{ source }] }),
    ...(Object.keys(operation).length === 0 ? {} : { to: [{ operation }] }),
    ...(tags.length === 0 ? {} : { when: [{ key: 'request.headers[x-tag]', values: tags }] }),
  };
}

/** Names in certificates, one list a caller; an empty one has none. */
export const randomCallers: readonly { readonly uris: readonly string[]; readonly dnsNames: readonly string[] }[] = [
  ...Array.from({ length: 8 }, (_, i) => ({ uris: [`spiffe://cluster.local/ns/a/sa/s${i * 7}`], dnsNames: [] })),
  { uris: ['spiffe://cluster.local/ns/b/sa/z'], dnsNames: [] },
  { uris: ['spiffe://cluster.local/ns/n3/sa/q'], dnsNames: [] },
  { uris: ['spiffe://other.td/ns/a/sa/s1'], dnsNames: [] },
  { uris: ['spiffe://cluster.local/ns/a/sa/s1', 'spiffe://cluster.local/ns/b/sa/z'], dnsNames: [] },
  { uris: ['spiffe://cluster.local/ns/a/sa/s2'], dnsNames: ['spiffe://cluster.local/ns/b/sa/z'] },
  { uris: [], dnsNames: ['a.com'] },
  { uris: [], dnsNames: [] },
];

/** Requests near such policies: repeated header lines, queries, capitals and odd paths among them. */
export const arbitraryRequest: fc.Arbitrary<NativeRequest> = fc.record({
  method: fc.constantFrom('GET', 'GET', 'POST', 'PUT', 'PATCH', 'OPTIONS'),
  path: fc.oneof(
    fc.constantFrom('/a', '/a/', '/a/b/c', '/a/z', '/x/z', '/', '/a?x=1', '//a', '/a/../p1/y', '/%61', '/a;v=1'),
    fc.nat(60).map((i) => `/p${i}`),
    fc.nat(60).map((i) => `/p${i}/x`),
    fc.nat(60).map((i) => `/p${i}/y?q=/z`),
  ),
  host: fc.oneof(
    fc.constantFrom('a.com', 'A.com', 'a.com:80'),
    fc.nat(60).map((i) => `h${i}.com`),
  ),
  headers: fc
    .array(
      fc.oneof(
        fc.constantFrom('1', '3x', '1,3x', ''),
        fc.nat(60).map((i) => `t${i}`),
      ),
      { maxLength: 2 },
    )
    .map((values) => values.map((value) => ['x-tag', value] as const)),
});
