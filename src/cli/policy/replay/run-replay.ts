/**
 * Replays logs, line by line.
 * @module
 */
import { type LoggedDecision, readLogLine } from '../../../analysis/replay/logged-decision.ts';
import { createPlaceOfRule } from '../../../analysis/replay/place-of-rule.ts';
import { createLogReplay, type LogReplay, type ReplayDeps, type Replayed } from '../../../analysis/replay/replay.ts';
import { type DecidedBy, nowOf, ReplayTally, wasOf } from '../../../analysis/replay/tally.ts';
import { nameOf } from '../../../authz/answer/respond.ts';
import { GatehouseError } from '../../../errors.ts';
import type { Position } from '../../../policy/documents/position.ts';
import type { Place } from '../proofs/open-place.ts';
import { linesOfLog, sizeOfLog } from './log-lines.ts';

/** What hears of a run. */
export interface ReplayListener {
  /** Each decision that is not the same, or all of them. */
  readonly each?: (replayed: ShownReplay) => void;
  readonly all: boolean;
  readonly note: (text: string) => void;
  readonly progress?: (done: number, of: number) => void;
}

/** One decision, as JSON has it. */
export interface ShownReplay {
  readonly result: Replayed['result'];
  readonly id: string;
  readonly at: string;
  readonly from: string;
  readonly to: string;
  readonly request: LoggedDecision['request'];
  readonly was: DecidedBy;
  readonly now?: DecidedBy;
  /** What each plane says now. */
  readonly planes?: readonly DecidedBy[];
  readonly lacks?: string;
}

/** Replays files of a log by the policies of a place. @throws GatehouseError `not_found`, `message_invalid`, `internal` */
export async function replayLogs(
  names: readonly string[],
  { side, nameOf: fileOf }: Place<ReplayDeps>,
  listener: ReplayListener,
): Promise<ReplayTally> {
  if (names.filter((name) => name === '-').length > 1)
    throw new GatehouseError('message_invalid', 'standard input (-) can be read once: name it once');
  const sizes = names.map(sizeOfLog);
  const whole = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  const tally = new ReplayTally();
  const replay = createLogReplay(side);
  const place = createPlaceOfRule(side.model);
  const placeOf: typeof place = (decided) => named(place(decided), fileOf);
  let done = 0;
  for (const name of names) {
    for await (const { lines, bytes, isCut } of linesOfLog(name)) {
      for (const line of lines) replayLine(line, { tally, replay, placeOf, listener });
      done += bytes;
      listener.progress?.(done, Math.max(done, whole));
      if (isCut === true) listener.note(`${name} is gzip that ends too early: what came before its end was read`);
    }
  }
  return tally;
}

const named = (position: Position | undefined, fileOf: (file: string) => string): Position | undefined =>
  position && { ...position, file: fileOf(position.file) };

interface Run {
  readonly tally: ReplayTally;
  readonly replay: LogReplay;
  readonly placeOf: ReturnType<typeof createPlaceOfRule>;
  readonly listener: ReplayListener;
}

function replayLine(line: string, { tally, replay, placeOf, listener }: Run): void {
  tally.counts.lines++;
  const read = readLogLine(line);
  if (read.is !== 'decision') {
    tally.counts[read.is]++;
    return;
  }
  const { decision } = read;
  const replayed = replay.decide(decision);
  const now = replayed.result === 'same' && !listener.all ? undefined : nowOf(replayed, placeOf);
  const isFirst = tally.add(decision, replayed, now);
  const isShown = listener.each !== undefined && (listener.all || replayed.result !== 'same');
  // The plain evaluation is the second opinion: of each kind of difference at least once.
  const evaluation = replayed.result === 'differs' && (isFirst || isShown) ? replay.derive(replayed.now) : undefined;
  if (!isShown) return;
  const planes = evaluation?.trace.planes.map(({ plane, decision: { effect, reason, policy, rule } }): DecidedBy => {
    const at = placeOf({ policy, rule });
    return {
      ...{ plane, decision: effect, reason },
      ...(policy && { policy: nameOf(policy)! }), // of a policy there is one
      ...(rule !== undefined && { rule }),
      ...(at && { file: at.file, line: at.line }),
    };
  });
  listener.each?.({
    result: replayed.result,
    id: decision.id,
    at: decision.at,
    from: decision.source?.principal || decision.source?.address || '',
    to: decision.destination?.spiffeId ?? '',
    request: decision.request,
    was: wasOf(decision),
    ...(now && { now }),
    ...(planes && { planes }),
    ...(replayed.result === 'unknown' && { lacks: replayed.lacks }),
  });
}
