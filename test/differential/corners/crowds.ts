/**
 * Many rules and many policies at once: which one decides, and whether an index finds what a walk finds.
 * @module
 */
import type { Case, Request } from '../case.ts';
import { authorization, corner, named, plain, type RuleSpec, tokens } from './corner.ts';

// biome-ignore format: a table
const paths = [
  '/', '/a', '/a/b', '/a/b/c', '/ab', '/abc', '/b', '/b/a', '/b/b/b', '/x.json', '/a/x.json', '/A', '/a//b', '/a/', '/c/1/d', '/c/2/d', '/c/1/d/e', '/c//d',
];
// biome-ignore format: a table
const patterns = [
  '/a', '/a*', '/a/*', '*/b', '*b', '*.json', '/c/{*}/d', '/c/{**}', '/{*}', '/{**}/d', '*', '/b/b*', '/', '/*', '/A', '/{*}/{*}', '/x*', '*/', '/abc', '/ab*',
];
const names = ['foo/sa/a', 'foo/sa/b', 'bar/sa/a', 'bar/sa/b', 'foo-bar/sa/a'].map(
  (name) => `cluster.local/ns/${name}`,
);
const callers = [plain, ...names.map((name) => named(`spiffe://${name}`)), named('spiffe://td.example/ns/foo/sa/a')];
const requests: readonly Request[] = paths.flatMap((path) => callers.map((identity): Request => ({ path, identity })));

const byPath: readonly RuleSpec[] = patterns.map((path) => ({ to: [{ operation: { paths: [path] } }] }));
// biome-ignore format: a table
const sources: readonly object[] = [
  { principals: [names[0]] }, { principals: ['cluster.local/ns/foo/*'] }, { principals: ['*/sa/a'] }, { namespaces: ['foo'] }, { namespaces: ['foo*'] }, { notNamespaces: ['bar'] }, { serviceAccounts: ['foo/a', 'bar/b'] }, { trustDomains: ['td.example'] }, { notPrincipals: ['*'] }, { principals: ['*'] },
];
const byBoth = sources.flatMap((from) =>
  patterns.map((path): RuleSpec => ({ from: [{ source: from }], to: [{ operation: { paths: [path] } }] })),
);
const grouped = <T>(some: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(some.length / size) }, (_, i) => some.slice(i * size, (i + 1) * size));
const written = (action: string, groups: readonly (readonly RuleSpec[])[], meta: object = {}): string[] =>
  groups.map((rules, i) => authorization({ action, rules }, { name: `${action.toLowerCase()}-${i}`, ...meta }));
const turned = <T>(some: readonly T[], by: number): readonly T[] => [...some.slice(by), ...some.slice(0, by)];

const jwt = (issuer: string, meta: object, more: object = {}): string =>
  tokens([{ issuer, jwks: '{"keys":[{"kty":"oct","k":"AAAA"}]}', ...more }], { name: issuer, ...meta });
const junk: Request[] = [
  {},
  { headers: [['authorization', 'Bearer x']] },
  { headers: [['x-jwt', 'x']] },
  { headers: [['authorization', 'Bearer a.b.c']] },
];

export const crowdCorners: readonly Case[] = [
  ...Array.from({ length: 20 }, (_, by) => corner(`paths-${by}`, written('ALLOW', [turned(byPath, by)]), requests)),
  ...Array.from({ length: 10 }, (_, by) => corner(`both-${by}`, written('ALLOW', [turned(byBoth, by * 20)]), requests)),
  ...Array.from({ length: 10 }, (_, by) =>
    corner(
      `many-${by}`,
      [
        ...written('ALLOW', grouped(turned(byBoth, by * 17), 7)),
        ...written(
          'DENY',
          grouped(
            turned(byBoth, by * 31).filter((__, i) => i % 23 === 0),
            2,
          ),
        ),
      ],
      requests,
    ),
  ),
  ...Array.from({ length: 10 }, (_, by) =>
    corner(
      `root-${by}`,
      [
        ...written('ALLOW', grouped(turned(byBoth, by * 13), 40), { namespace: 'istio-system' }),
        ...written('ALLOW', grouped(turned(byPath, by), 3)),
        ...written('AUDIT', [byPath]),
      ],
      requests,
    ),
  ),
  ...Array.from({ length: 10 }, (_, by) =>
    corner(
      `dry-${by}`,
      [
        ...written('ALLOW', [turned(byBoth, by * 11).slice(0, 40)]),
        ...written('DENY', [turned(byBoth, by * 19).slice(0, 30)], { annotations: { 'istio.io/dry-run': 'true' } }),
      ],
      requests,
    ),
  ),
  corner('jwt-root-and-local', [jwt('a', { namespace: 'istio-system' }), jwt('b', {})], junk),
  corner('jwt-root', [jwt('a', { namespace: 'istio-system' })], junk),
  corner('jwt-elsewhere', [jwt('a', { namespace: 'bar' })], junk),
  corner('jwt-none', [tokens([])], junk),
  corner('jwt-twice', [jwt('a', {}), jwt('a', { name: 'again' }, { fromHeaders: [{ name: 'x-jwt' }] })], junk),
];
