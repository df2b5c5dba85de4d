/**
 * What this server says to the other replicas of its deciders: its own processes, and those elsewhere that follow it.
 * @module
 */
import { hostname } from 'node:os';
import type { ReplicaReport } from '../../identity/authority/replicas.ts';
import type { AllDeciders } from './all-deciders.ts';

/** @param revocationSequence  of the revocations that we hold ourselves; -1 before the first */
export function replicaWord(deciders: Pick<AllDeciders, 'sights'>, revocationSequence: number): ReplicaReport {
  const sights = deciders.sights();
  return {
    name: `${hostname()} pid ${process.pid}`,
    revocationSequence: Math.min(revocationSequence, ...sights.map((each) => each.revocationSequence)),
    deciders: sights.length,
    blindDeciders: sights.filter(({ peersWithCertificate }) => peersWithCertificate === 0).length,
    peersWithout: sights.reduce((sum, { peersWithout }) => sum + peersWithout, 0),
  };
}
