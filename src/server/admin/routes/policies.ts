/**
 * `/v1/policies` and `/v1/decisions`.
 * @module
 */
import type { AdminHandler } from '../admin-handler.ts';

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

/** The latest decisions, newest first. */
export const decisions: AdminHandler<'GET /v1/decisions'> = ({ asked }, deps) => ({
  decisions: deps.decisions.recent(asked.limit),
});
