/**
 * Every byte, in every place that a client can fill.
 * @module
 */
import type { Case, Request } from '../case.ts';
import { bothWays, named, operation, source, when } from './corner.ts';

const bytes = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));
const escapes = bytes.flatMap((byte) => {
  const hex = byte.charCodeAt(0).toString(16).padStart(2, '0');
  return [`%${hex}`, `%${hex.toUpperCase()}`];
});
const both = (request: Request): Request[] => [request, { ...request, h2: true }];

const inPath: readonly Request[] = [...bytes, ...escapes].flatMap((byte) => both({ path: `/t/${byte}/x` }));
const atEnd: readonly Request[] = [...bytes, ...escapes].map((byte) => ({ path: `/t/a${byte}` }));
const inHeader: readonly Request[] = bytes.flatMap((byte) => both({ headers: [['x-a', `a${byte}b`]] }));
const inHost: readonly Request[] = bytes.flatMap((byte) => both({ host: `a${byte}b.example` }));
const inQuery: readonly Request[] = bytes.map((byte) => ({ path: `/t/x?a${byte}b` }));
const inName: readonly Request[] = bytes.map((byte) => ({
  identity: named(`spiffe://cluster.local/ns/foo/sa/s${byte}p`),
}));
const inNamespace: readonly Request[] = bytes.map((byte) => ({
  identity: named(`spiffe://cluster.local/ns/f${byte}o/sa/sp`),
}));
const inDns: readonly Request[] = bytes.map((byte) => ({
  identity: { name: `dns:${byte}`, dns: [`s${byte}p/ns/foo/x`] },
}));

// biome-ignore format: a table
export const byteCorners: readonly Case[] = [
  ...['/t/{*}/x', '/t/{**}', '/{**}/x', '/t/{*}/{**}', '/t/*', '*/x', '*'].flatMap((path, i) => bothWays(`path-${i}`, operation({ paths: [path] }), inPath)),
  ...['/t/{*}', '/t/{**}', '/t/a*', '/t/a'].flatMap((path, i) => bothWays(`end-${i}`, operation({ paths: [path] }), atEnd)),
  ...['/t/x', '/t/{*}', '/t/*'].flatMap((path, i) => bothWays(`query-${i}`, operation({ paths: [path] }), inQuery)),
  ...['/t/x*', '*b', '/t/x?a*'].flatMap((path, i) => bothWays(`whole-${i}`, when('request.headers[:path]', [path]), inQuery)),
  ...['*', 'a*', '*b', 'a*b', 'ab'].flatMap((value, i) => bothWays(`header-${i}`, when('request.headers[x-a]', [value]), inHeader)),
  ...['*', 'a*', '*b.example', 'A*', '*B.EXAMPLE', 'ab.example'].flatMap((host, i) => bothWays(`host-${i}`, operation({ hosts: [host] }), inHost)),
  ...['*', '*p', 'cluster.local/ns/foo/sa/s*', 'cluster.local/*'].flatMap((value, i) => bothWays(`principal-${i}`, source({ principals: [value] }), [...inName, ...inDns])),
  ...['*', 'foo', 'f*o', 'f*', '*o'].flatMap((value, i) => bothWays(`namespace-${i}`, source({ namespaces: [value] }), [...inNamespace, ...inName, ...inDns])),
  ...['foo/sp', 'sp'].flatMap((value, i) => bothWays(`account-${i}`, source({ serviceAccounts: [value] }), [...inNamespace, ...inName])),
  ...['*', 'cluster.local', 'c*'].flatMap((value, i) => bothWays(`trust-domain-${i}`, source({ trustDomains: [value] }), bytes.map((byte) => ({ identity: named(`spiffe://cl${byte}ster.local/ns/foo/sa/x`) })))),
];
