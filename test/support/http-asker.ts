/**
 * Asks the real Check in this process as a proxy asks over HTTP, and by gRPC too: for the same, the same verdict.
 * @module
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type CheckDeps, createCheck, createHttpCheck } from '../../src/authz/check.ts';
import type { Caller } from '../../src/authz/destination/destination.ts';
import { createHttpQuestions } from '../../src/authz/http/http-questions.ts';
import { createTokenVerifier } from '../../src/authz/jwt/verifier.ts';
import type { QuestionOptions } from '../../src/authz/question.ts';
import { CheckCounters } from '../../src/authz/record/counters.ts';
import { DecisionRing, type RingEntry } from '../../src/authz/record/ring.ts';
import { type DecisionState, nothingRevoked } from '../../src/authz/state.ts';
import { CheckRequestSchema, CheckResponseSchema } from '../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';
import { createWatchable } from '../../src/lib/watchable.ts';
import { compileSnapshot } from '../../src/policy/compile/compile-snapshot.ts';
import type { PolicyModel } from '../../src/policy/model.ts';
import type { BundleSet } from '../../src/spiffe/bundle.ts';

/** Names and values, in order; several of a name are several lines. */
export type Lines = readonly (readonly [name: string, value: string])[];

/** What became of a question. */
export interface HttpVerdict {
  readonly status: number;
  readonly reason: string;
  readonly headers: ReadonlyMap<string, string>;
  /** As it was recorded. */
  readonly entry: RingEntry;
}

export interface HttpAsker {
  ask(url: string, lines: Lines, method?: string): HttpVerdict;
  /** The same Check, asked by Envoy over gRPC; answers whether it allows. */
  allows(request: object): boolean;
}

export interface HttpAskerOptions extends Partial<QuestionOptions> {
  readonly bundles?: BundleSet;
  readonly nowMs?: number;
  readonly caller?: Caller;
}

/** Creates it over a model. */
export function httpAsker(model: PolicyModel, given: HttpAskerOptions = {}): HttpAsker {
  const { bundles, nowMs = Date.now(), caller = { local: true }, ...question } = given;
  const options: CheckDeps['options'] = {
    workloads: [],
    clients: [],
    trustedHops: 0,
    ownPrefixes: ['spiffe://cluster.local/'],
    verifyPeer: 'off',
    peerTrustDomains: 'any',
    ambiguousRequests: 'asUpstream',
    ...question,
  };
  const ring = new DecisionRing({ size: 16 });
  const deps: CheckDeps = {
    state: createWatchable<DecisionState | undefined>({
      snapshot: compileSnapshot(model, { allowEmpty: true }),
      keySets: { generation: 1, sets: new Map() },
      revocations: nothingRevoked,
      bundles,
    }),
    ...{ options, ring, verifyTokens: createTokenVerifier(), counters: new CheckCounters() },
    clock: { now: () => nowMs },
    onError: (thrown) => {
      throw thrown;
    },
  };
  const [check, httpCheck, write] = [createCheck(deps), createHttpCheck(deps), createHttpQuestions(options)];
  return {
    ask(url, lines, method = 'GET') {
      const answer = httpCheck(write({ url, method, rawHeaders: lines.flat() }), caller);
      const pairs = answer.headers.flatMap((name, i, all) =>
        i % 2 === 0 ? [[name.toLowerCase(), all[i + 1]!] as const] : [],
      );
      const entry = ring.drain(1).entries[0]!;
      return { status: answer.status, reason: entry.decision.reason, headers: new Map(pairs), entry };
    },
    allows(request) {
      const answer = check(toBinary(CheckRequestSchema, create(CheckRequestSchema, request)), caller);
      ring.drain(1);
      return fromBinary(CheckResponseSchema, answer).status?.code === 0;
    },
  };
}

/** What each proxy says of a request, as its printed configuration makes it. */
export interface Spoken {
  readonly method?: string;
  readonly uri?: string;
  readonly host?: string;
  readonly scheme?: string;
  /** PEM, or none. */
  readonly certificate?: string;
  readonly sni?: string;
  readonly source?: string;
  readonly destination?: string;
  readonly headers?: Lines;
}

/** Asks in the way of each proxy; answers the URL, the method and the header lines. */
export const speakers: Readonly<Record<string, (spoken: Spoken) => { url: string; method?: string; lines: Lines }>> = {
  nginx: ({ certificate, headers = [], ...spoken }) => ({
    url: '/check/nginx/default/details',
    lines: [
      ...headers,
      ['Host', spoken.host ?? 'details'],
      ['X-Gatehouse-Method', spoken.method ?? 'GET'],
      ['X-Gatehouse-Uri', spoken.uri ?? '/'],
      ['X-Gatehouse-Scheme', spoken.scheme ?? 'https'],
      ['X-Gatehouse-Certificate', `=${escaped(certificate)}`],
      ['X-Gatehouse-Verified', `=${certificate === undefined ? 'NONE' : 'SUCCESS'}`],
      ...places(spoken),
    ],
  }),
  caddy: ({ certificate, headers = [], ...spoken }) => ({
    url: '/check/caddy/default/details?',
    lines: [
      ...headers,
      ['Host', spoken.host ?? 'details'],
      ...forwarded(spoken),
      ['X-Gatehouse-Certificate', `=${base64(certificate)}`],
      ...places(spoken),
    ],
  }),
  traefik: ({ certificate, headers = [], ...spoken }) => ({
    url: '/check/traefik/default/details',
    lines: [
      ...headers,
      ['Host', '127.0.0.1'],
      ...forwarded(spoken),
      ['X-Forwarded-Port', '443'],
      ['X-Forwarded-Server', 'edge'],
      ['X-Gatehouse-Verified', 'pem'],
      ...(certificate === undefined ? [] : [['X-Forwarded-Tls-Client-Cert', base64(certificate)] as const]),
    ],
  }),
  haproxy: ({ certificate, headers = [], ...spoken }) => ({
    url: '/check/haproxy/default/details',
    lines: [
      ...headers,
      ['host', spoken.host ?? 'details'],
      ['x-gatehouse-method', spoken.method ?? 'GET'],
      ['x-gatehouse-uri', spoken.uri ?? '/'],
      ['x-gatehouse-certificate', `=${base64(certificate)}`],
      ...places(spoken),
    ],
  }),
  envoy: ({ certificate, headers = [], ...spoken }) => ({
    url: `/check/envoy/default/details${spoken.uri ?? '/'}`,
    method: spoken.method ?? 'GET',
    lines: [
      ['host', spoken.host ?? 'details'],
      ['content-length', '0'],
      ...headers,
      ['x-gatehouse-headers', 'x-forwarded-for,x-role'],
      ['x-gatehouse-workload', 'default/details'],
      ['x-gatehouse-certificate', `=${escaped(certificate)}`],
      ...places(spoken),
    ],
  }),
};

const places = ({ sni = 'details', source = '10.0.0.9:40000', destination = '10.0.0.1:443' }: Spoken): Lines => [
  ['X-Gatehouse-Sni', `=${sni}`],
  ['X-Gatehouse-Source', source],
  ['X-Gatehouse-Destination', destination],
];

const forwarded = ({ method = 'GET', uri = '/', host = 'details', source = '10.0.0.9:40000' }: Spoken): Lines => [
  ['X-Forwarded-Method', method],
  ['X-Forwarded-Uri', uri],
  ['X-Forwarded-Host', host],
  ['X-Forwarded-Proto', 'https'],
  ['X-Forwarded-For', source.slice(0, source.lastIndexOf(':'))],
];

const escaped = (pem: string | undefined): string => (pem === undefined ? '' : encodeURIComponent(pem));
const base64 = (pem: string | undefined): string => (pem ?? '').replace(/-----[^-]+-----|\s/g, '');
