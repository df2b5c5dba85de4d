/**
 * A workload endpoint in this process, in front of whatever authority a test brings.
 * @module
 */
import { createAttestor } from '../../src/identity/attestation/attestor.ts';
import { createExecutables, wantedFacts } from '../../src/identity/attestation/executable.ts';
import type { DeliveryObserver } from '../../src/identity/delivery/delivery-deps.ts';
import { createWorkloadEndpoint, type WorkloadEndpoint } from '../../src/identity/delivery/workload-endpoint.ts';
import type { Entry } from '../../src/identity/registration/entry.ts';
import type { IdentitySource } from '../../src/identity/source/identity-source.ts';
import { createAccounts } from '../../src/lib/accounts.ts';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import { createTicks } from '../../src/lib/ticks.ts';
import { createWatchable, type WatchableSource } from '../../src/lib/watchable.ts';
import { parseSpiffeId } from '../../src/spiffe/spiffe-id.ts';
import type { UnixAddress } from '../../src/transport/listen/listen-address.ts';

/** An entry with everything usual but what is given. */
export function entry(spiffeId: string, selectors: readonly string[], rest: Partial<Entry> = {}): Entry {
  return {
    spiffeId: parseSpiffeId(spiffeId),
    selectors,
    x509SvidTtlMs: 3_600_000,
    jwtSvidTtlMs: 300_000,
    dnsNames: [],
    hint: '',
    federatesWith: [],
    origin: 'test',
    ...rest,
  };
}

/** A unix address with everything usual but the path. */
export function unixAddress(path: string, rest: Partial<UnixAddress> = {}): UnixAddress {
  return { kind: 'unix', path, mode: 0o666, makeParents: true, attests: 'peer', ...rest };
}

export interface TestEndpoint extends AsyncDisposable {
  readonly endpoint: WorkloadEndpoint;
  readonly entries: WatchableSource<readonly Entry[]>;
  /** What the observer was told, e.g. `failed /SpiffeWorkloadAPI/FetchX509SVID not_entitled`. */
  readonly told: string[];
}

/** Starts an endpoint on one shared socket. */
export async function startEndpoint(options: {
  readonly source: IdentitySource;
  readonly path: string;
  readonly entries: readonly Entry[];
  readonly clock?: Clock;
}): Promise<TestEndpoint> {
  const entries = createWatchable(options.entries);
  const told: string[] = [];
  const observer: DeliveryObserver = {
    streamOpened: (channel) => told.push(`opened ${channel}`),
    streamClosed: (channel) => told.push(`closed ${channel}`),
    failed: (method, error) => told.push(`failed ${method} ${error.code} ${error.message}`),
    refusedByConsumer: (_, names, words) => told.push(`refused ${names.join()} ${words}`),
    withheld: (name, broken) => told.push(`withheld ${name} ${broken.join()}`),
    renewalFailed: (id, error) => told.push(`renewalFailed ${id} ${error.code}`),
  };
  const endpoint = createWorkloadEndpoint({
    source: options.source,
    entries,
    attestor: createAttestor({
      accounts: createAccounts(),
      executables: createExecutables(),
      wanted: () => wantedFacts(entries.value.flatMap(({ selectors }) => selectors)),
    }),
    clock: options.clock ?? systemClock,
    ticks: createTicks(25),
    observer,
    serving: createWatchable(new Map([['', true]])),
  });
  await endpoint.listen(unixAddress(options.path));
  return { endpoint, entries, told, [Symbol.asyncDispose]: () => endpoint[Symbol.asyncDispose]() };
}
