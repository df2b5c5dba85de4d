/**
 * The flags of Node under which the processes of a server run.
 * @module
 */

/** No debugger by a signal, and no warnings of what we use knowingly. */
const COMMON_FLAGS = ['--disable-sigusr1', '--disable-warning=ExperimentalWarning'] as const;
/**
 * MiB. What a Check, an edit or an issuance makes is soon over: more room for what is young would only become resident. With 8 the
 * primary, which reads many policies at its start, collects half as often as with 4. V8 takes no other size once it runs.
 */
const YOUNG_GENERATION = { primary: '--max-semi-space-size=8', decider: '--max-semi-space-size=4' } as const;
/** MiB. V8 waits for hundreds of them before its first full collection, unless it is told that a heap begins small. */
const EARLY_COLLECTION = '--initial-heap-size=32';
/** A collection that other threads help with waits for them to get a core, which a busy machine gives them milliseconds later. */
const WITHOUT_THREADS = '--single-threaded-gc';

/** Of `serve`; `bin/gatehouse` has the same. */
const PRIMARY_FLAGS = [...COMMON_FLAGS, YOUNG_GENERATION.primary, EARLY_COLLECTION] as const;
/** Of a decider process. */
export const DECIDER_FLAGS = [...COMMON_FLAGS, YOUNG_GENERATION.decider, EARLY_COLLECTION, WITHOUT_THREADS] as const;

/** The environment of both: glibc keeps what each of V8's threads has freed after compiling, unless they share. */
export const ONE_ARENA = { MALLOC_ARENA_MAX: '1' } as const;

/** Those of `serve` that a process was not started with; one with another value stays as it was given. */
export function missingFlags(given: readonly string[]): readonly string[] {
  const names = new Set(given.map(nameOf));
  return PRIMARY_FLAGS.filter((flag) => !names.has(nameOf(flag)));
}

/** V8 takes `_` for `-`. */
const nameOf = (flag: string): string => flag.replace(/=.*/s, '').replaceAll('_', '-');
