/**
 * The thread that fetches bundles, as the server sees it: started at the first fetch, and anew at the next one where it has ended.
 * @module
 */
import { Worker } from 'node:worker_threads';
import { entryFile } from '../entry-file.ts';
import type { FetchOrder, FetchOutcome, FromFetcher, ToFetcher } from './fetch-order.ts';

/** Fetches bundles beside everything else. */
export interface FetchThread extends AsyncDisposable {
  /** Never rejects. */
  fetch(order: FetchOrder): Promise<FetchOutcome>;
}

/** Some megabytes at once are what it ever holds. */
const MOST_HEAP_MB = 128;
/** What the thread itself should have ended by then. */
const LATE_MS = 5_000;

/** Makes the thread's handle; nothing is started yet. */
export function createFetchThread(): FetchThread {
  const waiting = new Map<number, (outcome: FetchOutcome) => void>();
  let worker: Worker | undefined;
  let last = 0;

  const stop = async (why: string): Promise<void> => {
    const ending = worker;
    worker = undefined;
    for (const end of [...waiting.values()]) end({ failure: why });
    await ending?.terminate();
  };
  const start = (): Worker => {
    const started = new Worker(entryFile('federation-main'), {
      name: 'federation',
      resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MB },
    });
    const failed = (why: string): void => {
      if (worker === started) void stop(`the thread that fetches bundles has ended: ${why}`);
    };
    started.on('message', ({ id, outcome }: FromFetcher) => waiting.get(id)?.(outcome));
    started.on('error', (error) => failed(String(error)));
    started.on('exit', () => failed('it exited'));
    started.unref();
    return started;
  };
  return {
    fetch(order) {
      return new Promise((resolve) => {
        const id = ++last;
        const timer = setTimeout(() => void stop('the thread that fetches bundles hangs'), order.timeoutMs + LATE_MS);
        waiting.set(id, (outcome) => {
          clearTimeout(timer);
          waiting.delete(id);
          resolve(outcome);
        });
        worker ??= start();
        worker.postMessage({ id, ...order } satisfies ToFetcher);
      });
    },
    [Symbol.asyncDispose]: () => stop('the server ends'),
  };
}
