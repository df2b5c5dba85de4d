/**
 * The parity canary: Envoy's own RBAC runs in the shadow before us and sends its verdict along; ours is held against it.
 *
 * `deploy/envoy/parity-canary.yaml` is the configuration that makes Envoy do so.
 * @module
 */
import type { Decision, Reason } from '../../policy/decision.ts';
import type { Facts } from '../../policy/facts.ts';
import type { RingEntry } from './ring.ts';

/** The filter whose metadata holds the shadow verdict: Envoy's RBAC. */
export const shadowFilter = 'envoy.filters.http.rbac';
/** The `shadow_rules_stat_prefix` of the canary's RBAC filters, in their order. */
const prefixes = ['gatehouse_parity_deny_', 'gatehouse_parity_allow_'] as const;

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

/** Comparisons since the last report. */
export interface ParityCounts {
  readonly agreements: number;
  readonly disagreements: number;
}

/** The first agreement or disagreement of its kind: both verdicts and their policies. Plain data. */
export interface ParityReport {
  readonly agrees: boolean;
  readonly shadow: ShadowVerdict;
  readonly entry: RingEntry;
}

/**
 * Reads the verdict of the shadow filters; undefined if none ran.
 *
 * @internal  exported for its test
 */
export function shadowVerdict(facts: Pick<Facts, 'metadata'>): ShadowVerdict | undefined {
  let verdict: ShadowVerdict | undefined;
  for (const prefix of prefixes) {
    const result = facts.metadata(shadowFilter, [`${prefix}shadow_engine_result`], false)[0];
    if (result === undefined) continue;
    const policy = facts.metadata(shadowFilter, [`${prefix}shadow_effective_policy_id`], false)[0] ?? '';
    if (result !== 'allowed') return { effect: 'deny', policy };
    verdict = { effect: 'allow', policy };
  }
  return verdict;
}

/** Counts agreements and disagreements of one decider. */
export class ParityCanary {
  readonly #onFirst: (report: ParityReport) => void;
  readonly #kinds = new Set<string>();
  #agreements = 0;
  #disagreements = 0;

  constructor(onFirst: (report: ParityReport) => void) {
    this.#onFirst = onFirst;
  }

  /** Compares one decision with what came along with its request; does nothing where nothing came along. */
  compare(facts: Pick<Facts, 'metadata'>, decision: Decision, entry: () => RingEntry): void {
    if (!comparable.has(decision.reason)) return;
    const shadow = shadowVerdict(facts);
    if (shadow === undefined) return;
    const agrees = shadow.effect === decision.effect;
    if (agrees) this.#agreements++;
    else this.#disagreements++;
    const { policy, rule, effect, plane } = decision;
    const kind = JSON.stringify([shadow.effect, shadow.policy, effect, plane, policy, rule]);
    if (this.#kinds.has(kind) || this.#kinds.size >= MOST_KINDS) return;
    this.#kinds.add(kind);
    this.#onFirst({ agrees, shadow, entry: entry() });
  }

  /** What was counted since the last call; counting begins anew, and known kinds stay known. */
  take(): ParityCounts {
    const counts = { agreements: this.#agreements, disagreements: this.#disagreements };
    this.#agreements = 0;
    this.#disagreements = 0;
    return counts;
  }
}
