/**
 * What the planes beside Istio's say of a workload, as a tree is made of it.
 * @module
 */
import type { Expr, Plane } from '../../model.ts';

/** Some pods that are let in. */
export interface LetIn {
  /** The workload's own addresses. */
  readonly at: readonly string[];
  readonly ports: readonly number[];
  /** Whether all ports but these are meant. */
  readonly isOtherPorts: boolean;
  readonly from: readonly string[];
  /** Conditions on texts of which one must hold; empty: none. */
  readonly when: readonly Expr[];
}

/** What the planes say of a workload. */
export interface LetsIn {
  readonly planes: readonly Plane['id'][];
  readonly http: readonly LetIn[];
  readonly tcp: readonly LetIn[];
  /** The service account (`/ns/…/sa/…`) of the pods at each address that callers come from. */
  readonly accounts: ReadonlyMap<string, string>;
}
