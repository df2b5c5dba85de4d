/**
 * What the five requirements are judged by. Plain data: whatever could not be seen is not there, and says why.
 * @module
 */
import type { OpenPorts } from '../../../analysis/proofs/openings/open-ports.ts';
import type { Opening } from '../../../analysis/proofs/openings/openings.ts';
import type { PlainPort } from '../../../analysis/proofs/openings/plain-ports.ts';
import type { Interval } from '../../../analysis/regions/intervals.ts';

/** Something that was looked at, or why it could not be. */
export type Known<T> = { readonly value: T } | { readonly why: string };

/** A workload of the registry, by the name that its certificate bears. */
export interface WorkloadEvidence {
  readonly spiffeId: string;
  /** `NAMESPACE/NAME`. */
  readonly pods: readonly string[];
  /** Those that share their node's network. */
  readonly onNode: readonly string[];
  /** Those of which no address is known. */
  readonly unplaced: readonly string[];
  /** Those whose labels say that they have no sidecar. */
  readonly optedOut: readonly string[];
}

/** An Envoy that was seen to ask about a workload, or to decide itself. */
export interface SeenEnvoy {
  readonly spiffeId: string;
  /** How it was seen, e.g. `120 Checks, last at 2026-11-30T00:00:00Z`. */
  readonly how: string;
  /** At which it asked. */
  readonly ports: readonly Interval[];
  /** Why its word does not count: it refused its policy. */
  readonly fault: string;
}

/** The configuration of an Envoy, as it was given. */
export interface EnvoyEvidence {
  /** The address or file that it came from. */
  readonly from: string;
  /** Whom it stands before; empty if it does not say. */
  readonly spiffeId: string;
  /** `CODE at WHERE` of what fails open. */
  readonly failsOpen: readonly string[];
  /** The same of its admin pages. */
  readonly adminOpen: readonly string[];
  /** The same of what it asks, or takes, without TLS. */
  readonly plain: readonly string[];
  /** Ports of listeners that strangers reach; all, where what comes in is redirected to it. */
  readonly ports: readonly Interval[];
}

/** A way that is open, and what the running server says to a request of it. */
export interface TriedOpening extends Opening {
  /** A sentence; absent where it was not asked. */
  readonly said?: string;
}

/** What the exact engine says. */
export interface ProofEvidence {
  readonly unnamedIn: readonly TriedOpening[];
  readonly unnamedOut: readonly Opening[];
  readonly anonymous: readonly TriedOpening[];
  readonly openPorts: readonly OpenPorts[];
  readonly plainPorts: readonly PlainPort[];
  /** `http:` URLs of key sets. */
  readonly plainKeySets: readonly string[];
  /** Why namespaces to come were not looked at; empty if they were. */
  readonly notAhead: string;
}

/** What of the configuration the requirements ask. */
export interface ConfigEvidence {
  readonly verifyPeer: 'off' | 'observe' | 'enforce';
  readonly networkPlane: 'enforce' | 'observe' | 'off';
  readonly hops: readonly string[];
  /** `extAuthz 0.0.0.0:9191`: over TCP, not of this machine alone, and without TLS. */
  readonly plainListeners: readonly string[];
  /** How the store is reached; `plain`: without TLS, `maybe`: TLS where the server offers it. */
  readonly store: 'local' | 'encrypted' | 'maybe' | 'plain';
}

/** Who may write what policies are read from. */
export interface WritersEvidence {
  /** How a workload, or everybody, may write it: `/etc/gatehouse/policies: everybody may write (mode 777)`. */
  readonly strangers: readonly string[];
  /** Who else may, e.g. `uid 0`. */
  readonly others: readonly string[];
  /** Entries that go to the server's own user. */
  readonly ownUid: readonly string[];
}

/** All of it. */
export interface Evidence {
  readonly config: ConfigEvidence;
  /** Of the running server: what is in force is what the files say, or how it differs. */
  readonly differs: Known<readonly string[]>;
  readonly workloads: Known<readonly WorkloadEvidence[]>;
  readonly seen: Known<readonly SeenEnvoy[]>;
  /** Allowed since the policies are in force, to callers that showed no certificate: `CALLED (N Checks)`. */
  readonly nameless: Known<readonly string[]>;
  readonly envoys: readonly EnvoyEvidence[];
  readonly proof: Known<ProofEvidence>;
  readonly writers: Known<WritersEvidence>;
}
