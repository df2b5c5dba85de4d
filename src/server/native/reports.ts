/**
 * What Envoys tell of the requests that they have decided themselves: counted, and logged and kept beside our own decisions, marked
 * as reported.
 *
 * All are counted, up to so many a second that nobody is stopped by telling; fewer are logged and kept.
 * @module
 */
import { DecisionIds } from '../../authz/answer/decision-id.ts';
import type { NativeDeps, NativeWorkload } from '../../authz/native/native-deps.ts';
import type { ReportReceiver } from '../../authz/native/reports/access-log.ts';
import type { ReportedLine } from '../../authz/native/reports/reported-line.ts';
import { type AskedEdge, EdgeCounters } from '../../authz/record/edges.ts';
import type { RedactedDecision } from '../../authz/record/redacted-decision.ts';
import type { RuleHit } from '../../authz/record/rule-hits.ts';
import { toByteString } from '../../lib/byte-string.ts';
import type { NativeMetrics } from '../../platform/observe/native-metrics.ts';
import type { PolicyModel } from '../../policy/model.ts';
import type { DeciderCounts } from '../log/decider-counts.ts';
import type { DecisionLog } from '../log/decision-log.ts';
import { createOwnCounts } from '../log/own-counts.ts';
import { createFindRule, decisionOf, hitsOf, joinedWith, reportedDecision, withoutTokens } from './report-decision.ts';
import { createDecideByPlanes } from './reported-planes.ts';

/** Adds what a candidate says where that differs. @param others  how many were told of besides, of which nothing is kept */
type CompareReported = (entries: readonly RedactedDecision[], others: number) => readonly RedactedDecision[];

export interface ReportsDeps {
  readonly model: () => PolicyModel;
  readonly workloadOf: NativeDeps['workloadOf'];
  readonly metrics: Pick<NativeMetrics, 'countReported' | 'countUntold'>;
  readonly warn: (details: object, message: string) => void;
  readonly now: () => number;
}

export interface Reports extends ReportReceiver {
  /** Logs and keeps them from now on, held against the candidate first. */
  deliverTo(decisions: Pick<DecisionLog, 'add'>, compare?: CompareReported): void;
  /** What was counted, under a name of its own. */
  counts(): DeciderCounts;
  /** Lines that Envoys of that name have told since the start. */
  linesOf(spiffeId: string, node: string): number;
}

/** The name of all of them in `/v1/edges` and `/v1/rules`. */
const REPORTER = 'envoys';
const MOST = {
  /** Lines counted in a second; more than a million in a minute. */
  counted: 20_000,
  /** Of those: shown to the candidate, of each effect. */
  compared: 500,
  /** Of these: logged and kept, as many as of decisions here, so that allows take no room from denies; and all that the candidate changes. */
  kept: { deny: 500, allow: 100 },
  /** Envoys of which it is known how much they have told. */
  tellers: 16_384,
} as const;
/** A clock that is further off is not believed. */
const MOST_AWAY_MS = 5 * 60_000;

/** Creates it, with nothing counted. */
export function createReports({ model, workloadOf, metrics, warn, now }: ReportsDeps): Reports {
  const counts = createOwnCounts();
  const ids = new DecisionIds();
  const edges = new EdgeCounters();
  const findRule = createFindRule(model);
  const byPlanes = createDecideByPlanes(model);
  const tellers = new Map<string, number>();
  const warned = new Set<string>();
  let decisions: Pick<DecisionLog, 'add'> | undefined;
  let compare: CompareReported = (entries) => entries;
  let second = newSecond(0);

  const timeOf = ({ at }: ReportedLine, nowMs: number): number => (Math.abs(nowMs - at) > MOST_AWAY_MS ? nowMs : at);

  function hasRoom({ decision: { effect }, candidate }: RedactedDecision): boolean {
    if (candidate !== undefined) return true;
    if (second.kept[effect] >= MOST.kept[effect]) return false;
    second.kept[effect] += 1;
    return true;
  }

  function take(workload: NativeWorkload, lines: readonly ReportedLine[], untold: number, nowMs: number): void {
    const hits: RuleHit[] = [];
    const toCompare = [];
    for (const line of lines) {
      const lastAt = timeOf(line, nowMs);
      const found = findRule(line);
      const others = byPlanes(line, workload);
      const made = joinedWith(decisionOf(line, found), others);
      edges.count(edgeOf(line, workload), made, lastAt);
      hits.push(...hitsOf(found, others, lastAt));
      if (second.compared[line.effect] >= MOST.compared) continue;
      second.compared[line.effect] += 1;
      ids.advance();
      toCompare.push(
        reportedDecision(line, made, { id: ids.toString(), at: lastAt, workload, snapshot: model().generation }),
      );
    }
    const kept = compare(toCompare, lines.length - toCompare.length + untold).filter(hasRoom);
    decisions?.add(kept);
    counts.edges.add(edges.take());
    counts.rules.add(hits);
    counts.countDropped(lines.length - kept.length);
    metrics.countUntold('not_logged', lines.length - kept.length);
    for (const decision of ['allow', 'deny'] as const)
      metrics.countReported(decision, lines.filter(({ effect }) => effect === decision).length);
  }

  return {
    deliverTo(log, comparing = compare) {
      decisions = log;
      compare = comparing;
    },
    reported({ spiffeId, node, said }, lines) {
      const nowMs = now();
      if (nowMs - second.at >= 1_000 || nowMs < second.at) second = newSecond(nowMs);
      const some = lines.slice(0, Math.max(0, MOST.counted - second.counted));
      second.counted += some.length;
      metrics.countUntold('too_many', lines.length - some.length);
      const teller = JSON.stringify([spiffeId, node]);
      if (tellers.has(teller) || tellers.size < MOST.tellers)
        tellers.set(teller, (tellers.get(teller) ?? 0) + lines.length);
      const workload = workloadOf(spiffeId, said);
      if (workload !== undefined) take(workload, some, lines.length - some.length, nowMs);
    },
    foreign(spiffeId, node, named, count) {
      metrics.countUntold('foreign', count);
      if (warned.has(spiffeId) || warned.size >= MOST.tellers) return;
      warned.add(spiffeId);
      warn({ spiffeId, node, named }, 'native: an Envoy tells of requests to another workload, which is not believed');
    },
    counts: () => ({ ...counts.all(), decider: REPORTER, state: 'reporting' }),
    linesOf: (spiffeId, node) => tellers.get(JSON.stringify([spiffeId, node])) ?? 0,
  };
}

/** What has been counted, shown to the candidate and kept since then. */
const newSecond = (at: number) => ({
  at,
  counted: 0,
  compared: { allow: 0, deny: 0 },
  kept: { allow: 0, deny: 0 },
});

/** As a Check is counted; of the path what the line says, since shapes are made of what a Check has. */
function edgeOf({ protocol, caller, port, method, path }: ReportedLine, workload: NativeWorkload): AskedEdge {
  const shown = toByteString(withoutTokens(path));
  const asked = { method: toByteString(method), path: shown, shape: () => shown };
  const destination = { ...workload, foundBy: 'principal' as const };
  return {
    callerName: toByteString(caller),
    destination,
    port,
    protocol,
    asked: protocol === 'http' ? asked : undefined,
  };
}
