/**
 * What a process runs: the path and the hash of its executable.
 * @module
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type FileHandle, open, readlink, stat } from 'node:fs/promises';
import type { Selector } from '../../spiffe/selector.ts';

/** Which facts some entry asks for; what nobody asks for is not read. */
export interface WantedFacts {
  readonly path: boolean;
  readonly sha256: boolean;
}

/** Finds out what entries ask for. @param selectors  of all entries */
export function wantedFacts(selectors: Iterable<Selector>): WantedFacts {
  const all = [...selectors];
  return {
    path: all.some((selector) => selector.startsWith('unix:path:')),
    sha256: all.some((selector) => selector.startsWith('unix:sha256:')),
  };
}

export interface Executables {
  /** Selectors `unix:path` and `unix:sha256` of a living process; those that cannot be proved are left out. */
  selectorsOf(pid: number, wanted: WantedFacts): Promise<Selector[]>;
}

const MAX_HASHES = 1_000;

/** Creates a reader that remembers the hash of a file for as long as the file has not changed. */
export function createExecutables(): Executables {
  const hashes = new Map<string, string>();

  async function sha256Of(file: FileHandle, version: string): Promise<string> {
    const known = hashes.get(version);
    if (known !== undefined) return known;
    const hash = createHash('sha256');
    for await (const chunk of file.createReadStream({ autoClose: false, start: 0 })) hash.update(chunk as Buffer); // no encoding set
    const digest = hash.digest('hex');
    if (hashes.size >= MAX_HASHES) hashes.clear();
    hashes.set(version, digest);
    return digest;
  }

  return {
    async selectorsOf(pid, wanted) {
      if (!wanted.path && !wanted.sha256) return [];
      const exe = `/proc/${pid}/exe`;
      try {
        // The link leads to the file itself, also when its name now leads to another one.
        await using file = await open(exe, 'r');
        const { dev, ino, size, mtimeNs, ctimeNs } = await file.stat({ bigint: true });
        const selectors: Selector[] = [];
        if (wanted.path) {
          // A process in a mount namespace of its own can call its file as it likes: the name must be that file for us, too.
          const path = await readlink(exe);
          const named = await stat(path, { bigint: true }).catch(() => undefined);
          if (named?.dev === dev && named.ino === ino) selectors.push(`unix:path:${path}`);
        }
        if (wanted.sha256) {
          selectors.push(`unix:sha256:${await sha256Of(file, [dev, ino, size, mtimeNs, ctimeNs].join(':'))}`);
        }
        return selectors;
      } catch {
        return []; // gone, or not ours to read: it has no such selectors
      }
    },
  };
}

const CAP_SYS_PTRACE = 19n;

/** Whether we may read the executables of processes of other users (CAP_SYS_PTRACE, `man 5 proc`). */
export function mayReadForeignExecutables(status = readFileSync('/proc/self/status', 'utf8')): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return effective !== undefined && ((BigInt(`0x${effective}`) >> CAP_SYS_PTRACE) & 1n) === 1n;
}
