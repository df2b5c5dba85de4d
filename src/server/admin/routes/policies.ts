/**
 * `/v1/policies` and `/v1/decisions`.
 * @module
 */
import type { ReadQuestion } from '../../../admin-api/routes.ts';
import type { RedactedDecision } from '../../../authz/record/redacted-decision.ts';
import { decisionRecord } from '../../log/decision-record.ts';
import type { AdminDeps } from '../admin-deps.ts';
import type { AdminHandler } from '../admin-handler.ts';
import { type WantedRecord, wantedDecisions } from '../wanted-decisions.ts';

/** What is in force, and what files say that is not. */
export const policies: AdminHandler<'GET /v1/policies'> = (_, deps) => {
  const { generation, counts, skipped, summary, degraded, findings, model } = deps.policies.current.value;
  return {
    generation,
    counts,
    skipped: Object.fromEntries(skipped),
    summary,
    degraded,
    findings,
    planes: model.planes.map(({ id, mode, stages }) => ({
      id,
      mode,
      stages: stages.map(({ kind, policies: some }) => ({
        kind,
        policies: some.map(({ ref, position }) => ({ ...ref, ...position })),
      })),
    })),
  };
};

/** The latest decisions that are asked for, newest first. */
export const decisions: AdminHandler<'GET /v1/decisions'> = ({ asked }, deps) =>
  recentDecisions(asked, deps, decisionRecord);

/** @param recordOf  what who asks may see of a decision; undefined: nothing */
export function recentDecisions<R extends WantedRecord>(
  asked: ReadQuestion<'GET /v1/decisions'>,
  { decisions: log }: Pick<AdminDeps, 'decisions'>,
  recordOf: (entry: RedactedDecision) => R | undefined,
) {
  const isWanted = wantedDecisions(asked);
  const { limit: most, decision: effect, after } = asked;
  const { records, next, gap } = log.recent({
    ...{ most, effect, after },
    recordOf(entry) {
      const record = recordOf(entry); // what is not seen cannot be asked for
      return record !== undefined && isWanted(record) ? record : undefined;
    },
  });
  return { decisions: records, next, gap };
}
