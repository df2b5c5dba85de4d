/**
 * The replicas that share a store: each sends heartbeats, with a report of what its deciders have in force.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises';
import { GatehouseError } from '../../errors.ts';
import type { AuthorityStore, LivingReplica } from './store/store.ts';

/** What one replica reports of its deciders, its own and those that follow it. */
export interface ReplicaReport {
  /** For people: where it runs. */
  readonly name: string;
  /** Of the revocations by which all of its deciders refuse; -1 before it has said. */
  readonly revocationSequence: number;
  readonly deciders: number;
  /** Deciders that have seen no certificate of a peer since they were started. */
  readonly blindDeciders: number;
  /** Checks that named a peer without its certificate. */
  readonly peersWithout: number;
  /** Names of the key-encryption keys that it knows; absent before it has said. */
  readonly keyEncryptionKeys?: readonly string[];
  /** The one with which it wraps new keys. */
  readonly wrapsWith?: string;
}

/** The replicas of one store, as one of them sees them. */
export interface Replicas {
  /** Says that this replica lives; returns the names of all that do, itself included. */
  sendHeartbeat(): Promise<readonly string[]>;
  /** The last reports of the others that live. */
  others(): Promise<readonly ReplicaReport[]>;
  /**
   * Waits until all others refuse by the revocations of that sequence, at most `timeoutMs`.
   * @returns the report of each by then
   */
  revokedBy(sequence: number, timeoutMs: number): Promise<readonly ReplicaReport[]>;
  /** Says that this replica is gone: no other needs to wait for it. */
  leave(): Promise<void>;
}

const LOOK_EVERY_MS = 50;
/** A store that is away must not hold up an end. */
const LEAVE_WITHIN_MS = 1_000;

/**
 * Creates the view of the replicas from one of them.
 *
 * @param report  asked at each heartbeat
 */
export function createReplicas(
  store: AuthorityStore,
  replica: string,
  report: () => Partial<ReplicaReport> | undefined,
): Replicas {
  const look = async (): Promise<readonly LivingReplica[]> => store.heartbeat(replica, JSON.stringify(report() ?? {}));
  const others = async (): Promise<readonly ReplicaReport[]> =>
    store.shared ? (await look()).filter((each) => each.replica !== replica).map(reportOf) : [];
  return {
    sendHeartbeat: async () => (await look()).map((each) => each.replica),
    others,
    async revokedBy(sequence, timeoutMs) {
      const until = performance.now() + timeoutMs;
      for (;;) {
        const reports = await others();
        const all = reports.every((each) => each.revocationSequence >= sequence);
        if (all || performance.now() >= until) return reports;
        await delay(LOOK_EVERY_MS);
      }
    },
    async leave() {
      const timer = delay(LEAVE_WITHIN_MS, undefined, { ref: false });
      await Promise.race([store.leave(replica).catch(() => undefined), timer]);
    },
  };
}

/** One that has said nothing, or is of an older version, has confirmed nothing. */
function reportOf({ replica, word }: LivingReplica): ReplicaReport {
  const said = JSON.parse(word) as Partial<ReplicaReport>; // written by a replica of ours
  return { name: replica, revocationSequence: -1, deciders: 0, blindDeciders: 0, peersWithout: 0, ...said };
}

/**
 * Says that an offline command has the store, for as long as what it answers is not disposed.
 *
 * @throws GatehouseError `store_locked` when a replica lives
 */
export async function refuseBesideReplicas(store: AuthorityStore, command: string): Promise<AsyncDisposable> {
  const alive = await store.heartbeat(command, '{}');
  const others = alive.map(({ replica }) => replica).filter((replica) => replica !== command);
  const leave = (): Promise<void> => store.leave(command);
  if (others.length === 0) return { [Symbol.asyncDispose]: leave };
  await leave();
  throw new GatehouseError('store_locked', `${others.length} replicas use this store; stop them first`, { others });
}
