/**
 * `/v1/policies`, `/v1/objects` and `/v1/decisions`.
 * @module
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ObjectsAnswer } from '../../../admin-api/objects.ts';
import type { ReadQuestion } from '../../../admin-api/routes.ts';
import type { RedactedDecision } from '../../../authz/record/redacted-decision.ts';
import { type DecisionRecord, decisionRecord } from '../../log/decision-record.ts';
import type { AdminDeps } from '../admin-deps.ts';
import type { AdminHandler } from '../admin-handler.ts';
import { findingOwners } from '../finding-owners.ts';
import { type WantedRecord, wantedDecisions } from '../wanted-decisions.ts';
import { remoteDecisions } from './remote-decisions.ts';

/** What is in force, and what files say that is not. */
export const policies: AdminHandler<'GET /v1/policies'> = ({ asked }, deps) => {
  const { generation, counts, skipped, summary, degraded, findings, model } = deps.policies.current.value;
  const ownerAt = findings.length === 0 ? () => undefined : findingOwners(model, deps.config().policies.owners);
  const told = asked.workload === undefined ? undefined : deps.explain.appliesTo(asked.workload);
  return {
    generation,
    counts,
    skipped: Object.fromEntries(skipped),
    summary,
    degraded,
    findings: findings.map((finding) => {
      const owner = ownerAt(finding);
      return owner === undefined ? finding : { ...finding, owner };
    }),
    planes: model.planes.map(({ id, mode, stages }) => ({
      id,
      mode,
      stages: stages.map((stage) => ({
        kind: stage.kind,
        ...('name' in stage && { name: stage.name }),
        ...('direction' in stage && { direction: stage.direction }),
        policies: stage.policies.map((policy) => ({
          ...policy.ref,
          ...policy.position,
          ...(policy.owner !== '' && { owner: policy.owner }),
          ...('mode' in policy && policy.mode === 'dry-run' && { mode: policy.mode }),
          ...(told && { applies: told(policy.subject) }),
        })),
      })),
    })),
  };
};

/** Made once, however many listen. */
const records = new WeakMap<RedactedDecision, DecisionRecord>();

function recordOf(entry: RedactedDecision): DecisionRecord {
  const record = records.get(entry) ?? decisionRecord(entry);
  records.set(entry, record);
  return record;
}

/** The latest decisions that are asked for, newest first. */
export const decisions: AdminHandler<'GET /v1/decisions'> = ({ asked }, deps) =>
  recentDecisions(asked, deps, { here: recordOf, elsewhere: (record) => record });

/** What who asks may see of a decision, of this server's or of a decider elsewhere; undefined: nothing. */
export interface Shown<R> {
  here(entry: RedactedDecision): R | undefined;
  elsewhere(record: DecisionRecord): R | undefined;
}

/** The latest that are asked for and seen, newest first. */
export function recentDecisions<R extends WantedRecord & Pick<DecisionRecord, 'at'>>(
  asked: ReadQuestion<'GET /v1/decisions'>,
  { decisions: log, remote }: Pick<AdminDeps, 'decisions' | 'remote'>,
  { here, elsewhere }: Shown<R>,
) {
  const isWanted = wantedDecisions(asked);
  const { limit: most, decision: effect, after } = asked;
  const wanted = (record: R | undefined): R | undefined =>
    record !== undefined && isWanted(record) ? record : undefined; // what is not seen cannot be asked for
  const { records, next, gap, since } = log.recent({
    ...{ most, effect, after },
    recordOf: (entry) => wanted(here(entry)),
  });
  if (remote === undefined) return { decisions: records, next, gap, silent: [] };
  const others = remoteDecisions(remote, since).flatMap(({ decider, record }) => {
    const shown = effect === undefined || record.decision === effect ? wanted(elsewhere(record)) : undefined;
    return shown === undefined ? [] : [{ ...shown, decider }];
  });
  const all = [...records, ...others].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  const isCut = after !== undefined && all.length > most;
  return { decisions: all.slice(0, most), next, gap: gap || isCut, silent: remote.silent() };
}

/** Objects that are looked at without a pause. */
const OBJECTS_AT_ONCE = 1_024;

/** What is followed in a cluster; nothing where none is. */
export const objects: AdminHandler<'GET /v1/objects'> = async ({ asked }, { followed }) => {
  const found: ObjectsAnswer['objects'][number][] = [];
  let looked = 0;
  let count = 0;
  for (const { kind, all } of followed)
    for (const { good } of all()) {
      if (++looked % OBJECTS_AT_ONCE === 0) await nextTurn();
      if (good === undefined) continue;
      count += 1;
      const { namespace, text } = good;
      if (found.length < asked.limit) found.push({ kind: kind.kind, isPolicy: kind.isPolicy, namespace, text });
    }
  const has = (isPolicy: boolean): boolean => followed.some(({ kind }) => kind.isPolicy === isPolicy);
  return { objects: found, objectCount: count, follows: { policies: has(true), registry: has(false) } };
};
