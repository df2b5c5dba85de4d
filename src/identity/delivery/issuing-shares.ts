/**
 * Shares of issuing: an identity gets so many SVIDs at once and so many a second, so that one workload can neither keep the
 * authority busy nor fill its ledger.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import type { IdentitySource } from '../source/identity-source.ts';

/** How many SVIDs an identity may have at once, and how many a second after that. */
export interface Share {
  readonly atOnce: number;
  readonly perSecond: number;
}

/** An X.509-SVID is for every instance of a workload; tokens are fetched by each for what it calls. */
const usualShares: Readonly<Record<'x509' | 'jwt', Share>> = {
  x509: { atOnce: 2_000, perSecond: 100 },
  jwt: { atOnce: 1_000, perSecond: 50 },
};

/** So many are remembered; then those whose share is whole again are forgotten. */
const MOST_REMEMBERED = 10_000;

/**
 * The same source, each identity within its share; `too_many_requests` beyond it.
 *
 * @param now  milliseconds of a clock that does not go back
 */
export function shareIssuing<S extends Pick<IdentitySource, 'issueX509' | 'issueJwt'>>(
  source: S,
  shares = usualShares,
  now: () => number = () => performance.now(),
): S {
  const spend = {
    x509: createShares('X.509-SVIDs', shares.x509, now),
    jwt: createShares('JWT-SVIDs', shares.jwt, now),
  };
  return {
    ...source,
    async issueX509(request) {
      spend.x509(request.entitlement.spiffeId);
      return source.issueX509(request);
    },
    async issueJwt(request) {
      spend.jwt(request.entitlement.spiffeId);
      return source.issueJwt(request);
    },
  };
}

function createShares(what: string, { atOnce, perSecond }: Share, now: () => number): (who: string) => void {
  const used = new Map<string, { taken: number; at: number }>();
  const takenNow = ({ taken, at }: { taken: number; at: number }, time: number): number =>
    Math.max(0, taken - ((time - at) / 1_000) * perSecond);
  return (who) => {
    const time = now();
    if (used.size >= MOST_REMEMBERED) {
      for (const [each, share] of used) if (takenNow(share, time) === 0) used.delete(each);
    }
    const known = used.get(who);
    const taken = known === undefined ? 0 : takenNow(known, time);
    if (taken + 1 > atOnce) {
      const text = `${who} has asked for more than ${atOnce} ${what} at once and ${perSecond} a second: wait, and keep what you have until it is half over`;
      throw new GatehouseError('too_many_requests', text, { spiffeId: who, peerText: text });
    }
    used.set(who, { taken: taken + 1, at: time });
  };
}
