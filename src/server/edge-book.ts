/**
 * Who was seen to call whom: every allowed pair of caller and callee, for the rehearsal of a rotation.
 * @module
 */
import type { Edge } from '../identity/authority/forecast.ts';
import type { DecisionRecord } from './log/decision-record.ts';

export interface SeenEdge extends Edge {
  readonly lastAt: string;
}

export interface EdgeBook {
  note(record: DecisionRecord): void;
  /** The latest last. */
  all(): readonly SeenEdge[];
}

/** Creates an empty book of at most `most` pairs; the one not seen for longest makes room. */
export function createEdgeBook(most = 20_000): EdgeBook {
  const edges = new Map<string, SeenEdge>();
  return {
    note({ decision, source, destination, at }) {
      if (decision !== 'allow' || destination === undefined) return;
      const caller = source?.principal ?? '';
      if (!caller.startsWith('spiffe://')) return;
      const key = `${caller} ${destination.spiffeId}`;
      edges.delete(key);
      edges.set(key, { caller, callee: destination.spiffeId, lastAt: at });
      if (edges.size <= most) return;
      for (const oldest of edges.keys()) {
        edges.delete(oldest);
        break;
      }
    },
    all: () => [...edges.values()],
  };
}
