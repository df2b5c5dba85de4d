/**
 * What lint finds between planes: a place, what is wrong there, a request that shows it, and the owners of both sides.
 * @module
 */

import type { RequestForm } from '../../../admin-api/request-form.ts';
import type { Finding } from '../../../policy/documents/finding.ts';

/** A finding of `policy lint`; its first members are those of `policy check`. */
export interface LintFinding extends Finding {
  /** Null where no request can show it: a policy that selects nothing meets none. */
  readonly witness: Witness | null;
  /** Of the policies on both sides, without repetition; empty if none is named. */
  readonly owners: readonly string[];
}

/** A request and what each plane really said of it. */
export interface Witness {
  readonly request: RequestForm;
  /** What is not so today and could be, e.g. a pod that a tenant may create; empty if nothing. */
  readonly assuming: string;
  readonly planes: readonly WitnessPlane[];
}

/** What one plane says of the witness request. */
export interface WitnessPlane {
  readonly plane: string;
  readonly decision: 'allow' | 'deny';
  readonly reason: string;
  readonly policy: string | null;
  readonly rule: number | null;
}
