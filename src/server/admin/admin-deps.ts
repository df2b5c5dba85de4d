/**
 * What the admin API looks at.
 * @module
 */
import type { Config } from '../../config/config.ts';
import type { Executables } from '../../identity/attestation/executable.ts';
import type { Authority } from '../../identity/authority/authority.ts';
import type { Forecast } from '../../identity/authority/rotate/forecast.ts';
import type { AuthorityUse } from '../../identity/authority/store/state.ts';
import type { Entry } from '../../identity/registration/entry.ts';
import type { Accounts } from '../../lib/accounts.ts';
import type { Watchable } from '../../lib/watchable.ts';
import type { Log } from '../../platform/observe/log.ts';
import type { PolicySources } from '../../policy/sources/policy-sources.ts';
import type { AllDeciders } from '../decider/all-deciders.ts';
import type { LiveExplain } from '../explain/live-explain.ts';
import type { DecisionLog } from '../log/decision-log.ts';
import type { IdentifyCaller } from '../tls/callers.ts';
import type { Troubles } from '../troubles.ts';

export interface AdminDeps {
  readonly authority: Authority;
  readonly entries: Watchable<readonly Entry[]>;
  readonly accounts: Accounts;
  readonly executables: Executables;
  readonly policies: PolicySources;
  readonly decisions: DecisionLog;
  /** Here and elsewhere. */
  readonly deciders: AllDeciders | undefined;
  /** Rehearses a rotation that would begin now. */
  readonly rehearse: (use: AuthorityUse) => Promise<Forecast>;
  /** Everything of the authority, sealed. */
  readonly backup: () => AsyncIterable<Uint8Array>;
  readonly explain: LiveExplain;
  /** The configuration in force. */
  readonly config: () => Config;
  readonly status: () => unknown;
  readonly log: Log;
  /** Who holds a certificate that TLS has verified. */
  readonly identify: IdentifyCaller;
  readonly handshakeFailed: Troubles['handshakeFailed'];
}
