/**
 * Plays recorded verdicts against the real Check, in this process.
 * @module
 */
import { fromBinary } from '@bufbuild/protobuf';
import { createCheck } from '../../src/authz/check.ts';
import type { VerifyTokens } from '../../src/authz/jwt/token-outcome.ts';
import type { QuestionOptions } from '../../src/authz/question.ts';
import { CheckCounters } from '../../src/authz/record/counters.ts';
import { DecisionRing } from '../../src/authz/record/ring.ts';
import type { DecisionState, KeySets } from '../../src/authz/state.ts';
import {
  CheckRequestSchema,
  type CheckResponse,
  CheckResponseSchema,
} from '../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';
import { createWatchable } from '../../src/lib/watchable.ts';
import { compileSnapshot } from '../../src/policy/compile/compile-snapshot.ts';
import type { PolicyModel } from '../../src/policy/model.ts';
import { createNativePlayer } from './native-player.ts';
import type { Vector, WorldSettings } from './world.ts';

/** Where an answer is not the recorded one. */
export interface Difference {
  readonly vector: Vector;
  readonly what: 'status' | 'body' | 'www-authenticate' | 'by' | 'dry-run' | 'native';
  readonly expected: string;
  readonly got: string;
}

export interface PlayDeps {
  readonly verifyTokens: VerifyTokens;
  readonly keySets: KeySets;
}

/** Plays vectors; returns every difference. Bodies and headers count for HTTP only. */
export function play(
  vectors: readonly Vector[],
  model: PolicyModel,
  settings: Pick<WorldSettings, 'xff_num_trusted_hops' | 'trust_domain' | 'trust_domain_aliases'>,
  { verifyTokens, keySets }: PlayDeps,
): Difference[] {
  const state: DecisionState = {
    snapshot: compileSnapshot(model, { allowEmpty: true }),
    keySets,
    revocations: { sequence: 0, spiffeIds: new Set(), serials: new Set(), spkis: new Set() },
    bundles: undefined,
  };
  let nowMs = 0;
  const options: QuestionOptions = {
    workloads: [],
    clients: [],
    trustedHops: settings.xff_num_trusted_hops,
    ownPrefixes: [],
    verifyPeer: 'off',
    peerTrustDomains: 'any',
    ambiguousRequests: 'asUpstream',
  };
  const native = createNativePlayer(model, state, options, settings, verifyTokens);
  const check = createCheck({
    state: createWatchable<DecisionState | undefined>(state),
    options,
    verifyTokens,
    ring: new DecisionRing({ size: 16 }),
    counters: new CheckCounters(),
    clock: { now: () => nowMs },
    onError: (thrown) => {
      throw thrown;
    },
  });
  return vectors.flatMap((vector) => {
    const bytes = Buffer.from(vector.check, 'base64');
    nowMs = recordedAt(bytes);
    const answer = fromBinary(CheckResponseSchema, check(bytes, { local: true }));
    const inTree = native(bytes, nowMs);
    const isWrong = inTree !== undefined && inTree !== (vector.status === 200);
    const wrong: Difference = { vector, what: 'native', expected: String(vector.status), got: String(inTree) };
    return [...differences(vector, answer), ...(isWrong ? [wrong] : [])];
  });
}

function differences(vector: Vector, answer: CheckResponse): Difference[] {
  const out: Difference[] = [];
  const compare = (what: Difference['what'], expected: string | undefined, got: string): void => {
    if (expected !== undefined && expected !== got) out.push({ vector, what, expected, got });
  };
  const denied = answer.httpResponse.case === 'deniedResponse' ? answer.httpResponse.value : undefined;
  const status = answer.status?.code === 0 ? 200 : (denied?.status?.code ?? 403);
  compare('status', String(vector.status), String(status));
  const gatehouse = (answer.dynamicMetadata?.['gatehouse'] ?? {}) as Metadata; // our own, as the contract has it
  const isToken = vector.details?.startsWith('jwt_authn') === true;
  if (vector.by !== undefined && !isToken) compare('by', plainName(vector.by), byOf(gatehouse));
  const deniedInShadow = vector.shadow?.['istio_dry_run_deny_shadow_engine_result'] === 'denied';
  if (deniedInShadow && !isToken) compare('dry-run', 'deny', gatehouse.dry_run?.decision ?? '');
  if (vector.kind === 'tcp') return out;
  if (status !== 200) compare('body', vector.body, denied?.body ?? '');
  if (status !== 200 && vector.status !== 200) {
    const header = denied?.headers.find((option) => option.header?.key === 'www-authenticate')?.header?.value ?? '';
    compare('www-authenticate', vector.www_authenticate ?? '', header);
  }
  return out;
}

/** Istio files a CUSTOM policy under its provider, and says in its name if it denies because nobody can be asked. */
const plainName = (by: string): string =>
  by.replace(/^istio-ext-authz-.*?(?=ns\[)/, '').replace(/-deny-due-to-bad-CUSTOM-action$/, '');

/** Tokens expire: the time of a question is the one that Envoy wrote into it. */
function recordedAt(bytes: Uint8Array): number {
  const seconds = fromBinary(CheckRequestSchema, bytes).attributes?.request?.time?.seconds;
  return Number(seconds ?? 0n) * 1000;
}

interface Named {
  readonly policy?: string;
  readonly rule?: number;
}

interface Metadata extends Named {
  readonly reason?: string;
  readonly audit?: Named;
  readonly dry_run?: { readonly decision: string };
}

/** The id that Envoy would show for the policy that decided, or, where none did, for the audit policy that held. */
function byOf(gatehouse: Metadata): string {
  if (gatehouse.reason === 'no_rule_allowed') return 'none';
  const named = gatehouse.policy === undefined ? gatehouse.audit : gatehouse;
  if (named?.policy === undefined) return '';
  const [namespace, name] = named.policy.split('/');
  return `ns[${namespace}]-policy[${name}]-rule[${named.rule}]`;
}
