/**
 * Tells a store that was set back while we run: restored from a copy, or a standby that was promoted and had not everything.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import type { AuthorityState } from './state.ts';
import type { VersionedState } from './store.ts';

/** What only rises, and by its name for people. */
const counters = {
  "the bundle's sequence": ({ sequence }: AuthorityState) => sequence,
  'the number of its CRLs': ({ crlNumber }: AuthorityState) => crlNumber,
  'the sequence of revocations': ({ revocationSequence }: AuthorityState) => revocationSequence,
} as const;

/** Which authorities there are, and in which slots. */
const authoritiesIn = ({ authorities }: AuthorityState): string =>
  authorities
    .map(({ id, slot }) => `${slot} ${id}`)
    .toSorted()
    .join('\n');

/**
 * Demands that what the store has now can have come of what was known of it.
 *
 * @param known  what this process saw last
 * @throws GatehouseError `store_unusable` where it is older, or went on from an older one
 */
export function demandNotSetBack(known: Required<VersionedState>, found: VersionedState): void {
  const why = whySetBack(known, found);
  if (why === undefined) return;
  throw new GatehouseError(
    'store_unusable',
    `the store is older than it was: ${why}; what was revoked since may be missing, so nothing is issued and nothing changed. Bring back the newer one, or stop every replica, bring a backup forward (gatehouse restore FILE --reason TEXT), and start them again`,
    { version: found.version, seen: known.version },
  );
}

function whySetBack(known: VersionedState, { version, state }: VersionedState): string | undefined {
  if (known.state === undefined || known.version === 0) return undefined; // nothing was there yet
  if (version < known.version || state === undefined)
    return `it has version ${version} of the authorities' state, and had ${known.version}`;
  for (const [name, of] of Object.entries(counters))
    if (of(state) < of(known.state)) return `${name} is ${of(state)}, and was ${of(known.state)}`;
  if (version === known.version && authoritiesIn(state) !== authoritiesIn(known.state))
    return `its version ${version} has other authorities than it had`;
  return undefined;
}
