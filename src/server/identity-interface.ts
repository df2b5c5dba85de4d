/**
 * What the identity side of a server is to all its other parts, whether the authority is here or followed elsewhere.
 * @module
 */
import type { StatusAnswer } from '../admin-api/status.ts';
import type { Config } from '../config/config.ts';
import type { ListenerName } from '../config/listeners/table.ts';
import type { Executables } from '../identity/attestation/executable.ts';
import type { PodAttestor } from '../identity/attestation/kubernetes/pod-attestor.ts';
import type { Followers } from '../identity/delivery/feed/followers.ts';
import type { FurtherMethods } from '../identity/delivery/workload-endpoint.ts';
import type { Entry } from '../identity/registration/entry.ts';
import type { ImplicitEntry } from '../identity/registration/implicit-entries.ts';
import type { Accounts } from '../lib/accounts.ts';
import type { Watchable } from '../lib/watchable.ts';
import type { LaneListener } from '../platform/observe/metrics.ts';
import type { LaneTally } from '../transport/lane/counts.ts';
import type { AuthorityOperations } from './admin/admin-deps.ts';
import type { PolicyObjects } from './cluster-writer/tell-objects.ts';
import type { OpenTenant } from './cluster-writer/tell-proofs.ts';
import type { AllDeciders } from './decider/all-deciders.ts';
import type { RemoteDeciders } from './decider/remote-deciders.ts';
import type { Foundation } from './foundation.ts';
import type { DecisionRecord } from './log/decision-record.ts';
import type { RefusalReceiver } from './refusal-reports.ts';
import type { Knowledge } from './revocations.ts';

/** `revocations` and `bundles` are undefined until they are known. */
export interface IdentitySide extends Knowledge, RefusalReceiver, AsyncDisposable {
  /** Registration entries in force: none where the authority is elsewhere. */
  readonly entries: Watchable<readonly Entry[]>;
  readonly accounts: Accounts;
  readonly executables: Executables;
  /** Pods of this node; undefined where no cluster tells of them. */
  readonly pods?: PodAttestor | undefined;
  readonly implicit?: ImplicitEntry | undefined;
  /** What only an authority can do; undefined where it is elsewhere. */
  readonly operations: AuthorityOperations | undefined;
  /** Deciders elsewhere that report here; undefined where the authority is elsewhere. */
  readonly remote: RemoteDeciders | undefined;
  /** Says how a decision of this server is derived, for an authority elsewhere that asks. */
  deriveBy(derive: (decisionId: string) => Promise<unknown>): void;
  /** Tells whoever waits for it that a decider here refuses by newer revocations. */
  tellInForce(): void;
  /** Notes a decision, which shows who calls whom. */
  decided(record: DecisionRecord): void;
  /** Parts of readiness that a start need not wait for: what is known suffices to decide by. */
  optionalParts(): readonly string[];
  /** Its fields of `/v1/status`. */
  status(): Pick<StatusAnswer, 'followers' | 'silent' | 'feed'>;
  /** Opens the listeners where identities are given. @throws GatehouseError `address_in_use`, `config_invalid` */
  listen(): Promise<IdentityListeners>;
  /** Takes entries and workloads of a configuration that was read again; sockets come and go with them. */
  reconfigure(config: Config): Promise<void>;
}

/** The listeners where identities are given; none where the authority is elsewhere. */
export interface IdentityListeners extends AsyncDisposable {
  /** Those really bound, for the ready line. */
  readonly addresses: { readonly [Name in ListenerName]?: string };
  /** What each has counted since it was asked last, by its name in metrics. */
  takeTallies(): readonly (readonly [listener: LaneListener, tally: LaneTally])[];
  /** Lets running calls end, at most `graceMs`. */
  drain(graceMs: number): Promise<void>;
}

export interface IdentitySideDeps extends Foundation {
  /** Policies as the cluster holds them; undefined where none are read out of it. */
  readonly objects: PolicyObjects | undefined;
  /** What else attested callers get on the workloads' sockets. */
  readonly further?: FurtherMethods | undefined;
  /** Tenants that are not alone; undefined where nothing is proved. */
  readonly openTenants: Watchable<readonly OpenTenant[]> | undefined;
  /** Deciders elsewhere that follow this server. */
  readonly followers: Followers;
  /** What they and our own have in force. */
  readonly deciders: AllDeciders;
}
