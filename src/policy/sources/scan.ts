/**
 * Finds the policy files under some paths, without opening them.
 *
 * Symlinks are followed. Names that begin with a dot are not policy: editors' files, and the `..` entries by which a
 * mounted ConfigMap is swapped.
 * @module
 */
import { type BigIntStats, type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, sep } from 'node:path';
import { joinKindTables, type KindTable } from '../dialects/kind-table.ts';
import { policyKinds } from '../dialects/table.ts';
import { type Chosen, chosenOf } from './chosen.ts';
import type { PolicyPath } from './policy-path.ts';

/** A file as it was found. */
export interface SeenFile {
  readonly file: string;
  /** Narrowest confinement of the paths that lead to it. */
  readonly namespaces: readonly string[] | undefined;
  /** Which documents the paths that lead to it are for, all together; undefined: policies. */
  readonly kinds: KindTable | undefined;
  /** The namespace of documents that name none; undefined too if two paths lead to it and disagree. */
  readonly defaultNamespace: string | undefined;
  /** What it holds, if it is no file. */
  readonly text?: string;
  /** Differs if the file was replaced or written. */
  readonly stamp: string;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modifiedAt: number;
}

/** A directory that is to be watched. */
export interface SeenDirectory {
  readonly inode: bigint;
  /** Of what is written in place there only these names matter; undefined: all. Whatever comes or goes matters always. */
  readonly names: ReadonlySet<string> | undefined;
}

/** What the paths hold now. */
export interface Scan {
  /** In the order of the paths, then by name. */
  readonly files: readonly SeenFile[];
  /** Directories whose entries decide what is found, by path. */
  readonly directories: ReadonlyMap<string, SeenDirectory>;
  /** Paths that are not there, or cannot be looked into. */
  readonly missing: readonly Missing[];
}

/** A path that cannot be read. */
export interface Missing {
  readonly path: string;
  readonly why: string;
  /** It lies in a path that is confined to namespaces: it must not hold up other paths. */
  readonly isConfined: boolean;
}

interface Walk {
  readonly files: Map<string, SeenFile>;
  readonly directories: Map<string, SeenDirectory>;
  readonly missing: Missing[];
  readonly namespaces: readonly string[] | undefined;
  readonly kinds: KindTable | undefined;
  readonly defaultNamespace: string | undefined;
  readonly chosen: Chosen;
  /** Where symlinks of a confined path may lead to; undefined: anywhere. */
  readonly within: string | undefined;
  /** Directories that were read, by device and inode: links to each other would make a walk without end. */
  readonly seen: Set<string>;
  /** How many more names are looked at. */
  left: number;
}

/** More names than this under one path are not looked at. */
const MOST_NAMES = 200_000;

/** `s`: a name may hold newlines, and what it holds is policy all the same. */
const policyName = /^[^.].*\.(ya?ml|json)$/is;

/** Looks at every path. A file that vanishes meanwhile is not there. */
export function scan(paths: readonly PolicyPath[]): Scan {
  const files = new Map<string, SeenFile>();
  const directories = new Map<string, SeenDirectory>();
  const missing: Missing[] = [];
  for (const each of paths) {
    const { path, namespaces, kinds, defaultNamespace, text } = each;
    if (text !== undefined) {
      const stamp = `text ${text.length}`;
      const size = Buffer.byteLength(text);
      files.set(path, { file: path, namespaces, kinds, defaultNamespace, text, stamp, size, modifiedAt: 0 });
      continue;
    }
    const within = namespaces === undefined ? undefined : realOf(path);
    const walk: Walk = {
      files,
      directories,
      missing,
      namespaces,
      kinds,
      defaultNamespace,
      chosen: chosenOf(each),
      within,
      seen: new Set(),
      left: MOST_NAMES,
    };
    watchParents(path, walk);
    const stats = statOf(path);
    if (typeof stats === 'string') missing.push({ path, why: stats, isConfined: isHidden(stats, walk) });
    else if (stats.isDirectory()) scanDirectory(path, stats, walk);
    else if (stats.isFile()) addFile(path, stats, walk);
    else miss(path, NO_FILE, walk);
  }
  return { files: [...files.values()], directories, missing };
}

const NO_FILE = 'neither a file nor a directory';
/** So container runtimes mount a file whose source is not there. */
const EMPTY_DIRECTORY = 'an empty directory in place of a file';

/** A path that was never there is a slip of the operator's; one that its writer has closed is the writer's. */
const isHidden = (why: string, { namespaces }: Walk): boolean =>
  namespaces !== undefined && why !== 'ENOENT' && why !== 'ENOTDIR';

function miss(path: string, why: string, { missing, namespaces }: Walk): void {
  missing.push({ path, why, isConfined: namespaces !== undefined });
}

function realOf(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
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
  watchParent(path, walk);
  const real = realOf(path);
  if (real !== undefined) watchParent(real, walk); // else its parent tells when it comes
}

/** A log may lie beside, which is written without end. */
function watchParent(path: string, { directories }: Walk): void {
  const parent = dirname(path);
  const stats = statOf(parent);
  if (typeof stats === 'string') return;
  const before = directories.get(parent);
  const names =
    before !== undefined && before.names === undefined ? undefined : new Set(before?.names).add(basename(path));
  directories.set(parent, { inode: stats.ino, names });
}

function scanDirectory(path: string, stats: BigIntStats, walk: Walk): void {
  walk.directories.set(path, { inode: stats.ino, names: undefined });
  const id = `${stats.dev}:${stats.ino}`;
  if (walk.seen.has(id)) return;
  walk.seen.add(id);
  const entries = entriesOf(path, walk);
  if (entries?.length === 0 && policyName.test(basename(path)) && walk.chosen.file(path))
    miss(path, EMPTY_DIRECTORY, walk);
  for (const entry of entries?.sort(linksLast) ?? []) {
    if (entry.name.startsWith('.')) continue;
    if (walk.left-- === 0) miss(path, `there are more than ${MOST_NAMES} names`, walk);
    if (walk.left < 0) return;
    scanEntry(join(path, entry.name), entry, walk);
  }
}

function entriesOf(path: string, walk: Walk): Dirent[] | undefined {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (thrown) {
    miss(path, String((thrown as NodeJS.ErrnoException).code), walk); // fs throws nothing else
    return undefined;
  }
}

/** By name; a directory is known by its own name and not by that of a link to it. */
const linksLast = (a: Dirent, b: Dirent): number =>
  Number(a.isSymbolicLink()) - Number(b.isSymbolicLink()) || (a.name < b.name ? -1 : 1);

function scanEntry(path: string, entry: Dirent, walk: Walk): void {
  const found = statOf(path);
  const isPolicy = policyName.test(entry.name);
  if (typeof found === 'string') {
    const why = whyUnseen(entry, found);
    const mayHold = isPolicy ? walk.chosen.file(path) : mayLeadOn(entry) && walk.chosen.directory(path);
    if (why !== undefined && mayHold) miss(path, why, walk);
    return;
  }
  if (found.isDirectory() ? !walk.chosen.directory(path) : !isPolicy || !walk.chosen.file(path)) return;
  if (entry.isSymbolicLink()) {
    if (leadsOut(path, walk)) {
      miss(path, 'it leads out of a path that is confined to namespaces', walk);
      return;
    }
    watchParents(path, walk);
  }
  if (found.isDirectory()) scanDirectory(path, found, walk);
  else if (found.isFile()) addFile(path, found, walk);
  else miss(path, NO_FILE, walk);
}

/** A directory, or a link to what may have been one. */
const mayLeadOn = (entry: Dirent): boolean =>
  entry.isDirectory() || (entry.isSymbolicLink() && extname(entry.name) === '');

/** Undefined: it has gone since the directory was read. */
function whyUnseen(entry: Dirent, code: string): string | undefined {
  if (entry.name.includes('\ufffd')) return 'its name is not UTF-8'; // Node cannot say the name that the system has
  if (entry.isSymbolicLink()) return `it points nowhere, ${code}`;
  return code === 'ENOENT' ? undefined : code;
}

function leadsOut(path: string, { namespaces, within }: Walk): boolean {
  if (namespaces === undefined) return false;
  const real = realOf(path);
  return real === undefined || within === undefined || !`${real}${sep}`.startsWith(`${within}${sep}`);
}

function addFile(file: string, stats: BigIntStats, { files, namespaces, kinds, defaultNamespace }: Walk): void {
  const before = files.get(file);
  files.set(file, {
    file,
    namespaces: before === undefined ? namespaces : narrower(before.namespaces, namespaces),
    kinds: before === undefined ? kinds : wider(before.kinds, kinds),
    defaultNamespace:
      before === undefined || before.defaultNamespace === defaultNamespace ? defaultNamespace : undefined,
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
