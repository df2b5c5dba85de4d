/**
 * Everything that one screen says of a running server, gathered from its admin API.
 * @module
 */
import type { AuditAnswer } from '../../admin-api/audit.ts';
import type { AuthorityRow } from '../../admin-api/authorities.ts';
import type { AdminClient } from '../../admin-api/client.ts';
import type { PoliciesAnswer } from '../../admin-api/policies.ts';
import type { StatusAnswer } from '../../admin-api/status.ts';
import { GatehouseError } from '../../errors.ts';
import { programVersion } from '../../lib/version.ts';

/** Without the names of blockers, which `ca status` has. */
type Authority = Omit<AuthorityRow, 'unacknowledged'> & { readonly unacknowledged?: undefined };

/** What is null could not be asked, and `notShown` says why: no authority there, or not for this caller. */
export interface StatusReport extends Omit<StatusAnswer, 'version'> {
  readonly version: { readonly client: string; readonly server: string | undefined };
  readonly authorities: readonly Authority[] | null;
  /** SVIDs that are out and have not expired. */
  readonly svids: { readonly x509: number; readonly jwt: number } | null;
  readonly policies: PolicyReport | null;
  /** The last verb of an operator or the schedule. */
  readonly lastChange: AuditAnswer['rows'][number] | null;
  readonly notShown: readonly { readonly what: string; readonly why: string }[];
}

type PolicyReport = Pick<PoliciesAnswer, 'counts' | 'skipped' | 'degraded' | 'summary'> & {
  readonly findings: { readonly errors: number; readonly warnings: number };
};

/** Asks. @throws GatehouseError `unreachable`, and whatever else keeps the server from telling its status */
export async function statusReport(client: AdminClient): Promise<StatusReport> {
  const notShown: { what: string; why: string }[] = [];
  const orNull = async <T>(what: string, asked: Promise<T>): Promise<T | null> => {
    try {
      return await asked;
    } catch (thrown) {
      if (!(thrown instanceof GatehouseError) || !CAN_BE_WITHHELD.has(thrown.code)) throw thrown;
      notShown.push({ what, why: thrown.message });
      return null;
    }
  };
  const { version: server, ...status } = await client.ask('GET /v1/status');
  const isAuthority = status.roles.includes('authority');
  const [authorities, audit, policies] = await Promise.all([
    isAuthority ? orNull('authorities', client.ask('GET /v1/authorities', { limit: 1 })) : null,
    isAuthority ? orNull('last change', client.ask('GET /v1/audit', { limit: 1 })) : null,
    orNull('policies', client.ask('GET /v1/policies')),
  ]);
  const all =
    authorities &&
    [...authorities.x509Authorities, ...authorities.jwtAuthorities].map(
      (each): Authority => ({ ...each, unacknowledged: undefined }),
    );
  return {
    version: { client: programVersion(), server },
    ...status,
    authorities: all,
    svids: all && { x509: svidsOf(all, 'x509'), jwt: svidsOf(all, 'jwt') },
    policies: policies && policyReport(policies),
    lastChange: audit?.rows[0] ?? null,
    notShown,
  };
}

/** A caller who may read less, and a store that is away, are no reason to say nothing at all. */
const CAN_BE_WITHHELD: ReadonlySet<string> = new Set([
  'caller_not_authorised',
  'not_supported',
  'store_unavailable',
  'authority_not_ready',
]);

const svidsOf = (all: readonly Authority[], use: string): number =>
  all.reduce((sum, each) => sum + (each.use === use ? each.unexpiredSvids : 0), 0);

function policyReport({ counts, skipped, degraded, summary, findings }: PoliciesAnswer): PolicyReport {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  return { counts, skipped, degraded, summary, findings: { errors, warnings: findings.length - errors } };
}
