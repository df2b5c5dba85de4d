/**
 * Deciders elsewhere that report to this authority, as the other parts of the server see them.
 * @module
 */
import type { DeciderReports, ReportingDecider } from '../../identity/delivery/feed/decider-reports.ts';
import type { DeciderCounts } from '../log/decider-counts.ts';

/** A decision, JSON as the decider wrote it. */
export interface RemoteRecord {
  readonly decider: string;
  readonly record: Uint8Array;
  /** When it came: microseconds of `performance.now`. */
  readonly heardAt: number;
}

/** What became of a question to a decider that says that it made the decision. */
export type RemoteAnswer =
  | { readonly decider: string; readonly answer: Uint8Array }
  | { readonly decider: string; readonly failed: unknown };

/** What they have reported. */
export interface RemoteDeciders {
  /** By name, the silent ones too. */
  counts(): readonly DeciderCounts[];
  decisions(): readonly RemoteRecord[];
  /** Those whose numbers are missing, and why. */
  silent(): readonly { readonly decider: string; readonly why: string }[];
  /** Asks those that say that they made it; empty: none does. */
  ask(decisionId: string): Promise<readonly RemoteAnswer[]>;
}

/** Reads what was reported. */
export function createRemoteDeciders(reports: DeciderReports): RemoteDeciders {
  return {
    counts: () => reports.all().map(countsOf),
    decisions: () =>
      reports
        .all()
        .flatMap(({ decider, decisions }) => decisions.map(({ record, heardAt }) => ({ decider, record, heardAt }))),
    silent: () => reports.all().flatMap(({ decider, state, why }) => (state === 'reporting' ? [] : [{ decider, why }])),
    ask: (decisionId) =>
      Promise.all(
        reports.makersOf(decisionId).map((decider) =>
          reports.ask(decider, decisionId).then(
            (answer) => ({ decider, answer }),
            (failed: unknown) => ({ decider, failed }),
          ),
        ),
      ),
  };
}

function countsOf({ decider, state, why, lastAt, counts }: ReportingDecider): DeciderCounts {
  return { ...(counts ?? NOTHING), ...{ decider, state, why, lastAt } };
}

const NOTHING = {
  sinceAt: undefined,
  edges: [],
  deniedCallers: [],
  checks: { allowed: 0, denied: 0 },
  overflow: { allowed: 0, denied: 0, deniedCallers: 0 },
  dropped: { logged: 0, sent: 0 },
  handshakes: [],
  rules: [],
  rulesOverflow: 0,
  lost: 0,
};
