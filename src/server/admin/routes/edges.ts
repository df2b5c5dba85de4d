/**
 * `/v1/edges`.
 * @module
 */
import type { EdgeRow, Reporter } from '../../../admin-api/edges.ts';
import type { Answer } from '../../../admin-api/routes.ts';
import type { DeciderCounts } from '../../log/decider-counts.ts';
import type { AdminHandler } from '../admin-handler.ts';

/** Who asked for whom: here, and at the deciders elsewhere that follow this server. */
export const edges: AdminHandler<'GET /v1/edges'> = async ({ asked: { limit } }, deps) => {
  await deps.deciders?.report(FLUSH_TIMEOUT_MS);
  const all = deps.counts();
  return { ...rowsOf(all, limit), deciders: all.map(reporterOf) };
};

const FLUSH_TIMEOUT_MS = 500;

function rowsOf(
  all: readonly DeciderCounts[],
  limit: number,
): Pick<Answer<'GET /v1/edges'>, 'edges' | 'edgeCount' | 'deniedCallers'> {
  const most = <T extends { readonly count: number }>(rows: readonly T[]): T[] =>
    rows.toSorted((a, b) => b.count - a.count);
  const rows = all.flatMap(({ decider, edges: some }) =>
    most(some).map(
      ({ caller, destination, namespace, port, protocol, decision, count, lastAt }): EdgeRow => ({
        ...{ decider, caller, destination, namespace, protocol, decision, count },
        port: port < 0 ? null : port,
        lastAt: new Date(lastAt).toISOString(),
      }),
    ),
  );
  const denied = all.flatMap(({ decider, deniedCallers }) =>
    most(deniedCallers).map(({ caller, namespace, count }) => ({ decider, caller, namespace, count })),
  );
  return { edges: rows.slice(0, limit), edgeCount: rows.length, deniedCallers: denied.slice(0, limit) };
}

function reporterOf(counts: DeciderCounts): Reporter {
  const { decider, state, why, sinceAt, lastAt, checks, overflow, dropped, handshakes } = counts;
  return {
    ...{ decider, state, why, ...checks, overflow, dropped, handshakes },
    since: instantOf(sinceAt),
    lastAt: instantOf(lastAt),
  };
}

const instantOf = (atMs: number | undefined): string | null =>
  atMs === undefined ? null : new Date(atMs).toISOString();
