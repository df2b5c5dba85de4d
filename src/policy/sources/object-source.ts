/**
 * Policies and registry that stand in no file: the objects of a cluster, as whoever reads files sees them.
 * @module
 */
import type { Position } from '../documents/position.ts';
import type { PolicyFile } from '../read-policies.ts';

/** An object, or all objects of a kind of the registry, read. */
export interface ObjectFile {
  /** Of one object its place; of a kind the kind, in words. */
  readonly file: string;
  /** The same value as long as it says the same. */
  readonly policies: PolicyFile;
  /** What it said when it was last sound; undefined: it is sound, or never was. */
  readonly lastGood: PolicyFile | undefined;
  /** It belongs to one namespace: what is wrong with it must not stop the others. */
  readonly isConfined: boolean;
}

/** Where a document of the registry stands, by its key. */
export type TakenKeys = ReadonlyMap<string, Position>;

/** All of them; each list is the same one as long as nothing of it has changed. */
export interface ObjectFiles {
  /** One an object. */
  readonly policies: readonly ObjectFile[];
  /** One a kind. */
  readonly registry: readonly ObjectFile[];
}

/** What supplies them. */
export interface ObjectSource {
  /** @param taken  documents of the registry that files hold: they win, and the object is an error */
  files(taken: TakenKeys): ObjectFiles;
  /** Calls `listener` after changes, never more often than makes sense. Returns what unsubscribes. */
  subscribe(listener: () => void): () => void;
}

const nothingTaken: TakenKeys = new Map();
const known = new WeakMap<PolicyFile, TakenKeys>();

/** The documents of the registry that some files hold; the same value for the same ones. */
export function takenBy(files: readonly PolicyFile[]): TakenKeys {
  const some = files.map(registryOf).filter((keys) => keys.size > 0);
  if (some.length < 2) return some[0] ?? nothingTaken;
  return new Map(some.flatMap((keys) => [...keys]));
}

function registryOf(file: PolicyFile): TakenKeys {
  let keys = known.get(file);
  if (keys === undefined) {
    const own = file.hasErrors ? [] : file.documents.filter(({ isPolicy }) => !isPolicy);
    keys = new Map(own.map(({ key, place }) => [key, { file: file.file, ...place }]));
    known.set(file, keys);
  }
  return keys;
}
