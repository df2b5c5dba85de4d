/**
 * Headers: repeated, empty, merged, pseudo, odd names and bytes.
 * @module
 */
import type { Case, Request } from '../case.ts';
import { bothWays, corner, deny, when } from './corner.ts';

// biome-ignore format: a table
const values = ['*', 'a', 'A', 'a*', '*a', '*,*', 'a,b', 'a, b', 'b', '*b', '\u00e9', '*\u00e9', 'a b', '**', 'a*b', '.*', ' ', ' a', 'a ', '[a]', '\t', '"a"'];
// biome-ignore format: a table
const lines: readonly (readonly string[])[] = [
  [], [''], ['a'], ['A'], ['b'], ['a,b'], ['a, b'], ['a , b'], ['a', 'b'], ['b', 'a'], ['', 'a'], ['a', ''], ['', ''], ['a', 'a'], [' a '], ['\ta'], ['a\t'], ['a b'], ['\xc3\xa9'], ['a\xc3\xa9'], ['\xe9'], ['\xff\xfe'], [','], [',a'], ['a,'], ['a;b'], ['"a"'], ['a=b'], ['a*b'], ['*'], ['[a]'], ['a'.repeat(8000)], ['a', 'b', 'c', 'd'],
];
// biome-ignore format: a table
const names = ['x-a', 'X-A', 'accept', 'via', 'user-agent', 'content-type', 'authorization', 'cookie', 'x-forwarded-proto', 'x-envoy-external-address', 'x-request-id', 'referer', 'origin', 'accept-language', 'x-forwarded-host', 'te', 'x-forwarded-client-cert', 'x_a', 'x.a', 'grpc-timeout', 'x-envoy-original-path', 'cache-control', 'range', 'pragma', 'x-envoy-internal'];

// biome-ignore format: a table
const carrying = (name: string, more: Omit<Request, 'headers'> = {}): Request[] =>
  lines.map((each) => ({ ...more, headers: each.map((value) => [name, value] as const) }));
const distinct = (requests: readonly Request[]): Request[] =>
  requests.filter(({ headers }) => (headers?.length ?? 0) < 2);

// biome-ignore format: a table
const pseudo = [':path', ':method', ':authority', ':scheme', ':status', ':protocol', 'host', 'Host', ':Path', 'x-a]', '[x-a', 'x a', '\u00e9'];

// biome-ignore format: a table
export const headerCorners: readonly Case[] = [
  ...values.flatMap((value, i) => [
    ...bothWays(`value-${i}`, when('request.headers[x-a]', [value]), [...carrying('x-a'), ...carrying('X-A', { h2: true })]),
    ...bothWays(`not-value-${i}`, when('request.headers[X-a]', undefined, [value]), carrying('x-a')),
    ...bothWays(`both-${i}`, when('request.headers[x-a]', ['a*'], [value]), carrying('x-a')),
    ...bothWays(`joined-${i}`, when('request.headers[x-a]', [value]), distinct(carrying('x-a')), { rawHeaders: false }),
  ]),
  ...names.flatMap((name, i) =>
    ['*', 'a', 'a,b', '*b', 'a*'].flatMap((value, j) => [
      ...bothWays(`name-${i}-${j}`, when(`request.headers[${name}]`, [value]), [...carrying(name), ...carrying(name, { h2: true })]),
    ]),
  ),
  ...pseudo.flatMap((name, i) =>
    ['*', '/', 'GET', 'example.com', 'http', 'https', '/*'].flatMap((value, j) =>
      bothWays(`pseudo-${i}-${j}`, when(`request.headers[${name}]`, [value]), [
        {}, { h2: true }, { path: '/?x=1' }, { headers: [['host', 'other.example']] }, { h2: true, headers: [['host', 'other.example']] }, { headers: [['x-forwarded-proto', 'https']] },
        { headers: [['x-forwarded-proto', 'HTTPS']] }, { headers: [['x-forwarded-proto', 'ftp']] }, { identity: { name: 'no-cert', noCert: true } }, { identity: { name: 'no-cert', noCert: true }, h2: true, headers: [['x-forwarded-proto', 'http']] },
      ]),
    ),
  ),
  corner('no-name', [deny(when('request.headers[x-a]', ['a'], ['b']), when('request.headers[x-b]', undefined, ['*']))], [...carrying('x-a'), ...carrying('x-b')]),
];
