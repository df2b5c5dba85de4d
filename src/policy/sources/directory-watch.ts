/**
 * Tells when something may have changed in some directories.
 * @module
 */
import { type FSWatcher, lstatSync, type Stats, watch } from 'node:fs';
import { basename, join } from 'node:path';
import { Burst, type EntryState } from './burst.ts';
import type { SeenDirectory } from './scan.ts';

/** How long a watch waits before it tells of a change. */
export interface WatchTimes {
  /** Quiet that must follow a change. */
  readonly quietMs: number;
  /** Quiet that must follow when whole files were moved into place: others may follow. */
  readonly movedMs: number;
  /** However much goes on, a change is told after this. */
  readonly mostMs: number;
  /** Looks without being told: network file systems tell nothing. 0: never. */
  readonly pollMs: number;
}

/** Calls `onChange` once for a burst of changes. Watches nothing until `follow`. */
export class DirectoryWatch implements Disposable {
  readonly #onChange: () => void;
  readonly #times: WatchTimes;
  readonly #watchers = new Map<string, { readonly inode: bigint; readonly watcher: FSWatcher }>();
  #directories: ReadonlyMap<string, SeenDirectory> = new Map();
  readonly #poll: NodeJS.Timeout | undefined;
  #timer: NodeJS.Timeout | undefined;
  #firstAt: number | undefined;
  #burst = new Burst();

  constructor(times: WatchTimes, onChange: () => void) {
    this.#times = times;
    this.#onChange = onChange;
    if (times.pollMs > 0) this.#poll = setInterval(onChange, times.pollMs).unref();
  }

  /** Watches exactly these directories. True if one of them is new, so that something may have been missed. */
  follow(directories: ReadonlyMap<string, SeenDirectory>): boolean {
    this.#directories = directories;
    for (const [path, { inode, watcher }] of this.#watchers) {
      if (directories.get(path)?.inode === inode) continue;
      watcher.close();
      this.#watchers.delete(path);
    }
    let grew = false;
    for (const [path, { inode }] of directories) {
      if (!this.#watchers.has(path)) grew = this.#open(path, inode) || grew;
    }
    return grew;
  }

  #open(path: string, inode: bigint): boolean {
    try {
      const watcher = watch(path, (event, name) => {
        if (event === 'rename' && name === basename(path)) return this.#close(path, watcher); // gone itself, as Linux tells it
        if (event === 'change' && name !== null && this.#directories.get(path)?.names?.has(name) === false) return;
        if (name === null) this.#burst.note('change', path, 'other');
        else this.#burst.note(event, join(path, name), entryStateOf(join(path, name)));
        this.#stir();
      });
      watcher.on('error', () => this.#close(path, watcher));
      this.#watchers.set(path, { inode, watcher });
      return true;
    } catch {
      return false; // gone meanwhile, or no watches left: the poll sees to it
    }
  }

  #close(path: string, watcher: FSWatcher): void {
    watcher.close();
    if (this.#watchers.get(path)?.watcher === watcher) this.#watchers.delete(path);
    this.#burst.note('change', path, 'other');
    this.#stir();
  }

  #stir(): void {
    const now = performance.now();
    this.#firstAt ??= now;
    clearTimeout(this.#timer);
    const { quietMs, movedMs, mostMs } = this.#times;
    const wait = Math.min(this.#burst.isWhole ? movedMs : quietMs, Math.max(0, this.#firstAt + mostMs - now));
    this.#timer = setTimeout(() => {
      this.#firstAt = undefined;
      this.#burst = new Burst();
      this.#onChange();
    }, wait);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#poll);
    clearTimeout(this.#timer);
    for (const { watcher } of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }
}

/** A link is not what it points to, which may be written still; neither is what may not be looked at known to be whole. */
function entryStateOf(path: string): EntryState {
  const found = entryAt(path);
  if (found === undefined) return 'gone';
  if (found === 'hidden' || !found.isFile()) return 'other';
  return found.size === 0 ? 'empty' : 'file';
}

/** `hidden`: it may not be looked at. A watch calls us, and nobody would catch what we throw. */
function entryAt(path: string): Stats | 'hidden' | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return 'hidden'; // its directory may not be entered any more, or lies on a server that has forgotten it
  }
}
