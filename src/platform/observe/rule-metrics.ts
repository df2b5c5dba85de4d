/**
 * Metrics of rules that decide, by policy: bounded in number, whatever policies come and go.
 * @module
 */
import { Counter, type Registry } from 'prom-client';

/** Decisions of one rule. */
export interface CountedRule {
  readonly plane: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly count: number;
}

/** Policies with a series of their own; what the others decide is counted under empty names. */
const MOST_POLICIES = 1_000;

/** Registers them; the function adds. */
export function createRuleMetrics(
  register: Registry,
  most: number = MOST_POLICIES,
): (rules: readonly CountedRule[]) => void {
  const hits = new Counter({
    name: 'gatehouse_rule_hits_total',
    help: 'Decisions that rules of a policy decided here; of the policies past the first 1,000 together under empty names.',
    labelNames: ['plane', 'kind', 'namespace', 'policy'],
    registers: [register],
  });
  const known = new Set<string>();
  const hasSeries = ({ plane, kind, namespace, name }: CountedRule): boolean => {
    const key = JSON.stringify([plane, kind, namespace, name]);
    if (known.size < most) known.add(key);
    return known.has(key);
  };
  return (rules) => {
    for (const rule of rules) {
      const { plane, kind, namespace, name: policy, count } = rule;
      hits.inc(hasSeries(rule) ? { plane, kind, namespace, policy } : OTHERS, count);
    }
  };
}

const OTHERS = { plane: '', kind: '', namespace: '', policy: '' };
