/**
 * The decider role, as the primary plays it: processes that answer Check, told all that they decide by.
 * @module
 */
import type { RedactedCandidateCounts } from '../../authz/candidate/redacted-difference.ts';
import type { CheckCounts } from '../../authz/record/counters.ts';
import type { RedactedParity } from '../../authz/record/redacted-decision.ts';
import type { Config } from '../../config/config.ts';
import { asGatehouseError } from '../../errors.ts';
import type { Ticks } from '../../lib/ticks.ts';
import type { Log } from '../../platform/observe/log.ts';
import type { Metrics } from '../../platform/observe/metrics.ts';
import type { ReadinessBoard } from '../../platform/observe/readiness.ts';
import type { DecisionLog } from '../log/decision-log.ts';
import type { DecisionRate } from '../log/decision-rate.ts';
import { decisionRecord } from '../log/decision-record.ts';
import type { OwnCounts } from '../log/own-counts.ts';
import { checkOptions } from '../policy/check-options.ts';
import type { RefusalReports } from '../refusal-reports.ts';
import type { DeciderProcess } from './decider-process.ts';
import { createDeciders, type Deciders } from './deciders.ts';
import type { DeciderSettings, FromDecider } from './messages.ts';

export interface DeciderRoleDeps {
  readonly config: Config;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly board: ReadinessBoard;
  readonly decisions: DecisionLog;
  readonly counts: OwnCounts;
  readonly rate: Pick<DecisionRate, 'note'>;
  readonly candidate: CandidateSink;
  readonly processes: readonly DeciderProcess[];
  /** So many of them, the last ones, serve HTTP callers. */
  readonly httpProcesses: number;
  readonly seconds: Ticks;
  /** A decider refuses by other revocations than before. */
  readonly revoked: () => void;
  readonly handshakeFailed: RefusalReports['handshakeFailed'];
  readonly unknownKid: (unknown: Extract<FromDecider, { kind: 'unknown-kid' }>['unknown']) => void;
}

/** Takes what deciders say of the candidate set. */
export interface CandidateSink {
  note(counts: RedactedCandidateCounts): void;
  heard(number: number, why: string): void;
}

/** Starts the deciders; they are ready when each has policies in force. */
export function startDeciders(deps: DeciderRoleDeps): Deciders {
  const { config, log, board, metrics, processes, seconds } = deps;
  /** Open ones of each decider. */
  const connections = new Map<number, number>();
  const showConnections = (): void =>
    metrics.setLaneConnections(
      'ext-authz',
      [...connections.values()].reduce((sum, each) => sum + each, 0),
    );
  const sayInForce = inForceTeller(log);
  const httpConnections = new Map<number, number>();
  const showHttpConnections = (): void =>
    metrics.setLaneConnections(
      'http-auth',
      [...httpConnections.values()].reduce((sum, each) => sum + each, 0),
    );
  const deciders = createDeciders({
    processes,
    httpProcesses: deps.httpProcesses,
    seconds,
    heard(message, pid) {
      hear(message, pid, { ...deps, sayInForce });
      if (message.kind === 'report' && message.lane !== undefined) {
        metrics.countLane('ext-authz', message.lane);
        connections.set(pid, message.lane.connections);
        showConnections();
      }
      if (message.kind === 'report' && message.http !== undefined) {
        metrics.countLane('http-auth', message.http);
        httpConnections.set(pid, message.http.connections);
        showHttpConnections();
      }
    },
    ended(pid, how, restartInMs) {
      connections.delete(pid);
      if (httpConnections.delete(pid)) showHttpConnections();
      deps.counts.countLost();
      board.degrade(descriptorsOf(pid), []);
      showConnections();
      log.error({ pid, how, restartInMs }, 'a decider has ended; another is started');
    },
    broke(pid, thrown) {
      log.error({ pid }, `a decider said what makes no sense, and is ended: ${asGatehouseError(thrown).message}`);
    },
  });
  const look = (generations: readonly number[]): void => {
    const able = generations.filter((generation) => generation > 0).length;
    metrics.setDeciders(able, generations.length);
    metrics.setGeneration(able === 0 ? 0 : Math.min(...generations.filter((generation) => generation > 0)));
    board.set('deciders', able === 0 ? 'no decider has policies in force yet' : '');
    const missing = generations.length - able;
    board.degrade(
      'deciders',
      missing > 0 && able > 0 ? [`${missing} of ${generations.length} deciders not running`] : [],
    );
  };
  deciders.generations.subscribe(look);
  look(deciders.generations.value);
  deciders.tell({ kind: 'settings', settings: deciderSettings(config) });
  return deciders;
}

/** Says what is in force; where that changes all the time, as with the pods of a cluster, from time to time. */
function inForceTeller(log: Log): (pid: number, generation: number) => void {
  const toldAt = new Map<number, number>();
  return (pid, generation) => {
    const now = performance.now();
    const isSoon = now - (toldAt.get(pid) ?? Number.NEGATIVE_INFINITY) < IN_FORCE_TOLD_EVERY_MS;
    if (!isSoon) toldAt.set(pid, now);
    log[isSoon ? 'debug' : 'info']({ pid, generation }, 'policies are in force');
  };
}

const IN_FORCE_TOLD_EVERY_MS = 1_000;

const descriptorsOf = (pid: number): string => `descriptors of ${pid}`;

/** What a configuration means to a decider. */
export function deciderSettings(config: Config): DeciderSettings {
  const { extAuthz, policies, trustDomain } = config;
  return { transport: extAuthz.transport, allowEmpty: policies.allowEmpty, check: checkOptions(config), trustDomain };
}

function hear(
  message: FromDecider,
  pid: number,
  {
    log,
    metrics,
    board,
    decisions,
    counts,
    rate,
    unknownKid,
    revoked,
    handshakeFailed,
    candidate,
    sayInForce,
  }: DeciderRoleDeps & { readonly sayInForce: (pid: number, generation: number) => void },
): void {
  switch (message.kind) {
    case 'loaded':
    case 'taken':
    case 'drained':
      break;
    case 'revoked':
      revoked();
      break;
    case 'in-force':
      board.degrade('snapshot', []);
      sayInForce(pid, message.generation);
      break;
    case 'refused':
      metrics.countLoadError();
      board.degrade('snapshot', [`generation ${message.generation}: ${message.why}`]);
      log.error({ pid, generation: message.generation }, `policies could not be put in force: ${message.why}`);
      break;
    case 'candidate':
      candidate.heard(message.number, message.why);
      break;
    case 'decisions':
      decisions.add(message.entries);
      metrics.countDropped(message.dropped);
      counts.countDropped(message.dropped);
      break;
    case 'report':
      addCounts(message.counts, metrics);
      counts.edges.add(message.edges);
      counts.rules.add(message.hits);
      metrics.countHits(message.hits);
      rate.note(message.counts.decisions, message.counts.latency);
      metrics.countParity(message.parity);
      candidate.note(message.candidate);
      break;
    case 'parity':
      tellOfParity(message.report, log);
      break;
    case 'unknown-kid':
      unknownKid(message.unknown);
      break;
    case 'descriptors':
      board.degrade(descriptorsOf(pid), message.why === '' ? [] : [`descriptors of decider ${pid}: ${message.why}`]);
      if (message.why !== '') log.error({ pid }, `descriptors of decider ${pid}: ${message.why}`);
      break;
    case 'handshake-failed':
      handshakeFailed('Check', message.failure);
      break;
    case 'trouble':
      log.error({ pid }, message.message);
      break;
  }
}

/** The first of each kind: a disagreement is somebody's mistake, the operator's policies or ours. */
function tellOfParity({ agrees, shadow, entry }: RedactedParity, log: Log): void {
  const context = { shadow, ours: decisionRecord(entry) };
  if (agrees) log.info(context, "agrees with Envoy's RBAC");
  else log.warn(context, "disagrees with Envoy's RBAC");
}

function addCounts(counts: CheckCounts, metrics: Metrics): void {
  for (const { decision, reason, count } of counts.decisions) metrics.countChecks(decision, reason, count);
  metrics.addLatency(counts);
  metrics.countUnverifiedPeers(counts.unverifiedPeers);
  metrics.countAmbiguousRequests(counts.ambiguousRequests);
}
