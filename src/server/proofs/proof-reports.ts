/**
 * Says what becomes of proofs: in the log, by metrics, and as a condition of the server as long as a tenant is not proved to be alone.
 * @module
 */

import type { ProofMetrics } from '../../platform/observe/cluster/admission-metrics.ts';
import type { ReadinessBoard } from '../../platform/observe/readiness.ts';
import { extents, type ProofOutcome, type TenantVerdict } from './proof-order.ts';
import type { TenantLoss } from './tenant-losses.ts';

/** Where everything is told. */
export interface ProofLog {
  info(told: object, message: string): void;
  warn(told: object, message: string): void;
}

export interface ProofReportDeps {
  readonly log: ProofLog;
  readonly board: Pick<ReadinessBoard, 'degrade' | 'detail'>;
  readonly metrics: ProofMetrics;
  /** Names of all. */
  readonly tenants: readonly string[];
}

/** Creates what reports one proof after the other, and how long it took. */
export function createProofReports({ log, board, metrics, tenants }: ProofReportDeps) {
  let before = new Map<string, TenantVerdict>();
  let unknownBefore = '';
  const nothingKnown = tenants.flatMap((tenant) =>
    (['in', 'out'] as const).map((direction) => ({ tenant, direction })),
  );
  return (outcome: ProofOutcome, open: readonly TenantLoss[], seconds: number): void => {
    metrics.proved(seconds);
    const { unknown = '' } = outcome;
    if (unknown !== '' && unknown !== unknownBefore)
      log.warn({ code: 'tenants_unproved' }, `tenants: nobody can say whether they are alone: ${unknown}`);
    if (unknown === '' && unknownBefore !== '')
      log.info({ code: 'tenants_proved' }, 'tenants: it can be said again whether they are alone');
    unknownBefore = unknown;
    if (outcome.unknown !== undefined) {
      for (const each of nothingKnown) metrics.setTenant({ ...each, proved: false, extent: 0 });
      board.degrade('tenants', ['tenants: nobody can say whether they are alone: the log says why']);
      return;
    }
    const { verdicts } = outcome;
    for (const each of verdicts) {
      metrics.setTenant({ ...each, extent: extents.indexOf(each.extent) });
      tell(before.get(keyOf(each)), each, { log, metrics });
    }
    before = new Map(verdicts.map((each) => [keyOf(each), each]));
    board.degrade(
      'tenants',
      // Who sees conditions need not see every namespace: what passes stands in the log.
      verdicts
        .filter((each) => open.some(({ tenant, direction }) => tenant === each.tenant && direction === each.direction))
        .map((each) => `tenants: ${nameOf(each)} is ${extentText(each)}: the log says what passes`),
    );
    board.detail(
      'tenants',
      verdicts.map((each) => `${nameOf(each)}: ${each.proved ? each.extent : 'not proved'}`).join('; '),
    );
  };
}

const keyOf = ({ tenant, direction }: TenantVerdict): string => `${direction} ${tenant}`;
const nameOf = ({ tenant, direction }: TenantVerdict): string =>
  `${tenant} (${direction === 'in' ? 'others reach it' : 'it reaches others'})`;

/** One line where a tenant is less or more alone than it was, or not alone when it is first looked at. */
function tell(
  was: TenantVerdict | undefined,
  now: TenantVerdict,
  { log, metrics }: Pick<ProofReportDeps, 'log' | 'metrics'>,
): void {
  const by = extents.indexOf(now.extent) - (was === undefined ? (now.proved ? 0 : 1) : extents.indexOf(was.extent));
  const { tenant, direction, extent, proved, leak } = now;
  const told = { tenant, direction, proved, extent, leak };
  const isLost = was === undefined ? !proved : by < 0 || (was.proved && !proved);
  const isRegained = was !== undefined && (by > 0 || (!was.proved && proved));
  if (isLost) {
    metrics.countLost(tenant, direction);
    log.warn({ code: 'tenant_opened', ...told }, `tenant ${nameOf(now)} is ${extentText(now)}: ${leak?.why ?? ''}`);
  } else if (isRegained)
    log.info({ code: 'tenant_closed', ...told }, `tenant ${nameOf(now)} is ${extentText(now)} again`);
}

const extentText = ({ extent, proved }: TenantVerdict): string =>
  proved ? `proved for ${extent}${extent === extents.at(-1) ? '' : ' alone'}` : 'not proved';
