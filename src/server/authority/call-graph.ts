/**
 * Which caller was seen to call which callee: every allowed pair, for the rehearsal of a rotation. Stored over a restart: written
 * every five minutes, and when the server ends.
 * @module
 */
import type { Edge } from '../../identity/authority/rotate/forecast.ts';
import type { StoredTexts } from '../../platform/storage/stored-texts.ts';
import type { DecisionRecord } from '../log/decision-record.ts';

/** A pair of caller and callee, and when it was seen last. */
export interface SeenEdge extends Edge {
  /** RFC 3339. */
  readonly lastAt: string;
}

/** The pairs that were seen, without duplicates. */
export interface CallGraph {
  /** Adds the pair of an allowed request between two workloads; any other record changes nothing. */
  note(record: DecisionRecord): void;
  /** Adds what was seen before, the latest last; what is here already is newer. */
  addOlder(before: readonly SeenEdge[]): void;
  /** How many records have added a pair. */
  readonly noted: number;
  /** The latest last. */
  all(): readonly SeenEdge[];
}

/** Creates an empty graph of at most `most` pairs; the one not seen for longest makes room. */
export function createCallGraph(most = 20_000): CallGraph {
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
    addOlder(before) {
      const newer = [...edges.values()];
      for (const edge of [...before, ...newer]) put(edge);
    },
    all: () => [...edges.values()],
  };
}

/** The name of the stored text; what older versions wrote is read by it. */
const NAME = 'edges';
const WRITE_EVERY_MS = 5 * 60_000;
/** A pair that was not seen for so long is no longer counted as a call. */
const MAX_AGE_MS = 7 * 24 * 60 * 60_000;

export interface StoredCallGraph extends Disposable {
  /** Writes the graph if pairs were noted since the last time. @throws GatehouseError `store_unavailable` */
  write(): void;
}

/** Each name once, and pairs by their places: caller, callee, seconds since 1970. */
interface GraphText {
  readonly names: readonly string[];
  readonly pairs: readonly (readonly [number, number, number])[];
}

/** Fills the graph with what was stored, and stores it from now on. @param failed  told of what keeps it from being written */
export function storeCallGraph(
  graph: CallGraph,
  stored: Pick<StoredTexts, 'get' | 'set'>,
  failed: (thrown: unknown) => void,
): StoredCallGraph {
  graph.addOlder(edgesFrom(stored.get(NAME), Date.now() - MAX_AGE_MS));
  let written = graph.noted;
  const write = (): void => {
    if (graph.noted === written) return;
    stored.set(NAME, textOf(graph.all()));
    written = graph.noted;
  };
  const tryToWrite = (): void => {
    try {
      write();
    } catch (thrown) {
      failed(thrown);
    }
  };
  const timer = setInterval(tryToWrite, WRITE_EVERY_MS).unref();
  return {
    write,
    [Symbol.dispose]() {
      clearInterval(timer);
      tryToWrite();
    },
  };
}

function textOf(edges: readonly SeenEdge[]): string {
  const places = new Map<string, number>();
  const placeOf = (name: string): number => {
    const place = places.get(name) ?? places.size;
    places.set(name, place);
    return place;
  };
  const pairs = edges.map(
    ({ caller, callee, lastAt }) => [placeOf(caller), placeOf(callee), Math.floor(Date.parse(lastAt) / 1000)] as const,
  );
  return JSON.stringify({ names: [...places.keys()], pairs } satisfies GraphText);
}

function edgesFrom(text: string | undefined, seenAfterMs: number): readonly SeenEdge[] {
  if (text === undefined) return [];
  const { names, pairs } = JSON.parse(text) as GraphText; // written by textOf, whole or not at all
  return pairs.flatMap(([caller, callee, seconds]) => {
    const [from, to] = [names[caller], names[callee]];
    if (from === undefined || to === undefined || seconds * 1000 < seenAfterMs) return [];
    return [{ caller: from, callee: to, lastAt: new Date(seconds * 1000).toISOString() }];
  });
}
