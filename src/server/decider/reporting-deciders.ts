/**
 * What the authority makes of the reports of deciders elsewhere: who calls whom, who distrusts whom, and who has fallen silent.
 * @module
 */
import type { Authority } from '../../identity/authority/authority.ts';
import type { DeciderReports } from '../../identity/delivery/feed/decider-reports.ts';
import type { DeciderCounts } from '../log/decider-counts.ts';

const LOOK_EVERY_MS = 60_000;

/** Tells the reports which deciders hold a certificate, now and each minute: one that says nothing is named all the same. */
export function keepDecidersKnown(
  { deciderNames }: Pick<Authority, 'deciderNames'>,
  reports: DeciderReports,
): Disposable {
  const look = (): void =>
    void deciderNames.living().then(
      (names) => reports.known(names, Date.now()),
      () => undefined, // the store is away: those that were known stay
    );
  look();
  const timer = setInterval(look, LOOK_EVERY_MS).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/**
 * Reports the holder of a certificate that was refused; a certificate of no authority of ours is nobody's.
 *
 * @param decider  elsewhere, that says so: all that it says together is the word of one witness
 */
export function reportRefusal(
  authority: { readonly holderOf: (certificate: Uint8Array) => string | undefined } & Pick<Authority, 'reportTrouble'>,
  certificate: Uint8Array,
  decider?: string,
): void {
  const holder = authority.holderOf(certificate);
  if (holder !== undefined) authority.reportTrouble(holder, decider && `decider ${decider}`);
}

/** Who was seen to call whom. */
interface CalledPair {
  readonly caller: string;
  readonly callee: string;
}

/** Pairs of caller and callee that were seen here, and those that deciders elsewhere allowed. */
export function withRemote(own: readonly CalledPair[], counts: readonly DeciderCounts[]): readonly CalledPair[] {
  const pairs = new Map(own.map((edge) => [`${edge.caller} ${edge.callee}`, edge]));
  for (const { edges } of counts)
    for (const { caller, destination, decision } of edges)
      if (decision === 'allow' && destination !== '' && caller.startsWith('spiffe://'))
        pairs.set(`${caller} ${destination}`, { caller, callee: destination });
  return [...pairs.values()];
}
