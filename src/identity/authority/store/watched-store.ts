/**
 * The store, with what becomes of its calls told at once: a disk that is full or a database that is away is known by the first
 * call that meets it, not by the next look.
 * @module
 */
import { asGatehouseError, GatehouseError } from '../../../errors.ts';
import type { AuthorityStore } from './store.ts';

/** Hears how the calls of a store end. */
export interface StoreWitness {
  /** The store failed. */
  failed(error: GatehouseError): void;
  /** Something was made durable: a certificate could be issued now. */
  written(): void;
}

/** A call that takes a few milliseconds and has not answered for so long: the store is frozen, or as good as that. */
const SILENT_MS = 2_000;

/** Wraps the calls by which certificates are issued and replicas hear of each other. */
export function watchStore(store: AuthorityStore, witness: StoreWitness): AuthorityStore {
  const watched = <A extends unknown[], R>(call: (...args: A) => Promise<R>, isWrite: (...args: A) => boolean) => {
    return async (...args: A): Promise<R> => {
      const timer = setTimeout(() => witness.failed(silent()), SILENT_MS);
      try {
        const answer = await call(...args);
        if (isWrite(...args)) witness.written();
        return answer;
      } catch (thrown) {
        const error = asGatehouseError(thrown);
        if (error.code === 'store_unavailable') witness.failed(error);
        throw thrown;
      } finally {
        clearTimeout(timer);
      }
    };
  };
  const always = (): boolean => true;
  const never = (): boolean => false;
  return {
    ...store,
    load: watched(store.load, never),
    change: watched(store.change, never), // it writes only where the step changes something
    appendLedger: watched(store.appendLedger, (rows) => rows.length > 0),
    heartbeat: watched(store.heartbeat, always),
    appendAudit: watched(store.appendAudit, always),
    revocations: watched(store.revocations, never),
  };
}

const silent = (): GatehouseError =>
  new GatehouseError('store_unavailable', `the store has not answered for ${SILENT_MS / 1000} s`);
