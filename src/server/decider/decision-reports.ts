/**
 * What a decider reports of its own accord and when asked: its decisions, what it has counted, how many descriptors it has left.
 * @module
 */
import { CandidateComparison } from '../../authz/candidate/comparison.ts';
import { redactedCounts } from '../../authz/candidate/redacted-difference.ts';
import { CheckCounters } from '../../authz/record/counters.ts';
import { EdgeCounters } from '../../authz/record/edges.ts';
import { ParityCanary } from '../../authz/record/parity.ts';
import { DecisionRing } from '../../authz/record/ring.ts';
import { RuleHits } from '../../authz/record/rule-hits.ts';
import { watchDescriptors } from '../../platform/observe/descriptors.ts';
import type { LaneTally } from '../../transport/lane/counts.ts';
import type { InForce } from './in-force.ts';
import type { FromDecider } from './messages.ts';

const DRAIN_LOG_EVERY_MS = 100;
const LOGGED_AT_ONCE = 256;

/** Where Checks record. */
export interface Recorders {
  readonly ring: DecisionRing;
  readonly counters: CheckCounters;
  readonly edges: EdgeCounters;
  readonly hits: RuleHits;
  readonly parity: ParityCanary;
  readonly candidate: CandidateComparison;
}

/** Tells `decisions` at most ten times a second, `parity` and `descriptors` when there is something, and `report` when asked. */
export interface DecisionReports extends Disposable {
  readonly recorders: Recorders;
  /** Tells all decisions that were not told yet, and then what was counted since the last report. */
  report(lane: LaneTally | undefined, http?: LaneTally): void;
}

/**
 * Starts reporting.
 *
 * @param redact  takes the secrets out of what is told
 * @param redactDifference  the same where the candidate set has read the request too
 */
export function startReports(
  tell: (message: FromDecider) => void,
  redact: InForce['redact'],
  redactDifference: InForce['redactDifference'] = redact,
): DecisionReports {
  let logging: NodeJS.Timeout | undefined;
  const ring = new DecisionRing({ filled: () => waitToTell() });
  const counters = new CheckCounters();
  const edges = new EdgeCounters();
  const hits = new RuleHits();
  const parity = new ParityCanary(({ entry, ...report }) =>
    tell({ kind: 'parity', report: { ...report, entry: redact(entry) } }),
  );
  const candidate = new CandidateComparison();
  const tellDecisions = (most: number): void => {
    const { entries, dropped } = ring.drain(most);
    if (entries.length > 0 || dropped > 0)
      tell({ kind: 'decisions', entries: entries.map((entry) => redact(entry)), dropped });
  };
  // While nothing is decided nothing wakes this process up: the first decision starts the timer, and an empty ring stops it.
  const waitToTell = (): void => {
    logging ??= setTimeout(() => {
      logging = undefined;
      tellDecisions(LOGGED_AT_ONCE);
      if (!ring.isEmpty) waitToTell();
    }, DRAIN_LOG_EVERY_MS);
  };

  let fewDescriptors = '';
  const descriptors = watchDescriptors((_, why) => {
    if ((why === '') !== (fewDescriptors === '')) tell({ kind: 'descriptors', why });
    fewDescriptors = why;
  });
  return {
    recorders: { ring, counters, edges, hits, parity, candidate },
    report(lane, http) {
      descriptors.look();
      tellDecisions(Number.MAX_SAFE_INTEGER);
      tell({
        kind: 'report',
        counts: counters.take(),
        edges: edges.take(),
        hits: hits.take(),
        parity: parity.take(),
        candidate: redactedCounts(candidate.take(), redactDifference),
        lane,
        http,
        memoryBytes: process.memoryUsage.rss(),
      });
    },
    [Symbol.dispose]() {
      clearTimeout(logging);
      descriptors[Symbol.dispose]();
    },
  };
}
