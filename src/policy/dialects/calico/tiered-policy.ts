/**
 * A policy that lives in a tier: what Calico's kinds and Kubernetes' network policies become before planes are made of them.
 * @module
 */

import type { Position } from '../../documents/position.ts';
import type { Effect, Expr, PolicyRef, Subject } from '../../model.ts';

/** A policy of Calico or Kubernetes that stands in a tier. */
export interface TieredPolicy {
  readonly ref: PolicyRef;
  readonly position: Position;
  readonly owner: string;
  readonly tier: string;
  /** Infinity: last. */
  readonly order: number;
  /** Breaks ties of order: `name/namespace/kind`, compared as text. */
  readonly sortKey: string;
  /** Staged policies are told, and decide nothing. */
  readonly staged: boolean;
  /** Calico's own document, or one that Calico would convert. */
  readonly origin: 'calico' | 'kubernetes';
  readonly subject: Subject;
  /** Undefined: the policy does not act in that direction. */
  readonly ingress: readonly TieredRule[] | undefined;
  readonly egress: readonly TieredRule[] | undefined;
}

/** One rule, as each of the planes that judge it sees it. */
export interface TieredRule {
  readonly index: number;
  readonly position: Position;
  readonly effect: Effect;
  /** Layers 3 and 4 as Calico's ext_authz server looks at them: addresses, ports, and the principal. */
  readonly check: Expr;
  /** Layers 3 and 4 as the network itself looks at them: addresses and ports only, named ports and network ranges resolved. */
  readonly network: Expr;
  /** The `http` clause; undefined: the rule has none. */
  readonly http: HttpClause | undefined;
}

/** The `http` match of a rule, as Calico's ext_authz server judges it. */
export interface HttpClause {
  readonly holds: Expr;
  /** Holds for a request that Calico refuses when it comes to look at its path; undefined: it does not look. */
  readonly refuses: Expr | undefined;
}

/** A tier: where it stands, and what happens when its policies select a workload and no rule holds. */
export interface Tier {
  readonly name: string;
  /** Infinity: last. */
  readonly order: number;
  readonly onNoMatch: 'deny' | 'pass';
}

/** A conjunction without needless nesting. */
export function allOf(parts: readonly Expr[]): Expr {
  const flat = parts.flatMap((part) => (part.op === 'all' ? part.of : [part]));
  return flat.length === 1 ? flat[0]! : { op: 'all', of: flat };
}
