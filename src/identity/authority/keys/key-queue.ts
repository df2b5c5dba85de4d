/**
 * Makes keys of SVIDs. Those that cost much CPU take turns, one identity after the other, so that nobody waits for all keys of
 * another; who has left before his turn gets none.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import type { KeyPairDer, KeyType } from '../../pki/key-type.ts';

/** Makes keys, a limited number at once. */
export interface KeyQueue {
  /**
   * @param who  shares a place in the round with all of his
   * @throws GatehouseError `cancelled` when `signal` aborts before the key is begun
   */
  make(keyType: KeyType, who: string, signal?: AbortSignal): Promise<KeyPairDer>;
}

export interface KeyQueueDeps {
  readonly generate: (keyType: KeyType) => Promise<KeyPairDer>;
  /** How many are made at the same time. */
  readonly atOnce: number;
}

interface Job {
  readonly begin: () => Promise<void>;
  readonly cancel: () => void;
}

/** About a tenth of a second of a core; a key on a curve takes less than the queue would. */
const isCostly = (keyType: KeyType): boolean => keyType === 'rsa-2048';

/** Creates an empty queue. */
export function createKeyQueue({ generate, atOnce }: KeyQueueDeps): KeyQueue {
  /** By who waits, whose turn is next first. */
  const waiting = new Map<string, Set<Job>>();
  let running = 0;

  const next = (): Job | undefined => {
    for (const [who, jobs] of waiting) {
      waiting.delete(who);
      for (const job of jobs) {
        jobs.delete(job);
        if (jobs.size > 0) waiting.set(who, jobs); // behind all others
        return job;
      }
    }
    return undefined;
  };
  const pump = (): void => {
    while (running < atOnce) {
      const job = next();
      if (!job) return;
      running += 1;
      void job.begin().finally(() => {
        running -= 1;
        pump();
      });
    }
  };
  return {
    make(keyType, who, signal) {
      if (!isCostly(keyType)) return generate(keyType);
      const { promise, resolve, reject } = Promise.withResolvers<KeyPairDer>();
      if (signal?.aborted) return Promise.reject(gone());
      const job: Job = {
        begin() {
          signal?.removeEventListener('abort', job.cancel);
          return generate(keyType).then(resolve, reject);
        },
        cancel() {
          const jobs = waiting.get(who);
          jobs?.delete(job);
          if (jobs?.size === 0) waiting.delete(who);
          reject(gone());
        },
      };
      signal?.addEventListener('abort', job.cancel, { once: true });
      const jobs = waiting.get(who) ?? new Set();
      waiting.set(who, jobs.add(job));
      pump();
      return promise;
    },
  };
}

/** The answer to a caller who does not wait for it. */
export function gone(): GatehouseError {
  return new GatehouseError('cancelled', 'the caller has gone before its SVID was signed');
}
