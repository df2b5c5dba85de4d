/**
 * What is counted of one decider: of this server's own together, or of one elsewhere that reports here.
 * @module
 */
import type { CountedEdge } from '../../authz/record/edges.ts';
import type { RuleHit } from '../../authz/record/rule-hits.ts';
import type { DeniedCaller, EdgeOverflow } from './edge-table.ts';

/** TLS handshakes of a listener that failed alike. */
export interface HandshakeCount {
  readonly listener: string;
  readonly reason: string;
  readonly count: number;
}

/** Its numbers, and whether they can be relied on. */
export interface DeciderCounts {
  /** By its certificate; null: this server. */
  readonly decider: string | null;
  /** `silent`: the numbers are of `lastAt`. `mute`: it follows, and reports nothing. */
  readonly state: 'here' | 'reporting' | 'silent' | 'mute';
  /** Why it is silent or mute. */
  readonly why: string;
  /** Milliseconds since 1970: since when it has counted, and when its numbers came last; undefined: never. */
  readonly sinceAt: number | undefined;
  readonly lastAt: number | undefined;
  readonly edges: readonly CountedEdge[];
  readonly deniedCallers: readonly Omit<DeniedCaller, 'change'>[];
  readonly checks: { readonly allowed: number; readonly denied: number };
  readonly overflow: EdgeOverflow;
  /** Decisions that had no room in its log, and those that had none on the way here. */
  readonly dropped: { readonly logged: number; readonly sent: number };
  readonly handshakes: readonly HandshakeCount[];
  /** Rules that have decided there, and decisions of rules that found no row. */
  readonly rules: readonly RuleHit[];
  readonly rulesOverflow: number;
  /** Decider processes that ended without a last word: what they counted since the one before is lost. */
  readonly lost: number;
}
