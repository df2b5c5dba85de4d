/**
 * `/v1/tenants`: what the standing proof says.
 * @module
 */
import type { TenantRow, TenantsAnswer } from '../../../admin-api/tenants.ts';
import type { LeakEnd, TenantVerdict } from '../../proofs/proof-order.ts';
import type { TenantLoss } from '../../proofs/tenant-losses.ts';
import type { AdminHandler } from '../admin-handler.ts';
import { timeText } from '../time-text.ts';

/** Tenant by tenant, in both directions. */
export const tenants: AdminHandler<'GET /v1/tenants'> = (_, { standing, policies }): TenantsAnswer => {
  if (standing === undefined) return { state: 'off', why: '', isOlder: false, tenants: [] };
  const { outcome, of } = standing.state.value;
  const isOlder = of !== policies.current.value.inForce;
  if (outcome === undefined) return { state: 'waiting', why: '', isOlder, tenants: [] };
  if (outcome.unknown !== undefined) return { state: 'unknown', why: outcome.unknown, isOlder, tenants: [] };
  const losses = standing.losses.value;
  return { state: 'known', why: '', isOlder, tenants: outcome.verdicts.map((each) => rowOf(each, losses)) };
};

function rowOf({ tenant, direction, proved, extent, leak }: TenantVerdict, losses: readonly TenantLoss[]): TenantRow {
  const loss = losses.find((each) => each.tenant === tenant && each.direction === direction);
  return {
    ...{ tenant, direction, proved, extent },
    leak: leak === undefined ? null : { ...leak, from: endOf(leak.from), to: endOf(leak.to), by: leak.by ?? null },
    lostSince: loss === undefined ? null : timeText(loss.sinceAtMs),
  };
}

const endOf = ({ namespace, pod, labels, serviceAccount }: LeakEnd) => ({
  ...{ namespace, serviceAccount },
  pod: pod ?? null,
  labels: Object.fromEntries(labels),
});
