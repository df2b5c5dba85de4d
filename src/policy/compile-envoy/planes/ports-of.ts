/**
 * The ports that tiers tell apart one by one.
 * @module
 */
import type { Expr, Policy } from '../../model.ts';
import type { SelectedTier } from './tiers.ts';
import { FEW_PORTS } from './truth.ts';

const known = new WeakMap<Policy, readonly number[]>();

/** The ports of the workload that conditions name alone, or in a small range. */
export function portsOf(tiers: readonly SelectedTier[]): readonly number[] {
  return tiers.flatMap(({ policies = [] }) => policies.flatMap(portsOfPolicy));
}

function portsOfPolicy(policy: Policy): readonly number[] {
  let ports = known.get(policy);
  if (ports === undefined) {
    const found = new Set<number>();
    for (const { http, tcp } of policy.rules)
      for (const expr of [http, tcp]) if (expr !== undefined) gather(expr, found);
    ports = [...found];
    known.set(policy, ports);
  }
  return ports;
}

function gather(expr: Expr, found: Set<number>): void {
  if (expr.op === 'all' || expr.op === 'any') for (const part of expr.of) gather(part, found);
  else if (expr.op === 'not') gather(expr.of, found);
  else if (expr.op === 'port' && expr.fact === 'destinationPort')
    for (const { from, to } of expr.any)
      if (to - from < FEW_PORTS) for (let port = from; port <= to; port++) found.add(port);
}
