/**
 * The entry of the thread that fetches bundles of other trust domains: whatever they send, nobody else waits for it to be read.
 * @module
 */
import { parentPort } from 'node:worker_threads';
import { fetchBundle } from '../federation/fetch-bundle.ts';
import type { FromFetcher, ToFetcher } from '../federation/fetch-order.ts';

const never = new AbortController().signal; // the thread ends with all that it is at

parentPort?.on('message', ({ id, ...order }: ToFetcher) => {
  void fetchBundle(order, never).then((outcome) => parentPort?.postMessage({ id, outcome } satisfies FromFetcher));
});
