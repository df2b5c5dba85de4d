/**
 * The authority role: store, keys, authority, and the sockets where workloads get identities.
 * @module
 */
import { join } from 'node:path';
import type { Config, WorkloadConfig } from '../../config/config.ts';
import { asGatehouseError, type ErrorCode, type GatehouseError } from '../../errors.ts';
import { createAttestor } from '../../identity/attestation/attestor.ts';
import { createExecutables, type Executables, wantedFacts } from '../../identity/attestation/executable.ts';
import type { Authority } from '../../identity/authority/authority.ts';
import { createAuthority } from '../../identity/authority/create-authority.ts';
import { createUpstreamFromFiles, type UpstreamFromFiles } from '../../identity/authority/issue/upstream-files.ts';
import { createMemoryKeyBlobs } from '../../identity/authority/keys/local-keys.ts';
import type { KeyBlobs } from '../../identity/authority/keys/signer.ts';
import { backupPieces } from '../../identity/authority/recover/backup.ts';
import type { ReplicaReport } from '../../identity/authority/replicas.ts';
import type { Edge, Forecast } from '../../identity/authority/rotate/forecast.ts';
import { rehearse } from '../../identity/authority/rotate/rehearsal.ts';
import type { AuthoritySettings } from '../../identity/authority/settings.ts';
import type { Places } from '../../identity/authority/store/known-store.ts';
import type { AuthorityUse } from '../../identity/authority/store/state.ts';
import type { AuthorityStore } from '../../identity/authority/store/store.ts';
import type { DeliveryObserver } from '../../identity/delivery/delivery-deps.ts';
import { shareIssuing } from '../../identity/delivery/issuing-shares.ts';
import {
  createWorkloadEndpoint,
  type FurtherMethods,
  type WorkloadEndpoint,
} from '../../identity/delivery/workload-endpoint.ts';
import { entriesOf } from '../../identity/registration/entries.ts';
import type { Entry } from '../../identity/registration/entry.ts';
import type { Channel, IdentitySource } from '../../identity/source/identity-source.ts';
import { type Accounts, createAccounts } from '../../lib/accounts.ts';
import { systemClock } from '../../lib/clock.ts';
import { createTicks } from '../../lib/ticks.ts';
import { createWatchable, type Watchable, type WatchableSource } from '../../lib/watchable.ts';
import { createKeyFiles } from '../../platform/storage/key-files.ts';
import { openSqliteAuthorityStore } from '../../platform/storage/sqlite-authority-store.ts';
import type { StoredTexts } from '../../platform/storage/stored-texts.ts';
import type { ServingState } from '../../transport/health-service.ts';
import type { LaneTally } from '../../transport/lane/counts.ts';
import type { Cluster } from '../cluster.ts';
import { connectionLimit } from '../listeners/connection-limit.ts';
import { unixAddress } from '../listeners/listen-addresses.ts';
import { keyStoreOver, openToken } from '../token/token-keys.ts';
import type { TokenTeller } from '../token/token-teller.ts';
import type { ClusterAttestation } from './cluster/cluster-attestation.ts';
import { openKeyEncryptionKeys } from './key-encryption-file.ts';
import { storeMemory } from './store-memory.ts';
import { readUpstreamFiles } from './upstream-files.ts';

/** An open authority, and the sockets where workloads get identities. */
export interface IdentityRole extends AsyncDisposable {
  readonly authority: Authority;
  /** Undefined where the authority signs for itself. */
  readonly upstream: UpstreamFromFiles | undefined;
  /** The authority, with every issuance told. */
  readonly source: IdentitySource;
  readonly entries: Watchable<readonly Entry[]>;
  readonly accounts: Accounts;
  readonly executables: Executables;
  /** Undefined where no cluster vouches for callers. */
  readonly cluster: ClusterAttestation | undefined;
  /** Rehearses a rotation that would begin now. */
  rehearse(use: AuthorityUse, edges: readonly Edge[]): Promise<Forecast>;
  /** Seals everything that the authority has, piece by piece. @throws GatehouseError `key_invalid` without a key-encryption key */
  backup(): AsyncIterable<Uint8Array>;
  /** Opens the shared socket and every workload's own. @throws GatehouseError `address_in_use`, `config_invalid` */
  open(): Promise<void>;
  /** Takes entries and workloads of a configuration that was read again; sockets come and go with them. */
  reconfigure(config: Config): Promise<void>;
  /** What the HTTP/2 server of its sockets has counted since it was asked last. */
  takeTally(): LaneTally;
  drain(graceMs: number): Promise<void>;
}

export interface IdentityRoleDeps {
  readonly config: Config;
  /** The configuration of this moment. */
  readonly inForce: () => Config;
  readonly kept: StoredTexts;
  readonly clusterOf: Pick<Cluster, 'client'>;
  /** Told of each watch of the cluster that is behind, and why; `''`: it is followed. */
  readonly clusterSaid: (watch: string, why: string) => void;
  readonly serving: Watchable<ServingState>;
  readonly observer: DeliveryObserver;
  /** What else attested callers get on the workloads' sockets. */
  readonly further: FurtherMethods | undefined;
  /** Told of every SVID that was issued. */
  readonly issued: (kind: 'x509' | 'jwt', spiffeId: string, notAfterAt: number, channel: Channel) => void;
  /** Told of every SVID that could not be. */
  readonly notIssued: (code: ErrorCode) => void;
  readonly report: (error: GatehouseError) => void;
  /** Hears of the token that our keys are on. */
  readonly token: TokenTeller;
  readonly warn: (message: string) => void;
  /** What to say to other replicas of our deciders. */
  readonly replicaReport: () => ReplicaReport;
}

const TICK_MS = 250;

/** Opens the authority. @throws GatehouseError `store_unusable`, `store_locked`, `key_invalid`, `not_supported` */
export async function openIdentityRole(deps: IdentityRoleDeps): Promise<IdentityRole> {
  const { config, serving, observer } = deps;
  const keyEncryptionKey = openKeyEncryptionKeys(config);
  await using stack = new AsyncDisposableStack();
  const token = stack.use(await openToken(config, deps.kept, deps.token));
  const { store, keys } = await openStore(config);
  const keyStore = keyStoreOver(keys, { keyStore: config.authority.keyStore, encryption: keyEncryptionKey, token });
  const settings = settingsOf(config);
  const { upstream: files, keyStore: keysIn } = config.authority;
  const upstream = files && createUpstreamFromFiles(() => readUpstreamFiles(files), settings.x509SvidTtlMs);
  const authority = await createAuthority({
    trustDomain: config.trustDomain,
    store,
    keys: keyStore,
    clock: systemClock,
    settings,
    ...(upstream && { upstream }),
    keysMayBeGone: keysIn === 'memory',
    memory: storeMemory(deps.kept, config.trustDomain),
    places: placesOf(config),
    federation: {
      names: (name) => deps.inForce().federation.trustDomains.some(({ trustDomain }) => trustDomain === name),
      aliases: () => deps.inForce().trustDomainAliases,
    },
    begun: () => deps.warn(firstStart(config)),
    report: deps.report,
    deciderReport: deps.replicaReport,
  });
  const entries = createWatchable<readonly Entry[]>(entriesOf(config.entries, config.workloads, config.authority));
  const cluster = await clusterFor(deps, entries);
  const accounts = createAccounts();
  const executables = createExecutables();
  const source = shareIssuing(observed(authority, deps));
  const endpoint = createWorkloadEndpoint({
    source,
    entries,
    implicit: cluster?.implicit,
    attestor: createAttestor({
      accounts,
      executables,
      wanted: () => wantedFacts(entries.value.flatMap(({ selectors }) => selectors)),
      pods: cluster?.pods,
    }),
    clock: systemClock,
    ticks: createTicks(TICK_MS),
    observer,
    serving,
    further: deps.further,
    connections: connectionLimit('workload-api'),
  });
  const sockets = createWorkloadSockets(endpoint);
  const opened = stack.move();
  return {
    authority,
    upstream,
    source,
    entries,
    accounts,
    executables,
    cluster,
    rehearse: async (use, edges) =>
      rehearse({
        use,
        trustDomain: config.trustDomain,
        store: await authority.reading(),
        keys: keyStore,
        settings,
        edges,
        startAt: systemClock.now(),
      }),
    async *backup() {
      yield* backupPieces({
        trustDomain: config.trustDomain,
        store: await authority.reading(),
        keys,
        keyEncryptionKey,
        clock: systemClock,
      });
    },
    async open() {
      await endpoint.listen(unixAddress(config.listen.workloadApi, 'peer'));
      await sockets.match(config.workloads);
    },
    async reconfigure(next) {
      await sockets.match(next.workloads);
      entries.replace(entriesOf(next.entries, next.workloads, next.authority));
    },
    takeTally: () => endpoint.takeTally(),
    drain: (graceMs) => endpoint.drain(graceMs),
    async [Symbol.asyncDispose]() {
      cluster?.[Symbol.dispose]();
      await endpoint[Symbol.asyncDispose]();
      await authority[Symbol.asyncDispose]();
      await opened.disposeAsync();
    },
  };
}

/** Streams are judged anew when the namespaces change whose accounts need no entry. */
async function clusterFor(
  { config, clusterOf, clusterSaid }: IdentityRoleDeps,
  entries: WatchableSource<readonly Entry[]>,
): Promise<ClusterAttestation | undefined> {
  if (config.attestation.kubernetes === undefined) return undefined;
  const { openClusterAttestation } = await import('./cluster/cluster-attestation.ts');
  const cluster = openClusterAttestation({ config, client: await clusterOf.client(), entries, said: clusterSaid });
  cluster?.implied.subscribe(() => entries.replace([...entries.value]));
  return cluster;
}

/** The `authority` section as the authority takes it. */
function settingsOf({ authority }: Config): AuthoritySettings {
  const { keyStore: _keyStore, upstream: _upstream, keyEncryptionKeyFile: _file, ...settings } = authority;
  return settings;
}

/** For people; never a password. */
function placesOf({ store, dataDir, authority }: Config): Places {
  const isSqlite = store.kind === 'sqlite';
  return {
    store: isSqlite ? `the store ${store.path}` : 'the PostgreSQL store',
    keys: isSqlite && authority.keyStore !== 'memory' ? join(dataDir, 'keys') : `dataDir ${dataDir}`,
  };
}

function firstStart(config: Config): string {
  const { store } = placesOf(config);
  return `first start: ${store} is new, so ${config.trustDomain} gets new authorities. If it had some before, stop now: store or dataDir in the configuration is not what it was`;
}

/** The store and where it keeps keys: beside SQLite in files, with PostgreSQL in it, wrapped. */
export async function openStore({
  store,
  trustDomain,
  dataDir,
  authority,
}: Config): Promise<{ store: AuthorityStore; keys: KeyBlobs }> {
  if (store.kind === 'sqlite') {
    return {
      store: openSqliteAuthorityStore(store.path, trustDomain),
      keys: authority.keyStore === 'memory' ? createMemoryKeyBlobs() : createKeyFiles(join(dataDir, 'keys')),
    };
  }
  const { openPostgresAuthorityStore } = await import('../../platform/storage/postgres-authority-store.ts');
  return openPostgresAuthorityStore(store.url, trustDomain);
}

/** The authority, with every issuance told. */
function observed(
  authority: Authority,
  { issued, notIssued }: Pick<IdentityRoleDeps, 'issued' | 'notIssued'>,
): IdentitySource {
  const counted = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (thrown) {
      notIssued(asGatehouseError(thrown).code);
      throw thrown;
    }
  };
  return {
    ...authority,
    async issueX509(request) {
      const svid = await counted(authority.issueX509(request));
      issued('x509', svid.spiffeId, svid.notAfterAt, request.channel);
      return svid;
    },
    async issueJwt(request) {
      const svid = await counted(authority.issueJwt(request));
      issued('jwt', svid.spiffeId, svid.expiresAt, request.channel);
      return svid;
    },
  };
}

/** Keeps one socket a workload that has one. */
function createWorkloadSockets(endpoint: WorkloadEndpoint) {
  const open = new Map<string, { readonly key: string; readonly listener: AsyncDisposable }>();
  return {
    async match(workloads: readonly WorkloadConfig[]): Promise<void> {
      const wanted = new Map(workloads.flatMap(({ socket }) => (socket === undefined ? [] : [[socket.path, socket]])));
      for (const [path, { key, listener }] of open) {
        const socket = wanted.get(path);
        if (socket !== undefined && JSON.stringify(socket) === key) continue;
        open.delete(path);
        await listener[Symbol.asyncDispose]();
      }
      for (const [path, socket] of wanted) {
        if (open.has(path)) continue;
        open.set(path, { key: JSON.stringify(socket), listener: await endpoint.listen(unixAddress(socket, 'path')) });
      }
    },
  };
}
