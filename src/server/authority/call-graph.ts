/**
 * Who was seen to call whom: every allowed pair of caller and callee, for the rehearsal of a rotation.
 * @module
 */
import type { Edge } from '../../identity/authority/rotate/forecast.ts';
import type { DecisionRecord } from '../log/decision-record.ts';

export interface SeenEdge extends Edge {
  readonly lastAt: string;
}

export interface EdgeBook {
  note(record: DecisionRecord): void;
  /** Adds what was seen before, the latest last; what is here already is newer. */
  takeIn(before: readonly SeenEdge[]): void;
  /** How many notes there were. */
  readonly noted: number;
  /** The latest last. */
  all(): readonly SeenEdge[];
}

/** Creates an empty book of at most `most` pairs; the one not seen for longest makes room. */
export function createEdgeBook(most = 20_000): EdgeBook {
  const edges = new Map<string, SeenEdge>();
  let noted = 0;
  const put = (edge: SeenEdge): void => {
    const key = `${edge.caller} ${edge.callee}`;
    edges.delete(key);
    edges.set(key, edge);
    if (edges.size <= most) return;
    for (const oldest of edges.keys()) {
      edges.delete(oldest);
      break;
    }
  };
  return {
    get noted() {
      return noted;
    },
    note({ decision, source, destination, at }) {
      if (decision !== 'allow' || destination === undefined) return;
      const caller = source?.principal ?? '';
      if (!caller.startsWith('spiffe://')) return;
      noted += 1;
      put({ caller, callee: destination.spiffeId, lastAt: at });
    },
    takeIn(before) {
      const newer = [...edges.values()];
      for (const edge of [...before, ...newer]) put(edge);
    },
    all: () => [...edges.values()],
  };
}
