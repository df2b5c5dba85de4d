/**
 * What the admin API looks at.
 * @module
 */
import type { StatusAnswer } from '../../admin-api/status.ts';
import type { Holders } from '../../authz/native/holders.ts';
import type { Config } from '../../config/config.ts';
import type { Executables } from '../../identity/attestation/executable.ts';
import type { PodAttestor } from '../../identity/attestation/kubernetes/pod-attestor.ts';
import type { Authority } from '../../identity/authority/authority.ts';
import type { Forecast } from '../../identity/authority/rotate/forecast.ts';
import type { AuthorityUse } from '../../identity/authority/store/state.ts';
import type { Entry } from '../../identity/registration/entry.ts';
import type { ImplicitEntry } from '../../identity/registration/implicit-entries.ts';
import type { Accounts } from '../../lib/accounts.ts';
import type { Watchable } from '../../lib/watchable.ts';
import type { Log } from '../../platform/observe/log.ts';
import type { PolicySources } from '../../policy/sources/policy-sources.ts';
import type { CandidateSide } from '../candidate/candidate-side.ts';
import type { AllDeciders } from '../decider/all-deciders.ts';
import type { RemoteDeciders } from '../decider/remote-deciders.ts';
import type { LiveExplain } from '../explain/live-explain.ts';
import type { Endpoints } from '../federation/endpoints.ts';
import type { DeciderCounts } from '../log/decider-counts.ts';
import type { DecisionLog } from '../log/decision-log.ts';
import type { RuleTable } from '../log/rule-table.ts';
import type { StandingProof } from '../proofs/standing-proof.ts';
import type { RefusalReports } from '../refusal-reports.ts';
import type { RevocationRows } from '../revocations.ts';
import type { AskStandings } from '../standings/standings.ts';
import type { IdentifyCaller } from '../tls/callers.ts';
import type { RefusedOrders } from './access/refused-orders.ts';

/** What only a server with the authority role can do. */
export interface AuthorityOperations {
  readonly authority: Authority;
  /** Of bundles of other trust domains. */
  readonly endpoints: Endpoints;
  /** Rehearses a rotation that would begin now. */
  readonly rehearse: (use: AuthorityUse) => Promise<Forecast>;
  /** Everything of the authority, sealed, in pieces. */
  readonly backup: () => AsyncIterable<Uint8Array>;
}

/** Objects of one kind. */
interface FollowedKind {
  readonly kind: { readonly kind: string; readonly isPolicy: boolean };
  readonly all: () => Iterable<{
    readonly good: { readonly namespace: string; readonly text: string } | undefined;
  }>;
}

/** What handlers of the admin API look at, and act on. */
export interface AdminDeps {
  /** Undefined on a server that is only a decider. */
  readonly operations: AuthorityOperations | undefined;
  /** Those in force; undefined while none are known. */
  readonly revocations: Watchable<RevocationRows | undefined>;
  readonly entries: Watchable<readonly Entry[]>;
  readonly accounts: Accounts;
  readonly executables: Executables;
  readonly pods: PodAttestor | undefined;
  readonly implicit: ImplicitEntry | undefined;
  readonly policies: PolicySources;
  readonly decisions: DecisionLog;
  /** Here and elsewhere. */
  readonly deciders: AllDeciders | undefined;
  /** Envoys that decide themselves by what this server gives them. */
  readonly native: Pick<Holders, 'all' | 'behindRevocations'> & {
    /** Requests that an Envoy has told of. */
    readonly linesOf: (spiffeId: string, node: string) => number;
  };
  /** What is followed in a cluster, by kind; none where no cluster is. */
  readonly followed: readonly FollowedKind[];
  /** This server's own first, then those of deciders elsewhere by name. */
  readonly counts: () => readonly DeciderCounts[];
  /** Deciders elsewhere that report here; undefined on a server that is only a decider. */
  readonly remote: RemoteDeciders | undefined;
  /** How long this server has had which rule. */
  readonly rules: Pick<RuleTable, 'inForce'>;
  readonly explain: LiveExplain;
  /** How rules stand that have decided nothing. */
  readonly standings: AskStandings;
  readonly candidate: CandidateSide;
  /** Whether the tenants are alone; undefined: that is not proved. */
  readonly standing: Pick<StandingProof, 'state' | 'losses'> | undefined;
  /** The configuration in force. */
  readonly config: () => Config;
  readonly status: () => StatusAnswer;
  readonly refusedOrders: RefusedOrders;
  readonly log: Log;
  /** Who holds a certificate that TLS has verified. */
  readonly identify: IdentifyCaller;
  readonly handshakeFailed: RefusalReports['handshakeFailed'];
}
