/**
 * The parity canary: Envoy's own RBAC runs in the shadow before us and sends its verdict along; ours is held against it.
 *
 * `deploy/envoy/parity-canary.yaml` is the configuration that makes Envoy do so.
 * @module
 */
import { fromBinary } from '@bufbuild/protobuf';
import { type Metadata, MetadataSchema } from '../gen/envoy/config/core/v3/base_pb.ts';
import type { Decision, Reason } from '../policy/decision.ts';
import type { CheckRequest } from './wire/check-request.ts';

/** Where Envoy's RBAC filters file their results, and how those of the canary begin (`shadow_rules_stat_prefix`). */
const FILTER = 'envoy.filters.http.rbac';
const PREFIX = 'gatehouse_parity_';
const RESULT = 'shadow_engine_result';
const POLICY = 'shadow_effective_policy_id';

/** Decisions that RBAC makes too; it knows nothing of tokens that were refused, of revocation, of other planes. */
const comparable: ReadonlySet<Reason> = new Set([
  'rule_allowed',
  'no_policy_applies',
  'rule_denied',
  'no_rule_allowed',
]);

/** A bound on what is remembered of kinds already told. */
const MOST_KINDS = 1000;

/** What the shadow filters said together: any that denied denies. */
export interface ShadowVerdict {
  readonly effect: 'allow' | 'deny';
  /** Envoy's id of the policy that decided, e.g. `ns[default]-policy[details-viewer]-rule[0]`; `''` if none matched. */
  readonly policy: string;
}

export interface ParityCounts {
  readonly agreements: number;
  readonly disagreements: number;
}

/** Told of the first agreement or disagreement of each kind: who allowed, and by which policies. */
export type OnFirstOfKind = (agrees: boolean, shadow: ShadowVerdict, decision: Decision) => void;

/** Reads the verdict of the shadow filters; undefined if none ran. */
export function shadowVerdict(metadata: Metadata): ShadowVerdict | undefined {
  const fields = Object.hasOwn(metadata.filterMetadata, FILTER) ? metadata.filterMetadata[FILTER] : undefined;
  let verdict: ShadowVerdict | undefined;
  for (const [name, result] of Object.entries(fields ?? {})) {
    if (!name.startsWith(PREFIX) || !name.endsWith(RESULT)) continue;
    const policy = fields?.[name.slice(0, -RESULT.length) + POLICY];
    const effect = result === 'allowed' ? 'allow' : 'deny';
    const said: ShadowVerdict = { effect, policy: typeof policy === 'string' ? policy : '' };
    if (verdict === undefined || effect === 'deny' || (verdict.effect === 'allow' && said.policy !== ''))
      verdict = said;
    if (effect === 'deny') break;
  }
  return verdict;
}

/** Counts agreements and disagreements of one decider. */
export class ParityCanary {
  readonly #onFirst: OnFirstOfKind;
  readonly #kinds = new Set<string>();
  #agreements = 0;
  #disagreements = 0;

  constructor(onFirst: OnFirstOfKind) {
    this.#onFirst = onFirst;
  }

  /** Compares one decision with what came along with its request; does nothing where nothing came along. */
  compare({ bytes, metadata }: Pick<CheckRequest, 'bytes' | 'metadata'>, decision: Decision): void {
    if (metadata.length === 0 || !comparable.has(decision.reason)) return;
    const parts: Uint8Array[] = [];
    for (let i = 0; i < metadata.length; i += 2) parts.push(bytes.subarray(metadata[i], metadata[i + 1]));
    const shadow = shadowVerdict(fromBinary(MetadataSchema, Buffer.concat(parts)));
    if (shadow === undefined) return;
    const agrees = shadow.effect === decision.effect;
    if (agrees) this.#agreements++;
    else this.#disagreements++;
    const { policy, rule, effect, plane } = decision;
    const kind = JSON.stringify([shadow.effect, shadow.policy, effect, plane, policy, rule]);
    if (this.#kinds.has(kind) || this.#kinds.size >= MOST_KINDS) return;
    this.#kinds.add(kind);
    this.#onFirst(agrees, shadow, decision);
  }

  /** What was counted since the last call; counting begins anew, and known kinds stay known. */
  take(): ParityCounts {
    const counts = { agreements: this.#agreements, disagreements: this.#disagreements };
    this.#agreements = 0;
    this.#disagreements = 0;
    return counts;
  }
}
