/**
 * All deciders as one: the processes of this server, and those elsewhere that follow it.
 * @module
 */
import type { Followers } from '../identity/delivery/feed/followers.ts';
import type { Deciders } from './decider/deciders.ts';

export type AllDeciders = Pick<Deciders, 'report' | 'sights' | 'revokedBy'>;

/** Joins them. */
export function joinDeciders(own: Deciders | undefined, followers: Followers): AllDeciders {
  return {
    async report(timeoutMs) {
      await own?.report(timeoutMs);
    },
    sights: () => [
      ...(own?.sights() ?? []),
      ...followers.all().map(({ decider, revocationSequence, peersWithCertificate, peersWithout }) => ({
        pid: 0,
        decider,
        generation: 0,
        revocationSequence,
        peersWithCertificate,
        peersWithout,
      })),
    ],
    async revokedBy(sequence, timeoutMs) {
      const both = [own, followers].map((each) => each?.revokedBy(sequence, timeoutMs) ?? Promise.resolve(true));
      return (await Promise.all(both)).every(Boolean);
    },
  };
}
