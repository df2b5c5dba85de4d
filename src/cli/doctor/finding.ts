/**
 * What the doctor says about one setting.
 * @module
 */

/**
 * - `fail-open`: a request may pass that no policy allowed.
 * - `inexact`: a policy may be decided on less than, or other than, what it speaks of.
 * - `fragile`: right, but it will refuse good requests under load, or hold on to what has expired.
 */
export type FindingKind = 'fail-open' | 'inexact' | 'fragile';

/** One setting that makes a policy inexact or fail open. */
export interface DoctorFinding {
  readonly severity: 'error' | 'warning';
  readonly kind: FindingKind;
  readonly code: string;
  /** Where in Envoy's configuration, e.g. `listeners[inbound].filter_chains[0].filters[0]`. */
  readonly where: string;
  readonly message: string;
  /** The line of YAML to write there. */
  readonly fix: string;
}

/** Makes a finding; only what is merely fragile is a warning. */
export function finding(kind: FindingKind, code: string, where: string, message: string, fix: string): DoctorFinding {
  return { severity: kind === 'fragile' ? 'warning' : 'error', kind, code, where, message, fix };
}
