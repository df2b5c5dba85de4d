/**
 * Who calls whom, kept over a restart: written now and then, and when the server ends.
 * @module
 */
import type { KeptTexts } from '../../platform/storage/kept-texts.ts';
import type { EdgeBook, SeenEdge } from './call-graph.ts';

const NAME = 'edges';
const WRITE_EVERY_MS = 5 * 60_000;
/** Who has not called for so long does not count as one who calls. */
const LONGEST_MS = 7 * 24 * 60 * 60_000;

export interface KeptEdges extends Disposable {
  /** Writes what has been noted since the last time. @throws GatehouseError `store_unavailable` */
  write(): void;
}

/** Each name once, and pairs by their places: caller, callee, seconds since 1970. */
interface EdgeText {
  readonly names: readonly string[];
  readonly pairs: readonly (readonly [number, number, number])[];
}

/** Fills the book with what was kept, and keeps it from now on. `failed` is told of what keeps it from being written. */
export function keepEdges(
  book: EdgeBook,
  kept: Pick<KeptTexts, 'get' | 'set'>,
  failed: (thrown: unknown) => void,
): KeptEdges {
  book.takeIn(edgesFrom(kept.get(NAME), Date.now() - LONGEST_MS));
  let written = book.noted;
  const write = (): void => {
    if (book.noted === written) return;
    kept.set(NAME, textOf(book.all()));
    written = book.noted;
  };
  const timer = setInterval(() => {
    try {
      write();
    } catch (thrown) {
      failed(thrown);
    }
  }, WRITE_EVERY_MS).unref();
  return {
    write,
    [Symbol.dispose]() {
      clearInterval(timer);
      try {
        write();
      } catch (thrown) {
        failed(thrown);
      }
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
  return JSON.stringify({ names: [...places.keys()], pairs } satisfies EdgeText);
}

function edgesFrom(text: string | undefined, seenAfter: number): readonly SeenEdge[] {
  if (text === undefined) return [];
  const { names, pairs } = JSON.parse(text) as EdgeText; // written by textOf, whole or not at all
  return pairs.flatMap(([caller, callee, seconds]) => {
    const [from, to] = [names[caller], names[callee]];
    if (from === undefined || to === undefined || seconds * 1000 < seenAfter) return [];
    return [{ caller: from, callee: to, lastAt: new Date(seconds * 1000).toISOString() }];
  });
}
