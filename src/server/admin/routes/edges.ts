/**
 * `/v1/edges`.
 * @module
 */
import type * as z from 'zod';
import type { EdgeRow, edgesQuestion, Reporter } from '../../../admin-api/edges.ts';
import type { Answer } from '../../../admin-api/routes.ts';
import type { DeciderCounts } from '../../log/decider-counts.ts';
import { narrowCounts } from '../access/narrow-edges.ts';
import type { AdminDeps } from '../admin-deps.ts';
import type { AdminHandler, ScopedHandler } from '../admin-handler.ts';

/** Who asked for whom: here, and at the deciders elsewhere that follow this server. */
export const edges: AdminHandler<'GET /v1/edges'> = async ({ asked }, deps) =>
  answerOf(await latestCounts(deps), asked);

/** The same, of workloads in some namespaces. */
export const edgesIn: ScopedHandler<'GET /v1/edges'> = async ({ asked, sight }, deps) =>
  answerOf(narrowCounts(await latestCounts(deps), sight), asked);

/** What all deciders have counted, asked for now. */
export async function latestCounts(deps: AdminDeps): Promise<readonly DeciderCounts[]> {
  await deps.deciders?.report(FLUSH_TIMEOUT_MS);
  return deps.counts();
}

type Asked = z.output<typeof edgesQuestion>;

const answerOf = (all: readonly DeciderCounts[], asked: Asked): Answer<'GET /v1/edges'> => ({
  ...rowsOf(all, asked),
  deciders: all.map(reporterOf),
});

const FLUSH_TIMEOUT_MS = 500;

function rowsOf(
  all: readonly DeciderCounts[],
  { limit, decision: wanted }: Asked,
): Pick<Answer<'GET /v1/edges'>, 'edges' | 'edgeCount' | 'deniedCallers'> {
  const most = <T extends { readonly count: number }>(rows: readonly T[]): T[] =>
    rows.toSorted((a, b) => b.count - a.count);
  const rows = all.flatMap(({ decider, edges: some }) =>
    most(some.filter(({ decision }) => wanted === undefined || decision === wanted)).map(
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
