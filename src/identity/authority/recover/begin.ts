/**
 * Begins anew on purpose where a store is lost for good: old keys are moved aside, and the next start makes new authorities.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import type { KeyBlobs } from '../keys/signer.ts';
import { refuseBesideReplicas } from '../replicas.ts';
import { type SeenStore, type StoreMemory, seenOf } from '../store/known-store.ts';
import { emptyState } from '../store/state.ts';
import type { AuthorityStore } from '../store/store.ts';

export interface BeginDeps {
  readonly trustDomain: TrustDomain;
  readonly store: AuthorityStore;
  readonly keys: KeyBlobs;
  readonly memory: StoreMemory;
  readonly clock: Clock;
}

/** What was left behind. */
export interface Begun {
  /** The authorities that this place remembers, for people. */
  readonly known: readonly string[];
  /** Where each key went. */
  readonly setAside: readonly string[];
}

const NOTHING_SEEN: SeenStore = { version: 0, sequence: 0, known: [] };

/**
 * Begins anew in the store that `deps` hold open. Sequences go on above those of the authority before.
 *
 * @throws GatehouseError `message_invalid` without a reason; `store_locked` when a replica lives; `slot_state` when the store
 *   knows authorities, or nothing is left of an authority before
 */
export async function beginAnew(who: string, reason: string, deps: BeginDeps): Promise<Begun> {
  const { trustDomain, store, keys, memory, clock } = deps;
  if (reason.trim() === '')
    throw new GatehouseError('message_invalid', 'to begin anew needs a reason (--reason TEXT), which the audit keeps');
  await using _here = await refuseBesideReplicas(store, 'ca begin');
  const { state, version } = await store.load();
  const held = await keys.list();
  const seen = memory.read() ?? NOTHING_SEEN;
  if (state !== undefined && state.authorities.length > 0)
    throw new GatehouseError(
      'slot_state',
      'the store knows authorities: rotate them instead (gatehouse ca rotate), which nobody notices',
      { authorities: state.authorities.map(({ id }) => id) },
    );
  if (held.length === 0 && seen.known.length === 0)
    throw new GatehouseError('slot_state', 'nothing is left of an authority before: start the server, which makes one');
  const atMs = clock.now();
  const sequence = Math.max(seen.sequence, Math.floor(atMs / 1000)) + 1;
  const begun = { ...emptyState(trustDomain), sequence, crlNumber: sequence, revocationSequence: sequence };
  const beginVersion = Math.max(version, seen.version) + 1;
  const audit = { at: atMs, who, verb: 'ca begin', use: '', authorityId: '', reason, result: 'done' } as const;
  await store.restore({
    version: beginVersion,
    state: begun,
    consumers: [],
    revocations: [],
    audit: [audit],
  });
  const setAside: string[] = [];
  for (const id of held) setAside.push(await keys.setAside(id));
  memory.write(seenOf(begun, beginVersion));
  return { known: seen.known, setAside };
}
