/**
 * What this server counts of its own deciders and listeners.
 * @module
 */
import type { DeciderCounts } from './decider-counts.ts';
import { createEdgeTable, type EdgeTable } from './edge-table.ts';
import { createHandshakeTable, type HandshakeTable } from './handshake-table.ts';

/** Counts since the server was started. */
export interface OwnCounts {
  readonly edges: EdgeTable;
  readonly handshakes: HandshakeTable;
  /** Counts decisions that the log had no room for. */
  countDropped(count: number): void;
  all(): DeciderCounts;
}

/** Creates them, all at zero. */
export function createOwnCounts(): OwnCounts {
  const edges = createEdgeTable();
  const handshakes = createHandshakeTable();
  let logged = 0;
  return {
    edges,
    handshakes,
    countDropped(count) {
      logged += count;
    },
    all: () => ({
      ...{ decider: null, state: 'here', why: '' },
      sinceAt: edges.sinceAt,
      lastAt: Date.now(),
      edges: edges.edges(),
      deniedCallers: edges.deniedCallers(),
      checks: { ...edges.checks },
      overflow: { ...edges.overflow },
      dropped: { logged, sent: 0 },
      handshakes: handshakes.all(),
    }),
  };
}
