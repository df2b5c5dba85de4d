/**
 * The tenants that are less alone now than they were, each as its own namespace may hear of it.
 * @module
 */
import { lessText, toldText } from './leak-text.ts';
import { type Extent, extents, type ProofOutcome, type TenantVerdict } from './proof-order.ts';

/** One tenant that is not proved to be alone as it was, or nobody can say that it is. */
export interface TenantLoss {
  readonly tenant: string;
  readonly direction: 'in' | 'out';
  /** Where it was found open; empty: that is not known. */
  readonly namespace: string;
  /** In words of that namespace alone. */
  readonly note: string;
  /** Since when it is so; milliseconds since 1970. */
  readonly sinceAtMs: number;
}

/** What was lost, and how far each tenant was alone at best since the start. */
export interface Losses {
  readonly best: ReadonlyMap<string, Extent>;
  readonly open: readonly TenantLoss[];
}

export const noLosses: Losses = { best: new Map(), open: [] };

/** The losses after one more proof; one that stays keeps its beginning. */
export function lossesAfter(before: Losses, outcome: ProofOutcome, tenants: readonly string[], nowMs: number): Losses {
  const since = (tenant: string, direction: 'in' | 'out'): number =>
    before.open.find((one) => one.tenant === tenant && one.direction === direction)?.sinceAtMs ?? nowMs;
  if (outcome.unknown !== undefined) {
    const open = tenants.flatMap((tenant) =>
      (['in', 'out'] as const).map((direction) => ({
        ...{ tenant, direction, namespace: '', sinceAtMs: since(tenant, direction) },
        note: `nobody can say whether tenant ${tenant} is alone: Gatehouse's log says why`,
      })),
    );
    return { best: before.best, open };
  }
  const best = new Map(outcome.verdicts.map((each) => [keyOf(each), bestOf(before.best.get(keyOf(each)), each)]));
  const open = outcome.verdicts
    .filter((each) => isLoss(each, best.get(keyOf(each))))
    .map((verdict) => {
      const { tenant, direction, leak } = verdict;
      const namespace = (direction === 'in' ? leak?.to : leak?.from)?.namespace ?? '';
      const note = toldText(verdict, namespace) ?? `tenant ${tenant} ${lessText(verdict)}: Gatehouse's log says more`;
      return { tenant, direction, namespace, note, sinceAtMs: since(tenant, direction) };
    });
  return { best, open };
}

const keyOf = ({ tenant, direction }: TenantVerdict): string => `${direction} ${tenant}`;

const bestOf = (before: Extent | undefined, { extent }: TenantVerdict): Extent =>
  before !== undefined && extents.indexOf(before) > extents.indexOf(extent) ? before : extent;

const isLoss = ({ proved, extent }: TenantVerdict, best: Extent | undefined): boolean => !proved || extent !== best;
