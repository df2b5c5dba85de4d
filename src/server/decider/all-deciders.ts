/**
 * All deciders as one: the processes of this server, and those elsewhere that follow it.
 * @module
 */
import { hostname } from 'node:os';
import type { ReplicaReport } from '../../identity/authority/replicas.ts';
import type { Followers } from '../../identity/delivery/feed/followers.ts';
import type { Deciders } from './deciders.ts';

/** What is asked of every decider that goes by this server. */
export interface AllDeciders extends Pick<Deciders, 'report' | 'statuses' | 'revokedBy'> {
  /** Takes in the processes of this server, once they are started: before, nothing is decided here. */
  add(own: Deciders): void;
  /** Those elsewhere that followed lately and do not now. */
  missing(): readonly { readonly decider: string; readonly leftAt: number }[];
}

/** Creates them: the followers alone until `add` is called. */
export function createAllDeciders(followers: Followers): AllDeciders {
  const own: Deciders[] = [];
  return {
    add: (deciders) => void own.push(deciders),
    async report(timeoutMs) {
      await Promise.all(own.map((each) => each.report(timeoutMs)));
    },
    statuses: () => [
      ...own.flatMap((each) => each.statuses()),
      ...followers.all().map(({ decider, revocationSequence, peersWithCertificate, peersWithout }) => ({
        pid: 0,
        decider,
        generation: 0,
        revocationSequence,
        peersWithCertificate,
        peersWithout,
      })),
    ],
    missing: () => followers.missing(Date.now()),
    async revokedBy(sequence, timeoutMs) {
      const reached = [...own, followers].map((each) => each.revokedBy(sequence, timeoutMs));
      return (await Promise.all(reached)).every(Boolean);
    },
  };
}

/**
 * What this server says to the other replicas of all its deciders.
 *
 * @param revocationSequence  of the revocations that we hold ourselves; -1 before the first
 */
export function replicaReport(deciders: Pick<AllDeciders, 'statuses'>, revocationSequence: number): ReplicaReport {
  const statuses = deciders.statuses();
  return {
    name: `${hostname()} pid ${process.pid}`,
    revocationSequence: Math.min(revocationSequence, ...statuses.map((each) => each.revocationSequence)),
    deciders: statuses.length,
    blindDeciders: statuses.filter(({ peersWithCertificate }) => peersWithCertificate === 0).length,
    peersWithout: statuses.reduce((sum, { peersWithout }) => sum + peersWithout, 0),
  };
}
