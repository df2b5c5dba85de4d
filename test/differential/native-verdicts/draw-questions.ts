/**
 * Draws what is asked: callers, requests and connections that come near to the policies.
 * @module
 */
import fc from 'fast-check';
import type { NativeRequest } from '../../support/native-envoy.ts';

/** Names in certificates; an empty one has none. */
export interface DrawnCaller {
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  /** Of the subject; absent: one that says nothing. */
  readonly commonName?: string;
  /** Certified by somebody whom Envoy believes and Gatehouse does not know. */
  readonly isForeign?: true;
}

const plain = (uri: string): DrawnCaller => ({ uris: [`spiffe://${uri}`], dnsNames: [] });

/** All of them, by their index. */
export const drawnCallers: readonly DrawnCaller[] = [
  ...[0, 1, 4, 8, 13, 21, 28].map((i) => plain(`cluster.local/ns/a/sa/s${i}`)),
  plain('cluster.local/ns/b/sa/z'),
  plain('cluster.local/ns/n3/sa/q'),
  plain('cluster.local/other/path'),
  ...[3, 7, 11].map((i) => plain(`old.td/ns/a/sa/s${i}`)),
  plain('old.td/ns/b/sa/z'),
  plain('other.td/ns/a/sa/s1'),
  { uris: ['spiffe://cluster.local/ns/a/sa/s1', 'spiffe://cluster.local/ns/b/sa/z'], dnsNames: [] },
  { uris: ['spiffe://cluster.local/ns/b/sa/z', 'spiffe://old.td/ns/a/sa/s3'], dnsNames: ['a.com'] },
  { uris: ['spiffe://cluster.local/ns/a/sa/s4'], dnsNames: ['spiffe://cluster.local/ns/b/sa/z'] },
  { uris: ['spiffe://cluster.local/ns/a/sa/s8'], dnsNames: ['b.com'] },
  { uris: [], dnsNames: ['a.com'] },
  { uris: [], dnsNames: [] },
  plain('cluster.local/x/ns/a/sa/s1'),
  plain('cluster.local/ns/ns/sa/a'),
  { ...plain('cluster.local/ns/a/sa/s8'), commonName: '/ns/b/sa/z' },
  { ...plain('cluster.local/ns/a/sa/s1'), isForeign: true },
];

/** Where a caller is: at its pod's address, at that of another, at nobody's, behind a hop. */
export type From = 'own' | 'second' | 'other' | 'nobody' | 'hop';

/** One question; what does not concern the place that it is put to is not looked at. */
export interface Question {
  readonly place: number;
  /** Index of the caller; undefined: no certificate. */
  readonly caller: number | undefined;
  readonly isHttp2: boolean;
  readonly from: From;
  /** Index of the caller that is at the place's address where it comes from another's. */
  readonly other: number;
  /** Indices of the address and of the port that are asked for. */
  readonly to: readonly [address: number, port: number];
  /** Calls a gateway from its own machine. */
  readonly isOfMachine: boolean;
  readonly serverName: string;
  readonly request: NativeRequest;
  /** Names of tokens by header, and what a proxy wrote of the client. */
  readonly tokens: readonly (readonly [header: string, token: string])[];
  readonly forwarded: string | undefined;
}

const request: fc.Arbitrary<NativeRequest> = fc.record({
  method: fc.constantFrom('GET', 'GET', 'GET', 'POST', 'PUT', 'PATCH', 'OPTIONS'),
  path: fc.oneof(
    fc.constantFrom('/a', '/a/', '/a/b/c', '/a/z', '/x/z', '/', '/a?x=1'),
    fc.constantFrom('//a', '/a/../p1/y', '/%61', '/a;v=1', '/a/./b/c', '/a%2Fb', '/a/b/c?/z'),
    fc.nat(30).map((i) => `/p${i}`),
    fc.nat(30).map((i) => `/p${i}/x`),
    fc.nat(30).map((i) => `/p${i}/y?q=/z`),
  ),
  host: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('a.com', 'a.com', 'A.com', 'a.com:80', 'b.org') },
    { weight: 3, arbitrary: fc.nat(30).map((i) => `h${i}.com`) },
  ),
  headers: fc
    .tuple(
      fc.oneof(
        { weight: 5, arbitrary: fc.constant([]) },
        {
          weight: 4,
          arbitrary: fc.tuple(
            fc.oneof(
              fc.constantFrom('1', '3x', ''),
              fc.nat(30).map((i) => `t${i}`),
            ),
          ),
        },
        { weight: 2, arbitrary: fc.tuple(fc.constantFrom('1', '3x', '1,3x'), fc.constantFrom('t1', 't2', '1', 'zx')) },
      ),
      fc.constantFrom(undefined, undefined, undefined, undefined, 'u1'),
    )
    .map(([values, user]: readonly [readonly string[], string | undefined]) => [
      ...values.map((value) => ['x-tag', value] as const),
      ...(user === undefined ? [] : [['x-user', user] as const]),
    ]),
});

/** Some without a path. */
const anyRequest = fc.oneof(
  { weight: 200, arbitrary: request },
  { weight: 1, arbitrary: request.map((each) => ({ ...each, method: 'OPTIONS', path: '*' })) },
);

/** @param weights  of the places. @param tokens  names of tokens */
export function arbitraryQuestion(weights: readonly number[], tokens: readonly string[]): fc.Arbitrary<Question> {
  const token = fc.constantFrom(...tokens);
  const oneCaller = fc.nat(drawnCallers.length - 1);
  return fc.record({
    place: fc.oneof(...weights.map((weight, i) => ({ weight, arbitrary: fc.constant(i) }))),
    caller: fc.oneof({ weight: 5, arbitrary: oneCaller }, { weight: 1, arbitrary: fc.constant(undefined) }),
    isHttp2: fc.boolean(),
    from: fc.oneof(
      { weight: 24, arbitrary: fc.constant<From>('own') },
      { weight: 4, arbitrary: fc.constantFrom<From>('second', 'other', 'nobody', 'hop') },
    ),
    other: oneCaller,
    to: fc.oneof(
      { weight: 10, arbitrary: fc.constant([0, 0] as const) },
      { weight: 3, arbitrary: fc.tuple(fc.nat(2), fc.nat(2)) },
    ),
    isOfMachine: fc.nat(3).map((n) => n === 0),
    serverName: fc.constantFrom('a.com', 'b.org', 'b.com', ''),
    request: anyRequest,
    tokens: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 5, arbitrary: token.map((each) => [['authorization', each] as const]) },
      { weight: 2, arbitrary: token.map((each) => [['x-jwt', each] as const]) },
      {
        weight: 1,
        arbitrary: fc.tuple(token, token).map(([a, b]) => [['authorization', a] as const, ['x-jwt', b] as const]),
      },
    ),
    forwarded: fc.option(
      fc.constantFrom(
        '10.1.2.3',
        '192.0.2.7',
        '203.0.113.1, 10.1.2.3',
        '10.1.2.3, 203.0.113.1',
        '10.1.2.3:80',
        '::1',
        'x',
        '10.0.0.1, 192.0.2.1, 127.0.0.1',
      ),
      { nil: undefined },
    ),
  });
}
