/**
 * What the API server takes in the rules of a NetworkPolicy, and an author hardly meant.
 * @module
 */
import { warnOfEmptyLists } from '../../documents/empty-lists.ts';
import type { Reporter } from '../../documents/finding.ts';
import { listAt, type MapValue, type Value } from '../../documents/value.ts';
import { lintDirections, lintTieredRules } from '../calico/lint-policy.ts';
import type { TieredPolicy } from '../calico/tiered-policy.ts';

/** Warns about a policy as a whole, and about its rules together. */
export function lintNetworkPolicy(policy: TieredPolicy, spec: MapValue | undefined, report: Reporter): void {
  lintDirections(spec, 'policyTypes', report);
  lintTieredRules(policy, false, report);
  lintSplits(spec, report);
}

/** Warns about lists of a rule that are empty, and so ask nothing. */
export function lintEmpty(rule: MapValue, peers: 'from' | 'to', path: string, report: Reporter): void {
  const list = listAt(rule, peers);
  if (list?.items.length === 0) {
    const message = `an empty ${peers} asks nothing: it ${peers === 'from' ? 'lets everybody in' : 'lets out to everybody'}`;
    const fix = `name peers, or leave ${peers} out to say so; no rule at all lets nobody ${peers === 'from' ? 'in' : 'out'}`;
    report.warning(list, `empty-${peers}`, `${path}.${peers}`, message, fix);
  }
  warnOfEmptyLists(rule, ['ports'], path, report);
}

/** A stray dash makes of one rule two: these peers at every port, and everybody at those ports. */
function lintSplits(spec: MapValue | undefined, report: Reporter): void {
  for (const [direction, peers] of [
    ['ingress', 'from'],
    ['egress', 'to'],
  ] as const) {
    const rules = listAt(spec, direction)?.items ?? [];
    for (const [i, rule] of rules.entries()) {
      if (!asksOnly(rules[i - 1], peers) || !asksOnly(rule, 'ports')) continue;
      const message = `rules ${i - 1} and ${i} ask of each other's half nothing: those peers pass at every port, and everybody at these ports`;
      const fix = 'if both must hold, make them one rule: remove the dash before ports';
      report.warning(rule, 'split-rule', `spec.${direction}[${i}]`, message, fix);
    }
  }
}

const asksOnly = (rule: Value | undefined, field: string): boolean =>
  rule?.is === 'map' && rule.entries.size === 1 && (listAt(rule, field)?.items.length ?? 0) > 0;
