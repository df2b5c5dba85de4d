/**
 * Which decider elsewhere a certificate belongs to: by the ledger, never by what a message says. A decider that could choose its
 * name for each certificate would stay when it is thrown out by one of them.
 * @module
 */
import type { Clock } from '../../../lib/clock.ts';
import { deciderIdOf } from '../../../spiffe/own-ids.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import type { AuthorityStore, LedgerRow, RevocationKind, UnexpiredRow } from '../store/store.ts';

/** The names under which deciders elsewhere were enrolled. */
export interface DeciderNames {
  /**
   * The name under which that certificate was enrolled; undefined for one that was not.
   * @param serial  lower-case hex
   * @throws GatehouseError `store_unavailable`, when it is not remembered
   */
  ofSerial(serial: string): Promise<string | undefined>;
  /** Whether a living certificate has that name, so that nobody else may take it. @throws GatehouseError `store_unavailable` */
  isTaken(name: string): Promise<boolean>;
  isThrownOut(name: string): boolean;
  /** All that a living certificate has. @throws GatehouseError `store_unavailable` */
  living(): Promise<ReadonlySet<string>>;
}

export interface DeciderNamesDeps {
  readonly store: AuthorityStore;
  readonly clock: Clock;
  readonly trustDomain: TrustDomain;
  readonly isRevoked: (kind: RevocationKind, value: string) => boolean;
  /** Writes what waits in memory. */
  readonly flush: () => Promise<void>;
}

const PREFIX = 'feed:';
const MOST_REMEMBERED = 10_000;
const MOST_LIVING = 10_000;

/** The decider's name of a row or request; empty for whatever is of no decider elsewhere. */
export function deciderNameOf({
  channel,
  consumer = '',
}: {
  readonly channel: string;
  readonly consumer?: string;
}): string {
  return channel === 'feed' && consumer.startsWith(PREFIX) ? consumer.slice(PREFIX.length) : '';
}

/** Whether a row is of that name, as the ledger and people write it. */
export function isOfDecider(row: Pick<UnexpiredRow, 'kind' | 'channel' | 'consumer'>, name: string): boolean {
  return row.kind === 'x509' && name !== '' && deciderNameOf(row) === name;
}

/** Creates the book; a name never changes, so what was looked up once holds also while the store is away. */
export function createDeciderNames({ store, clock, trustDomain, isRevoked, flush }: DeciderNamesDeps): DeciderNames {
  const remembered = new Map<string, string>();
  const spiffeId = deciderIdOf(trustDomain);
  const living = async (): Promise<ReadonlySet<string>> => {
    await flush();
    const rows = await store.ledger({ spiffeId, kind: 'x509', unexpiredAt: clock.now(), limit: MOST_LIVING });
    const names = rows.filter(({ serial }) => !isRevoked('serial', serial)).map(deciderNameOf);
    return new Set(names.filter((name) => name !== ''));
  };
  return {
    async ofSerial(serial) {
      const known = remembered.get(serial);
      if (known !== undefined) return known;
      const [row]: readonly LedgerRow[] = await store.ledger({ serial, kind: 'x509', limit: 1 });
      const name = row === undefined ? '' : deciderNameOf(row);
      if (name === '') return undefined;
      remembered.set(serial, name);
      if (remembered.size > MOST_REMEMBERED) remembered.delete(remembered.keys().next().value ?? '');
      return name;
    },
    isTaken: async (name) => (await living()).has(name),
    living,
    isThrownOut: (name) => isRevoked('decider', name),
  };
}
