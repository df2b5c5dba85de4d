/**
 * Which decisions somebody wants to see, and how one is named.
 * @module
 */
import type { DecisionRow } from '../../admin-api/decisions.ts';
import { visible } from './visible.ts';

/** What the fields above the list say; empty: it does not matter. */
export interface LiveFilter {
  readonly show: '' | 'allow' | 'deny' | 'dry-run' | 'candidate';
  readonly from: string;
  readonly to: string;
  readonly policy: string;
  readonly reason: string;
  readonly path: string;
}

export const noFilter: LiveFilter = { show: '', from: '', to: '', policy: '', reason: '', path: '' };

/** Makes the test of one decision; texts are looked for anywhere in theirs, in either case. */
export function wanted(filter: LiveFilter): (row: DecisionRow) => boolean {
  const parts = (['from', 'to', 'policy', 'reason', 'path'] as const).map((name) => ({
    name,
    text: filter[name].trim().toLowerCase(),
  }));
  const asked = parts.filter(({ text }) => text !== '');
  return (row) =>
    isShown(row, filter.show) && asked.every(({ name, text }) => textOf(row, name).toLowerCase().includes(text));
}

function isShown(row: DecisionRow, show: LiveFilter['show']): boolean {
  if (show === '') return true;
  if (show === 'dry-run') return row.dryRun !== undefined && row.dryRun.decision !== row.decision;
  if (show === 'candidate') return row.candidate !== undefined;
  return row.decision === show;
}

function textOf(row: DecisionRow, name: 'from' | 'to' | 'policy' | 'reason' | 'path'): string {
  if (name === 'from') return `${named(row.source?.principal)} ${row.source?.address ?? ''}`;
  if (name === 'to') return named(row.destination?.spiffeId);
  if (name === 'policy') return row.policy ?? '';
  if (name === 'reason') return row.reason;
  return requestText(row);
}

/** Both forms of a name. */
const named = (spiffeId = ''): string => `${spiffeId} ${shortId(spiffeId)}`;

/** E.g. `POST orders.shop/v1/orders`. */
export function requestText({ request }: DecisionRow): string {
  if (request === undefined) return '';
  const { protocol, method = '', host = '', path = '' } = request;
  return protocol === 'http' ? visible(`${method} ${host}${path}`) : protocol;
}

/** `NAMESPACE/SERVICEACCOUNT` where the ID has that form, for the trust domain is nearly always the same. */
export function shortId(spiffeId: string): string {
  const [, namespace, account] = /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(spiffeId) ?? [];
  return namespace === undefined ? spiffeId : `${namespace}/${account}`;
}

/** Who asked, as short as may be. */
export function callerText({ source }: DecisionRow): string {
  if (source === undefined) return '?';
  return source.principal === '' ? source.address || '?' : visible(shortId(source.principal));
}
