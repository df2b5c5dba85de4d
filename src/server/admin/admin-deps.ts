/**
 * What the admin API looks at.
 * @module
 */
import type { Config } from '../../config/config.ts';
import type { Executables } from '../../identity/attestation/executable.ts';
import type { Authority } from '../../identity/authority/authority.ts';
import type { Entry } from '../../identity/registration/entry.ts';
import type { Accounts } from '../../lib/accounts.ts';
import type { Watchable } from '../../lib/watchable.ts';
import type { Log } from '../../platform/observe/log.ts';
import type { PolicySources } from '../../policy/sources/policy-sources.ts';
import type { DecisionLog } from '../log/decision-log.ts';

export interface AdminDeps {
  readonly authority: Authority;
  readonly entries: Watchable<readonly Entry[]>;
  readonly accounts: Accounts;
  readonly executables: Executables;
  readonly policies: PolicySources;
  readonly decisions: DecisionLog;
  /** The configuration in force. */
  readonly config: () => Config;
  readonly status: () => unknown;
  readonly log: Log;
}
