/**
 * What this server counts of its own deciders and listeners.
 * @module
 */
import type { DeciderCounts } from './decider-counts.ts';
import { createEdgeTable, type EdgeTable } from './edge-table.ts';
import { createHandshakeTable, type HandshakeTable } from './handshake-table.ts';
import { createRuleTable, type RuleTable } from './rule-table.ts';

/** Counts since the server was started. */
export interface OwnCounts {
  readonly edges: EdgeTable;
  readonly handshakes: HandshakeTable;
  readonly rules: RuleTable;
  /** Counts decisions that the log had no room for. */
  countDropped(count: number): void;
  readonly dropped: { readonly logged: number };
  /** Counts a decider process that ended without a last word. */
  countLost(): void;
  readonly lost: number;
  all(): DeciderCounts;
}

/** Creates them, all at zero. */
export function createOwnCounts(): OwnCounts {
  const edges = createEdgeTable();
  const handshakes = createHandshakeTable();
  const rules = createRuleTable({ sinceAt: edges.sinceAt });
  const dropped = { logged: 0 };
  let lost = 0;
  return {
    edges,
    handshakes,
    rules,
    dropped,
    countDropped(count) {
      dropped.logged += count;
    },
    countLost() {
      lost += 1;
    },
    get lost() {
      return lost;
    },
    all: () => ({
      ...{ decider: null, state: 'here', why: '' },
      sinceAt: edges.sinceAt,
      lastAt: Date.now(),
      edges: edges.edges(),
      deniedCallers: edges.deniedCallers(),
      checks: { ...edges.checks },
      overflow: { ...edges.overflow },
      dropped: { ...dropped, sent: 0 },
      handshakes: handshakes.all(),
      rules: rules.totals(),
      rulesOverflow: rules.overflow,
      lost,
    }),
  };
}
