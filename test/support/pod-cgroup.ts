/**
 * Control groups as a kubelet makes them, for processes of a test; needs root.
 * @module
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

/** A control group that is there until disposed; it can go only when no process is in it. */
export interface PodCgroup extends Disposable {
  /** A shell command that puts the shell there. */
  readonly enter: string;
}

/** Makes the group `path` below the root of a hierarchy, with those above it. @param path  e.g. `kubepods/podUID/ID` */
export function makeCgroup(path: string): PodCgroup {
  const root = hierarchy();
  const directory = join(root, path);
  const above = path.split('/').map((_, i, parts) => join(root, ...parts.slice(0, i + 1)));
  const made = above.filter((each) => !existsSync(each));
  mkdirSync(directory, { recursive: true });
  return {
    enter: `echo $$ > ${join(directory, 'cgroup.procs')}`,
    [Symbol.dispose]() {
      for (const each of made.reverse()) rmdirSync(each);
    },
  };
}

/** Where groups are made: version 2, or the `pids` of version 1. */
function hierarchy(): string {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '));
  const found =
    mounts.find(([, , type, options = '']) => type === 'cgroup' && options.split(',').includes('pids')) ??
    mounts.find(([, , type]) => type === 'cgroup2');
  if (found?.[1] === undefined) throw new Error('no control groups are mounted: this test needs them, and root');
  return found[1];
}
