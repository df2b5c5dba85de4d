/**
 * Finds the policy files under some paths, without opening them.
 *
 * Symlinks are followed. Names that begin with a dot are not policy: editors' files, and the `..` entries by which a
 * mounted ConfigMap is swapped.
 * @module
 */
import { type BigIntStats, type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { joinKindTables, type KindTable } from '../dialects/kind-table.ts';
import { policyKinds } from '../dialects/table.ts';
import type { PolicyPath } from './policy-path.ts';

/** A file as it was found. */
export interface SeenFile {
  readonly file: string;
  /** Narrowest confinement of the paths that lead to it. */
  readonly namespaces: readonly string[] | undefined;
  /** Which documents the paths that lead to it are for, all together; undefined: policies. */
  readonly kinds: KindTable | undefined;
  /** Differs if the file was replaced or written. */
  readonly stamp: string;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modifiedAt: number;
}

export interface Scan {
  /** In the order of the paths, then by name. */
  readonly files: readonly SeenFile[];
  /** Directories whose entries decide what is found; by path, with the inode that was seen. */
  readonly directories: ReadonlyMap<string, bigint>;
  /** Paths that are not there, or cannot be looked into. */
  readonly missing: readonly Missing[];
}

export interface Missing {
  readonly path: string;
  readonly why: string;
}

interface Walk {
  readonly files: Map<string, SeenFile>;
  readonly directories: Map<string, bigint>;
  readonly missing: Missing[];
  readonly namespaces: readonly string[] | undefined;
  readonly kinds: KindTable | undefined;
}

/** `s`: a name may hold newlines, and what it holds is policy all the same. */
const policyName = /^[^.].*\.(ya?ml|json)$/is;

/** Looks at every path. A file that vanishes meanwhile is not there. */
export function scan(paths: readonly PolicyPath[]): Scan {
  const files = new Map<string, SeenFile>();
  const directories = new Map<string, bigint>();
  const missing: Missing[] = [];
  for (const { path, namespaces, kinds } of paths) {
    const walk: Walk = { files, directories, missing, namespaces, kinds };
    watchParents(path, walk);
    const stats = statOf(path);
    if (typeof stats === 'string') missing.push({ path, why: stats });
    else if (stats.isDirectory()) scanDirectory(path, stats, [], walk);
    else if (stats.isFile()) addFile(path, stats, walk);
    else missing.push({ path, why: 'neither a file nor a directory' });
  }
  return { files: [...files.values()], directories, missing };
}

function statOf(path: string): BigIntStats | string {
  try {
    return statSync(path, { bigint: true });
  } catch (thrown) {
    return String((thrown as NodeJS.ErrnoException).code); // fs throws nothing else
  }
}

/** The directories in which a path, and what it points to, can be replaced. */
function watchParents(path: string, walk: Walk): void {
  watchDirectory(dirname(path), walk);
  try {
    watchDirectory(dirname(realpathSync.native(path)), walk);
  } catch {
    // Not there now; its parent tells when it comes.
  }
}

function watchDirectory(path: string, { directories }: Walk): void {
  const stats = statOf(path);
  if (typeof stats !== 'string') directories.set(path, stats.ino);
}

function scanDirectory(path: string, stats: BigIntStats, above: readonly string[], walk: Walk): void {
  const id = `${stats.dev}:${stats.ino}`;
  if (above.includes(id)) return;
  walk.directories.set(path, stats.ino);
  let entries: Dirent[];
  try {
    entries = readdirSync(path, { withFileTypes: true });
  } catch (thrown) {
    const why = String((thrown as NodeJS.ErrnoException).code); // fs throws nothing else
    walk.missing.push({ path, why });
    return;
  }
  for (const entry of entries.sort(byName)) {
    if (!entry.name.startsWith('.')) scanEntry(join(path, entry.name), entry, [...above, id], walk);
  }
}

const byName = (a: Dirent, b: Dirent): number => (a.name < b.name ? -1 : 1);

function scanEntry(path: string, entry: Dirent, above: readonly string[], walk: Walk): void {
  const found = statOf(path);
  const isPolicy = policyName.test(entry.name);
  if (typeof found === 'string') {
    if (isPolicy && entry.isSymbolicLink()) walk.missing.push({ path, why: `it points nowhere, ${found}` });
    return;
  }
  if (entry.isSymbolicLink()) watchParents(path, walk);
  if (found.isDirectory()) scanDirectory(path, found, above, walk);
  else if (found.isFile() && isPolicy) addFile(path, found, walk);
}

function addFile(file: string, stats: BigIntStats, { files, namespaces, kinds }: Walk): void {
  const before = files.get(file);
  files.set(file, {
    file,
    namespaces: before === undefined ? namespaces : narrower(before.namespaces, namespaces),
    kinds: before === undefined ? kinds : wider(before.kinds, kinds),
    stamp: `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`,
    size: Number(stats.size),
    modifiedAt: Number(stats.mtimeMs),
  });
}

function narrower(one: SeenFile['namespaces'], other: SeenFile['namespaces']): SeenFile['namespaces'] {
  return one === undefined || other === undefined ? (one ?? other) : one.filter((name) => other.includes(name));
}

/** What any of the paths is for is read: nothing of a file gets lost because a second path leads to it. */
function wider(one: SeenFile['kinds'], other: SeenFile['kinds']): SeenFile['kinds'] {
  return one === other ? one : joinKindTables(one ?? policyKinds, other ?? policyKinds);
}
