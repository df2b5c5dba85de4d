/**
 * What a proof is, and what it is where there is none.
 * @module
 */
import type { Decision } from '../../../policy/decision.ts';
import type { Endpoint } from '../../../policy/registry/registry.ts';
import type { Witness } from '../witness.ts';

/** What looks closed, and is in somebody else's hands. */
export type WeaknessKind =
  | 'egress-of-source'
  | 'trust-domain-blind'
  | 'no-certificate'
  | 'by-address'
  | 'label-of-caller'
  | 'name-without-namespace'
  | 'label-of-own-pods';

/** What to mend. */
export interface Weakness {
  readonly kind: WeaknessKind;
  /** Keys of labels that the answer hangs on. */
  readonly labels: readonly string[];
  readonly fix: string;
}

export type Direction = 'in' | 'out';
export type Scope = 'namespaces' | 'future' | 'today';

/** One pod of a counterexample. */
export interface Party {
  readonly endpoint: Endpoint;
  /** When there is such a pod. */
  readonly when: Scope;
  /** It is no pod of ours: a workload of another trust domain that calls itself so. */
  readonly trustDomain?: string;
  /** An address such as pods of other namespaces have; undefined: it has one near those of its own. */
  readonly elsewhere?: string;
}

/** A request that passes and should not. */
export interface Counterexample {
  readonly from: Party;
  readonly to: Party;
  readonly witness: Witness;
  readonly decision: Decision;
  /** What it hangs on, where isolation is hard. */
  readonly weakness?: Weakness | undefined;
}

/** What is known of one tenant in one direction. */
export interface Proof {
  readonly tenant: string;
  readonly direction: Direction;
  readonly proved: boolean;
  /** As far as it is proved. */
  readonly scope: Scope;
  /** What breaks it one scope further. */
  readonly counterexample: Counterexample | undefined;
  /** The next scope that it does not hold in, by namespaces that do not exist. */
  readonly beyond: Counterexample | undefined;
  /** Why namespaces to come were not looked at, although tenants are selectors; empty: they were, or none is one. */
  readonly notAhead: string;
  /** Stages that keep the others out. */
  readonly by: readonly { readonly plane: string; readonly policy: string }[];
}
