/**
 * The rules that a decider tells the authority of: as many as it takes, the others' decisions counted together.
 * @module
 */
import { create } from '@bufbuild/protobuf';
import { type Rule as RuleMessage, RuleSchema } from '../../gen/gatehouse/feed/v1/feed_pb.ts';
import { ruleKey } from '../../policy/rules/rule-text.ts';
import type { RuleTotal } from '../log/rule-table.ts';

/** Those of one stream. */
export interface RuleRows {
  /** Those that have a row there, new ones too while there is room. */
  told(totals: readonly RuleTotal[]): readonly RuleTotal[];
  /** Decisions of the others. */
  untold(totals: readonly RuleTotal[]): number;
}

/** The authority takes a little more. */
const MOST_NAME_BYTES = 448 * 1024;

/** Creates it for an authority that takes `most` rows. */
export function createRuleRows(most: number): RuleRows {
  const keys = new Set<string>();
  let bytes = 0;
  const hasRow = (rule: RuleTotal): boolean => {
    const key = ruleKey(rule);
    if (keys.has(key)) return true;
    if (keys.size >= most || bytes + key.length > MOST_NAME_BYTES) return false;
    bytes += key.length;
    keys.add(key);
    return true;
  };
  return {
    told: (totals) => totals.filter(hasRow),
    untold: (totals) => totals.reduce((sum, total) => (keys.has(ruleKey(total)) ? sum : sum + total.count), 0),
  };
}

/** The row as it is said. */
export function ruleMessage({ direction, plane, dialect, kind, namespace, name, text, index }: RuleTotal): RuleMessage {
  return create(RuleSchema, { plane, egress: direction === 'egress', dialect, kind, namespace, name, text, index });
}
