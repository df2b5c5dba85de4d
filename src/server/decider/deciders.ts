/**
 * The decider processes: told the same, restarted when they die or hang, asked what they have counted.
 * @module
 */
import type { Socket } from 'node:net';
import type { Ticks } from '../../lib/ticks.ts';
import { createWatchable, type Watchable } from '../../lib/watchable.ts';
import type { ListenAddress } from '../../transport/listen/listen-address.ts';
import type { DeciderProcess } from './decider-process.ts';
import type { Door, FromDecider } from './messages.ts';
import { type ConnectionHandover, createConnectionHandover } from './places/connection-handover.ts';
import { emptyPlace, noteSaid, type Place, type ToAllDeciders, tellPlace } from './places/place.ts';
import { createPlaceAnswers, type PlaceAnswers } from './places/place-answers.ts';
import { createPlaceLife, endWhatHangs, type PlaceLife } from './places/place-life.ts';

export interface DecidersDeps {
  /** Forked before, one a place; a place whose process ends gets another. */
  readonly processes: readonly DeciderProcess[];
  /** So many of them, the last ones, serve HTTP callers; default none. */
  readonly httpProcesses?: number;
  /** Each second it is looked whether one hangs. */
  readonly seconds: Ticks;
  /** Told of everything that a decider says. */
  heard(message: FromDecider, pid: number): void;
  ended(pid: number, how: string, restartInMs: number): void;
  /** Told why a decider is ended: what it said made no sense. */
  broke(pid: number, thrown: unknown): void;
}

/** The decider processes of this server as one. */
export interface Deciders extends AsyncDisposable {
  /** Generation of policy that each decider decides by; 0 before its first. */
  readonly generations: Watchable<readonly number[]>;
  pids(): readonly number[];
  /** Tells all deciders, and each that is started later. */
  tell(message: ToAllDeciders): void;
  /** Hands a connection to the next decider in turn that is ready; it waits a moment if none is. */
  give(socket: Socket, listener: ListenAddress, door: Door): void;
  /** Asks for reports, and resolves when all that live have answered, at most `timeoutMs` later. */
  report(timeoutMs: number): Promise<void>;
  /** What each decider that lives decides by, and what Envoys have shown it. */
  statuses(): readonly DeciderStatus[];
  /** Resolves when every decider refuses by the revocations of that sequence: false if one does not within `timeoutMs`. */
  revokedBy(sequence: number, timeoutMs: number): Promise<boolean>;
  /** Lets running Checks end, at most `graceMs`, and ends the processes. */
  drain(graceMs: number): Promise<void>;
}

/** What one decider decides by, and has seen. */
export interface DeciderStatus {
  /** 0: elsewhere. */
  readonly pid: number;
  /** The name of a decider elsewhere. */
  readonly decider?: string;
  readonly generation: number;
  /** Of the revocations that it refuses by; -1 before its first. */
  readonly revocationSequence: number;
  /** Checks, since it was started, with the certificate of a peer, and with only a name of one. */
  readonly peersWithCertificate: number;
  readonly peersWithout: number;
}

/** What somebody may wait for. */
const ANSWERS: ReadonlySet<FromDecider['kind']> = new Set(['revoked', 'report', 'drained']);

/** Starts the deciders. */
export function createDeciders({ processes, httpProcesses = 0, seconds, heard, ended, broke }: DecidersDeps): Deciders {
  const firstHttp = processes.length - httpProcesses;
  const places = processes.map((_, i) => emptyPlace(i < firstHttp ? 'check' : 'http'));
  const said = new Map<ToAllDeciders['kind'], ToAllDeciders>();
  const generations = createWatchable<readonly number[]>(processes.map(() => 0));
  const handover = createConnectionHandover(places);
  const answers = createPlaceAnswers(places);

  const publish = (): void => {
    const now = places.map(({ generation }) => generation);
    if (now.join() !== generations.value.join()) generations.replace(now);
  };
  const life = createPlaceLife({
    started(place) {
      for (const message of said.values()) tellPlace(place, message);
    },
    heard(place, message, pid) {
      noteSaid(place, message);
      if (message.kind === 'in-force') {
        publish();
        handover.flush();
      }
      if (message.kind === 'taken') handover.taken(place, message.id);
      if (ANSWERS.has(message.kind)) answers.look();
      heard(message, pid);
    },
    left(place) {
      publish();
      answers.look();
      handover.giveAnew(place);
    },
    ended,
    broke,
  });
  for (const [i, process] of processes.entries()) life.start(places[i]!, process);
  const hanging = endWhatHangs(places, seconds);

  let draining: Promise<void> | undefined;
  const drain = (graceMs: number): Promise<void> =>
    (draining ??= stop({ places, life, hanging, handover, answers }, graceMs));
  return {
    generations,
    pids: () => places.flatMap(({ process }) => (process === undefined ? [] : [process.pid])),
    tell(message) {
      said.set(message.kind, message);
      for (const place of places) tellPlace(place, message);
    },
    give: handover.give,
    report: (timeoutMs) => askForReports(places, answers, timeoutMs),
    statuses: () => places.flatMap(statusOf),
    revokedBy: (sequence, timeoutMs) => isRevokedBy(places, answers, sequence, timeoutMs),
    drain,
    [Symbol.asyncDispose]: () => drain(0),
  };
}

async function askForReports(places: readonly Place[], answers: PlaceAnswers, timeoutMs: number): Promise<void> {
  for (const place of places) {
    place.unanswered += 1;
    place.process?.send({ kind: 'report' });
  }
  const hasAnswered = ({ process, unanswered }: Place): boolean =>
    process === undefined || !process.loaded || unanswered === 0;
  await answers.until(hasAnswered, timeoutMs);
}

async function isRevokedBy(
  places: readonly Place[],
  answers: PlaceAnswers,
  sequence: number,
  timeoutMs: number,
): Promise<boolean> {
  const isReached = ({ process, revocationSequence }: Place): boolean =>
    process === undefined || revocationSequence >= sequence;
  await answers.until(isReached, timeoutMs);
  return places.every(isReached);
}

function statusOf(place: Place): readonly DeciderStatus[] {
  const { process, generation, revocationSequence, peersWithCertificate, peersWithout } = place;
  if (process === undefined) return [];
  return [{ pid: process.pid, generation, revocationSequence, peersWithCertificate, peersWithout }];
}

interface Running {
  readonly places: readonly Place[];
  readonly life: PlaceLife;
  readonly hanging: Disposable;
  readonly handover: ConnectionHandover;
  readonly answers: PlaceAnswers;
}

async function stop({ places, life, hanging, handover, answers }: Running, graceMs: number): Promise<void> {
  life.stop();
  hanging[Symbol.dispose]();
  handover.close();
  for (const { process } of places) process?.send({ kind: 'drain', graceMs });
  await answers.until(({ process, drained }) => process === undefined || drained, graceMs + 1_000);
  for (const { process } of places) process?.kill();
  await answers.until(({ process }) => process === undefined, 1_000);
}
