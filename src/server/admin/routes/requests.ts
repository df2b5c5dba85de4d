/**
 * `/v1/requests`.
 * @module
 */
import type { Answer, ReadQuestion } from '../../../admin-api/routes.ts';
import type { RequestRow } from '../../../admin-api/seen/requests.ts';
import type { CountedEdge } from '../../../authz/record/edges.ts';
import type { DeciderCounts } from '../../log/decider-counts.ts';
import { narrowCounts } from '../access/narrow-edges.ts';
import type { AdminHandler, ScopedHandler } from '../admin-handler.ts';
import { maybeTime, timeText } from '../time-text.ts';
import { latestCounts } from './edges.ts';

/** What was asked for, here and at the deciders elsewhere that follow this server. */
export const requests: AdminHandler<'GET /v1/requests'> = async ({ asked }, deps) =>
  answerOf(await latestCounts(deps), asked);

/** The same, of workloads in some namespaces. */
export const requestsIn: ScopedHandler<'GET /v1/requests'> = async ({ asked, sight }, deps) =>
  answerOf(narrowCounts(await latestCounts(deps), sight), asked);

function answerOf(
  all: readonly DeciderCounts[],
  { limit, decision }: ReadQuestion<'GET /v1/requests'>,
): Answer<'GET /v1/requests'> {
  const rows = all
    .flatMap(({ decider, edges }) => edges.flatMap((edge) => rowsOf(decider, edge)))
    .filter((row) => decision === undefined || row.decision === decision)
    .sort((a, b) => b.count - a.count);
  return { requests: rows.slice(0, limit), requestCount: rows.length, deciders: all.map(counterOf) };
}

/** What found no row of its own stays one row without method and path. */
function rowsOf(decider: string | null, edge: CountedEdge): readonly RequestRow[] {
  const { caller, destination, namespace, port, protocol, decision, lastAt, requests: some = [] } = edge;
  const row = { decider, caller, destination, namespace, port: port < 0 ? null : port, protocol, decision };
  const rest = unshapedOf(edge);
  return [
    ...some.map(({ method, path, count, lastAt: at }) => ({ ...row, method, path, count, lastAt: timeText(at) })),
    ...(rest > 0 ? [{ ...row, method: null, path: null, count: rest, lastAt: timeText(lastAt) }] : []),
  ];
}

const unshapedOf = ({ count, requests: some = [] }: CountedEdge): number =>
  some.reduce((left, request) => left - request.count, count);

function counterOf(counts: DeciderCounts): Answer<'GET /v1/requests'>['deciders'][number] {
  const { decider, state, why, sinceAt, lastAt, edges, overflow, lost } = counts;
  const unshaped = (wanted: 'allow' | 'deny'): number =>
    edges.reduce(
      (sum, edge) => (edge.protocol === 'http' && edge.decision === wanted ? sum + unshapedOf(edge) : sum),
      0,
    );
  return {
    ...{ decider, state, why, since: maybeTime(sinceAt), lastAt: maybeTime(lastAt), lost },
    overflow: { allowed: overflow.allowed, denied: overflow.denied },
    unshaped: { allowed: unshaped('allow'), denied: unshaped('deny') },
  };
}
