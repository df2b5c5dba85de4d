/**
 * A YAML document whose every field can be found again.
 * @module
 */
import {
  type Document,
  isMap,
  isPair,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  visit,
} from 'yaml';
import { LOST_NAME, LOST_NAME_MESSAGE } from '../lib/lost-name.ts';

/** A place in a text; both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A YAML document that knows where each value is written. */
export interface PlacedYaml {
  /** Plain JSON; undefined for an empty document. */
  readonly content: unknown;
  /** Syntax errors; `content` means nothing then. */
  readonly errors: readonly { readonly place: Place; readonly message: string }[];
  /** Where the value at `path` starts, or its nearest parent that is written; with `key`, where that key of it starts. */
  placeOf(path: readonly (string | number)[], key?: string): Place;
}

/** Parses one YAML 1.2 document. Never throws. */
export function parsePlacedYaml(text: string): PlacedYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number | undefined): Place => {
    const { line, col } = lines.linePos(offset ?? 0);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  keepModesAsWritten(document);
  const errors = document.errors.map((error) => ({ place: at(error.pos[0]), message: error.message }));
  for (const offset of lostNames(document)) errors.push({ place: at(offset), message: LOST_NAME_MESSAGE });
  const placeOf: PlacedYaml['placeOf'] = (path, key) => {
    const parent = nearestNode(document, path);
    if (key !== undefined && isMap(parent)) {
      const pair = parent.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
      if (pair) return at((pair.key as Scalar).range?.[0]); // found by its scalar key
    }
    return at(parent?.range?.[0]);
  };
  try {
    return { content: errors.length > 0 ? undefined : document.toJS({ maxAliasCount: 100 }), errors, placeOf };
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return { content: undefined, errors: [{ place: { line: 1, column: 1 }, message }], placeOf };
  }
}

/** Where names stand that a schema would drop. */
function lostNames(document: Document): (number | undefined)[] {
  const found: (number | undefined)[] = [];
  visit(document, {
    Pair(_, { key }) {
      if (isScalar(key) && key.value === LOST_NAME) found.push(key.range?.[0]);
    },
  });
  return found;
}

/** `mode: 0660` is 660 in YAML 1.2; people mean the digits that `chmod` takes. */
function keepModesAsWritten(document: Document): void {
  visit(document, {
    Pair(_, pair) {
      if (!isPair(pair) || !isScalar(pair.key) || pair.key.value !== 'mode' || !isScalar(pair.value)) return;
      if (typeof pair.value.value === 'number' && pair.value.source !== undefined) pair.value.value = pair.value.source;
    },
  });
}

function nearestNode(document: Document, path: readonly (string | number)[]): Node | null {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (node !== undefined && node !== null && typeof node === 'object' && 'range' in node) return node as Node; // keepScalar: a node
  }
  return document.contents;
}
