/**
 * Random policies of Istio, as documents.
 * @module
 */
import fc from 'fast-check';

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
