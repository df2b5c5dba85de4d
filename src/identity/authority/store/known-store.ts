/**
 * Tells a first start from a store that was lost, misspelt, cut or set back: by the keys that lie there, and by what this place
 * remembers of its store, kept apart from it.
 * @module
 */
import { asGatehouseError, GatehouseError } from '../../../errors.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import type { KeyStore } from '../keys/signer.ts';
import type { CurrentState } from './current-state.ts';
import { type AuthorityState, emptyState, keysLetGo } from './state.ts';
import type { AuthorityStore } from './store.ts';

/** What was last seen in the store of a trust domain. */
export interface SeenStore {
  /** The state's. */
  readonly version: number;
  /** The highest of all sequences that were published. */
  readonly sequence: number;
  /** Which authorities there were, for people. */
  readonly known: readonly string[];
}

/** Kept where the keys are not lost with the store. */
export interface StoreMemory {
  read(): SeenStore | undefined;
  /** Durable when it returns. */
  write(seen: SeenStore): void;
}

export interface KnownStoreDeps {
  readonly trustDomain: TrustDomain;
  readonly store: AuthorityStore;
  readonly keys: Pick<KeyStore, 'list'>;
  readonly memory?: StoreMemory | undefined;
  /** For people: where the store and the keys are. */
  readonly places?: Places | undefined;
}

/** Where the store and the keys are, for people; never a password. */
export interface Places {
  readonly store: string;
  readonly keys: string;
}

/**
 * Makes sure that the store is the one that belongs to these keys. A new one is begun, and says so itself from then on: keys that
 * a crash leaves behind are told by that from keys whose store is lost.
 *
 * @returns whether it was begun just now
 * @throws GatehouseError `store_unusable` when it knows no authority while there was one, or is older than it was
 */
export async function recognizeStore({ trustDomain, store, keys, memory, places }: KnownStoreDeps): Promise<boolean> {
  const held = await keys.list(); // before the state: who makes a key has begun the store
  const seen = memory?.read();
  const { state, version } = await store.load();
  const known = [...held.map((id) => `key ${id}`), ...(seen?.known ?? [])];
  const isNew = state === undefined;
  if ((isNew && known.length > 0) || (state?.authorities.length === 0 && seen !== undefined && seen.known.length > 0))
    throw lost(known, places);
  if (seen !== undefined && version < seen.version) throw setBack(seen, version, places);
  if (isNew) await store.change((stored) => ({ state: stored ?? emptyState(trustDomain) }));
  return isNew;
}

const waysOut =
  'Correct store or dataDir in the configuration, mount what is missing, or bring a backup back: gatehouse restore FILE';

function lost(known: readonly string[], places: Places | undefined): GatehouseError {
  const { store = 'the store', keys = 'the keys' } = places ?? {};
  return new GatehouseError(
    'store_unusable',
    `${store} knows no authority, while beside it (${keys}) there is ${known.join(', ')}: it is not the store that it was. ${waysOut} --from-empty --reason TEXT. To begin anew on purpose, which nobody who trusts the old authority will accept: gatehouse ca begin --reason TEXT`,
    { known },
  );
}

function setBack(seen: SeenStore, version: number, places: Places | undefined): GatehouseError {
  return new GatehouseError(
    'store_unusable',
    `${places?.store ?? 'the store'} is older than it was: it has version ${version} of the authorities' state, and had ${seen.version} (${seen.known.join(', ')}); what was revoked since may be missing. ${waysOut}`,
    { version, seen: seen.version },
  );
}

/** Remembers every state from now on; what cannot be written is reported, and written with the next. */
export function rememberStates(
  current: CurrentState,
  memory: StoreMemory,
  report: (error: GatehouseError) => void,
): void {
  const remember = (): void => {
    try {
      memory.write(seenOf(current.state, current.version));
    } catch (thrown) {
      report(asGatehouseError(thrown));
    }
  };
  remember();
  current.versions.subscribe(remember);
}

/** What there is to remember of a state. */
export function seenOf(
  { sequence, crlNumber, revocationSequence, authorities }: AuthorityState,
  version: number,
): SeenStore {
  const living = authorities.filter(({ slot }) => slot !== 'revoked');
  return {
    version,
    sequence: Math.max(sequence, crlNumber, revocationSequence),
    known: living.map(({ use, id, slot }) => `${slot} ${use} authority ${id}`),
  };
}

/**
 * Sees to keys that a crash has left: one whose authority was let go is destroyed, as was meant; one that no authority knows is
 * moved aside and reported, never deleted.
 */
export async function cleanUpKeys(
  keys: KeyStore,
  state: AuthorityState,
  report: (error: GatehouseError) => void,
): Promise<void> {
  const known = new Map(state.authorities.map((each) => [each.id, each]));
  const letGo = new Set(keysLetGo(state));
  for (const id of await keys.list()) {
    const record = known.get(id);
    if (record?.keyDestroyed === true || letGo.has(id)) await keys.remove(id);
    if (record !== undefined || letGo.has(id)) continue;
    const where = await keys.setAside(id);
    report(
      new GatehouseError('key_invalid', `no authority in the store has the key ${id}: it was moved to ${where}`, {
        keyId: id,
        where,
      }),
    );
  }
}
