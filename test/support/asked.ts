/**
 * Asks the real Check in this process about policies written as YAML or JSON.
 * @module
 */
import { create, fromBinary, toBinary, toJsonString } from '@bufbuild/protobuf';
import { CandidateComparison } from '../../src/authz/candidate/comparison.ts';
import { createCheck } from '../../src/authz/check.ts';
import { createTokenVerifier } from '../../src/authz/jwt/verifier.ts';
import type { QuestionOptions } from '../../src/authz/question.ts';
import { CheckCounters } from '../../src/authz/record/counters.ts';
import { DecisionRing } from '../../src/authz/record/ring.ts';
import { type DecisionState, type KeySets, nothingRevoked } from '../../src/authz/state.ts';
import { CheckRequestSchema, CheckResponseSchema } from '../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';
import { createWatchable } from '../../src/lib/watchable.ts';
import { compileSnapshot } from '../../src/policy/compile/compile-snapshot.ts';
import { loadPolicies } from '../../src/policy/load.ts';
import type { PolicyModel } from '../../src/policy/model.ts';
import { readPolicies } from '../../src/policy/read-policies.ts';
import type { BundleSet } from '../../src/spiffe/bundle.ts';
import { tokenDeps } from '../differential/token-deps.ts';

/** A request to `foo/reviews`, whose workload has the labels `app: reviews`. Absent: nobody's GET of `/`. */
export interface Asked {
  readonly tcp?: boolean;
  /** Names as Envoy would choose one: the first. */
  readonly principal?: string;
  /** URL-encoded PEM. */
  readonly certificate?: string;
  readonly method?: string;
  readonly path?: string;
  readonly host?: string;
  /** Raw lines, in order; names in lower case. */
  readonly lines?: readonly (readonly [name: string, value: string | Uint8Array])[];
  readonly source?: string;
  readonly port?: number;
  readonly sni?: string;
}

export interface Told {
  readonly allowed: boolean;
  readonly status: number;
  readonly body: string;
  readonly reason: string;
  readonly policy: string | undefined;
}

export interface Asker {
  ask(asked: Asked): Told;
  /** What goes to the client or on to the workload, whole, as text. */
  answerTo(asked: Asked): string;
  readonly counters: CheckCounters;
  /** What was counted of `candidate`. */
  readonly comparison: CandidateComparison;
}

export interface AskerOptions extends Partial<QuestionOptions> {
  readonly aliases?: readonly string[];
  readonly keySets?: KeySets;
  /** Absent: none are known. */
  readonly bundles?: BundleSet;
  /** Documents that are asked beside. */
  readonly candidate?: readonly string[];
}

/** The keys that stand in documents themselves. */
export async function inlineKeySets(documents: readonly string[]): Promise<KeySets> {
  return (await tokenDeps(modelOf(documents, []))).keySets;
}

function modelOf(documents: readonly string[], aliases: readonly string[]): PolicyModel {
  const mesh = {
    trustDomain: 'cluster.local',
    trustDomainAliases: aliases,
    rootNamespace: 'istio-system',
    customProviders: {},
  };
  const files = documents.map((text, i) => readPolicies(`${i}.yaml`, text, mesh));
  const { model, findings } = loadPolicies(files, {
    generation: 1,
    absence: 'upstream',
    rootNamespace: mesh.rootNamespace,
  });
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('; '));
  return model;
}

/** Loads documents. @throws Error that lists the errors, if one is refused */
export function asker(documents: readonly string[], options: AskerOptions = {}): Asker {
  const { aliases = [], keySets = { generation: 1, sets: new Map() }, bundles, candidate, ...question } = options;
  const counters = new CheckCounters();
  const comparison = new CandidateComparison({
    ...{ hasSome: true, begin: () => false, take: () => undefined, overran: () => undefined },
  });
  const compile = (some: readonly string[]) => compileSnapshot(modelOf(some, aliases), { allowEmpty: true });
  const check = createCheck({
    state: createWatchable<DecisionState | undefined>({
      snapshot: compile(documents),
      ...(candidate && { candidate: { number: 1, snapshot: compile(candidate) } }),
      keySets,
      revocations: nothingRevoked,
      bundles,
    }),
    options: {
      workloads: [],
      clients: [],
      trustedHops: 0,
      ownPrefixes: ['cluster.local', ...aliases].map((trustDomain) => `spiffe://${trustDomain}/`),
      verifyPeer: 'off',
      peerTrustDomains: 'any',
      ambiguousRequests: 'asUpstream',
      ...question,
    },
    verifyTokens: createTokenVerifier(),
    ring: new DecisionRing({ size: 16 }),
    counters,
    candidate: comparison,
    clock: { now: () => Date.now() },
    onError: (thrown) => {
      throw thrown;
    },
  });
  const bytesOf = (asked: Asked) => check(toBinary(CheckRequestSchema, message(asked)), { local: true });
  return {
    counters,
    comparison,
    ask: (asked) => told(bytesOf(asked)),
    answerTo: (asked) =>
      toJsonString(CheckResponseSchema, {
        ...fromBinary(CheckResponseSchema, bytesOf(asked)),
        dynamicMetadata: undefined,
      }),
  };
}

function message(asked: Asked) {
  const { principal = '', certificate = '', source = '10.1.5.6', port = 8080, sni = '' } = asked;
  return create(CheckRequestSchema, {
    attributes: {
      source: { principal, certificate, address: socketAddress(source, 40_000) },
      destination: {
        principal: 'spiffe://cluster.local/ns/foo/sa/reviews',
        labels: { app: 'reviews' },
        address: socketAddress('10.64.0.1', port),
      },
      ...(sni !== '' && { tlsSession: { sni } }),
      ...(asked.tcp !== true && { request: { http: http(asked) } }),
    },
  });
}

const socketAddress = (address: string, port: number) => ({
  address: {
    case: 'socketAddress' as const,
    value: { address, portSpecifier: { case: 'portValue' as const, value: port } },
  },
});

function http({ method = 'GET', path = '/', host = 'example.com', lines = [] }: Asked) {
  const pseudo = [
    [':authority', host],
    [':method', method],
    [':path', path],
    [':scheme', 'http'],
  ] as const;
  const headers = [...pseudo, ...lines].map(([key, value]) => ({
    key,
    rawValue: typeof value === 'string' ? Buffer.from(value, 'latin1') : value,
  }));
  return { id: '1', method, path, host, scheme: 'http', headerMap: { headers } };
}

function told(bytes: Uint8Array): Told {
  const { status, httpResponse, dynamicMetadata } = fromBinary(CheckResponseSchema, bytes);
  const denied = httpResponse.case === 'deniedResponse' ? httpResponse.value : undefined;
  const ours = (dynamicMetadata?.['gatehouse'] ?? {}) as { reason?: string; policy?: string }; // the contract's own shape
  return {
    allowed: status?.code === 0 && httpResponse.case === 'okResponse',
    status: denied === undefined ? 200 : (denied.status?.code ?? 0),
    body: denied?.body ?? '',
    reason: ours.reason ?? '',
    policy: ours.policy,
  };
}
