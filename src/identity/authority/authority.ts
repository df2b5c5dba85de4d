/**
 * The authority, by the parts in which its users see it: a source of identities for delivery; rotation, revocations and records
 * for the admin API; what its replicas and its deciders elsewhere have said. `createAuthority` (create-authority.ts) makes one.
 * @module
 */
import type { Watchable } from '../../lib/watchable.ts';
import type { IdentitySource } from '../source/identity-source.ts';
import type { Federation } from './federate/federation.ts';
import type { Readiness } from './issuing-readiness.ts';
import type { DeciderNames } from './join/decider-names.ts';
import type { JoinTokens } from './join/join-tokens.ts';
import type { Records } from './records.ts';
import type { Replicas } from './replicas.ts';
import type { Revocations } from './revoke/revocations.ts';
import type { RewrapOutcome } from './rewrap.ts';
import type { Rotation } from './rotate/rotation.ts';

/** What the other replicas of this authority are doing. */
export interface ReplicaView {
  /** The other replicas that live, with what their deciders have in force and have seen. */
  readonly replicas: Pick<Replicas, 'others' | 'revokedBy'>;
  /** Tells the other replicas at once what our deciders have in force now. */
  tellReplicas(): void;
  /** How long ago the store was last seen, in milliseconds: what is known of other replicas may be as old as that. */
  storeAgeMs(): number;
}

/** How deciders elsewhere join, and under which names. */
export interface Joining {
  readonly joinTokens: JoinTokens;
  /** Which decider elsewhere a certificate belongs to. */
  readonly deciderNames: DeciderNames;
}

/** The authority of one trust domain; each user takes the part that it needs. */
export interface Authority
  extends IdentitySource,
    Rotation,
    Revocations,
    Records,
    ReplicaView,
    Joining,
    AsyncDisposable {
  /** Bundles of other trust domains. */
  readonly federation: Federation;
  readonly readiness: Watchable<Readiness>;
  /** DER (RFC 5280 §5): one CRL an X.509 authority that is trusted. */
  readonly crls: Watchable<readonly Uint8Array[]>;
  /**
   * Wraps all keys with another key-encryption key, while everything serves.
   *
   * @throws GatehouseError `key_invalid` without one; `slot_state` while a replica does not know it; `unreachable`
   */
  rewrap(who: string, reason: string): Promise<RewrapOutcome>;
  /**
   * Does what is due: rotation, pruning, CRLs, what other replicas have written. Called every few seconds by itself; by hand in
   * tests.
   */
  tick(): Promise<void>;
}
