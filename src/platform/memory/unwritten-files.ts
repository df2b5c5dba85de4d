/**
 * Which parts of a process's memory are in files as well.
 * @module
 */

/** A part of the address space. */
interface Mapping {
  readonly from: bigint;
  readonly length: bigint;
}

/**
 * Mappings of files that nobody can write and nobody has written: all that is in them is in the file too.
 * One whose pages the loader has changed, such as relocated tables, has pages that are `Anonymous`: they would be lost.
 *
 * @param smaps  of `/proc/PID/smaps` (`man 5 proc_pid_smaps`)
 */
export function unwrittenFiles(smaps: string): readonly Mapping[] {
  const mappings = smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  return mappings.flatMap((text) => {
    const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p \S+ \S+ [1-9]\d* +\//.exec(text) ?? [];
    const isUnwritten = /^Anonymous: +0 kB$/m.test(text) && /^Private_Dirty: +0 kB$/m.test(text);
    if (from === undefined || to === undefined || !isUnwritten) return [];
    const start = BigInt(`0x${from}`);
    return [{ from: start, length: BigInt(`0x${to}`) - start }];
  });
}
