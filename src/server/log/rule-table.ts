/**
 * How often each rule has decided, of all deciders of this server since it was started; bounded, and what finds no row is counted still.
 * @module
 */
import type { RuleHit } from '../../authz/record/rule-hits.ts';
import { finishInSlices, type Work } from '../../lib/work.ts';
import type { PolicyModel } from '../../policy/model.ts';
import { ruleKey } from '../../policy/rules/rule-text.ts';
import { rulesInForce } from '../../policy/rules/rules-in-force.ts';
import { createRuleAges, placedName } from './rule-ages.ts';

/** A rule that has decided, and when its count changed last by the table's own count of changes. */
export interface RuleTotal extends RuleHit {
  readonly change: number;
}

/** A rule in force: where it stands and since when. */
export interface RuleInForce extends Omit<RuleHit, 'count' | 'lastAt'> {
  readonly key: string;
  readonly mode: 'enforce' | 'observe' | 'dry-run';
  /** The kind of its stage. */
  readonly stage: string;
  readonly effect: string;
  /** Not so for what hands on to other rules, or is asked of a provider by Envoy. */
  readonly decides: boolean;
  readonly position: { readonly file: string; readonly line: number; readonly column: number };
  /** Milliseconds since 1970. */
  readonly sinceAt: number;
}

/** The sums. */
export interface RuleTable {
  /** Takes in the policies in force. */
  follow(model: PolicyModel, nowMs?: number): Promise<void>;
  add(hits: readonly RuleHit[]): void;
  /** Rules that have decided, those also that are gone since shortly. */
  totals(): readonly RuleTotal[];
  inForce(model: PolicyModel): Iterable<RuleInForce>;
  /** Decisions of rules that found no row. */
  readonly overflow: number;
  /** How often it was added to. */
  readonly changes: number;
}

export interface RuleTableOptions {
  /** Rules that have decided; default 65,536. */
  readonly most?: number;
  readonly sinceAt?: number;
}

const SLICE_MS = 2;

/** Creates an empty table. */
export function createRuleTable({ most = 65_536, sinceAt = Date.now() }: RuleTableOptions = {}): RuleTable {
  const rows = new Map<string, { -readonly [K in keyof RuleTotal]: RuleTotal[K] }>();
  const ages = createRuleAges((key) => void rows.delete(key));
  let following = Promise.resolve<unknown>(undefined);
  let overflow = 0;
  let changes = 0;
  const inSlices = (work: Work<void>): Promise<unknown> => finishInSlices(work, SLICE_MS, () => true);
  return {
    async follow(model, nowMs = Date.now()) {
      following = following.then(() => inSlices(ages.follow(model, nowMs)));
      await following;
    },
    add(hits) {
      changes += 1;
      for (const hit of hits) {
        const key = ruleKey(hit);
        const row = rows.get(key);
        if (row !== undefined) {
          row.count += hit.count;
          row.lastAt = Math.max(row.lastAt, hit.lastAt);
          row.index = hit.index;
          row.change = changes;
        } else if (rows.size < most) rows.set(key, { ...hit, change: changes });
        else overflow += hit.count;
      }
    },
    totals: () => [...rows.values()],
    *inForce(model) {
      for (const placed of rulesInForce(model)) {
        const { plane, stage, policy, rule } = placed;
        const name = placedName(placed, rule);
        yield {
          ...name,
          key: ruleKey(name),
          index: rule.index,
          mode: plane.mode === 'observe' ? 'observe' : policy.mode,
          stage: stage.kind,
          effect: rule.effect,
          decides: rule.effect !== 'pass' && rule.effect !== 'log' && policy.providerAskedBy !== 'envoy',
          position: rule.position,
          sinceAt: ages.sinceAt(rule) ?? sinceAt,
        };
      }
    },
    get overflow() {
      return overflow;
    },
    get changes() {
      return changes;
    },
  };
}
