/**
 * All deciders as one: the processes of this server, and those elsewhere that follow it.
 * @module
 */
import type { Followers } from '../../identity/delivery/feed/followers.ts';
import type { Deciders } from './deciders.ts';

export interface AllDeciders extends Pick<Deciders, 'report' | 'sights' | 'revokedBy'> {
  /** Those elsewhere that followed lately and do not now. */
  missing(): readonly { readonly decider: string; readonly leftAt: number }[];
}

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
    missing: () => followers.missing(Date.now()),
    async revokedBy(sequence, timeoutMs) {
      const both = [own, followers].map((each) => each?.revokedBy(sequence, timeoutMs) ?? Promise.resolve(true));
      return (await Promise.all(both)).every(Boolean);
    },
  };
}
