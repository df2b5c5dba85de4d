/**
 * The decider processes: told the same, restarted when they die or hang, asked what they have counted.
 * @module
 */
import type { Socket } from 'node:net';
import { createWatchable, type Watchable } from '../../lib/watchable.ts';
import type { PolicyModel } from '../../policy/model.ts';
import type { ListenAddress } from '../../transport/listen/listen-address.ts';
import { connectionLimit } from '../listeners/connection-limit.ts';
import { type DeciderProcess, forkDecider } from './decider-process.ts';
import type { FromDecider, ToDecider } from './messages.ts';
import { ModelPacker } from './model-parts.ts';

/** What all deciders are told; policies whole, of which each is sent what it has not got. */
type State =
  | Exclude<ToDecider, { kind: 'connection' | 'drain' | 'report' | 'policies' }>
  | { readonly kind: 'policies'; readonly model: PolicyModel };

export interface DecidersDeps {
  /** Forked before, one a place; a place whose process ends gets another. */
  readonly processes: readonly DeciderProcess[];
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
  tell(message: State): void;
  /** Hands a connection to the next decider in turn that is ready; it waits a moment if none is. */
  give(socket: Socket, listener: ListenAddress): void;
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

interface Place {
  process: DeciderProcess | undefined;
  generation: number;
  revocationSequence: number;
  peersWithCertificate: number;
  peersWithout: number;
  startedAt: number;
  deaths: number;
  unanswered: number;
  drained: boolean;
  packer: ModelPacker;
  /** Connections that it has not said to have taken. */
  readonly handedOver: Map<number, { readonly socket: Socket; readonly listener: ListenAddress }>;
}

const REPORT_EVERY_MS = 1_000;
/** So many reports missing, and it is taken to hang. */
const MOST_UNANSWERED = 15;
const RESTART_FIRST_MS = 50;
const RESTART_MOST_MS = 5_000;
/** One that has lived this long starts its back-off anew. */
const STEADY_MS = 10_000;
/** Connections that no decider has taken yet, and those that one was given and has not said to have taken. */
const MOST_WAITING = connectionLimit('check');

/** Starts the deciders. */
export function createDeciders({ processes, heard, ended, broke }: DecidersDeps): Deciders {
  const places: Place[] = [];
  const said = new Map<State['kind'], State>();
  const generations = createWatchable<readonly number[]>(processes.map(() => 0));
  const waiting: { socket: Socket; listener: ListenAddress }[] = [];
  const answered = new Set<() => void>();
  const restarts = new Set<NodeJS.Timeout>();
  let stopping = false;
  let turn = 0;
  let connections = 0;

  const ready = (): Place[] => places.filter(({ process, generation }) => process !== undefined && generation > 0);
  const publish = (): void => {
    const now = places.map(({ generation }) => generation);
    if (now.join() !== generations.value.join()) generations.replace(now);
  };
  const give: Deciders['give'] = (socket, listener) => {
    const able = ready().filter(({ handedOver }) => handedOver.size < MOST_WAITING);
    const chosen = able[turn++ % Math.max(1, able.length)];
    if (chosen?.process !== undefined) {
      const id = connections++;
      chosen.handedOver.set(id, { socket, listener });
      chosen.process.send({ kind: 'connection', id, listener }, socket);
    } else if (waiting.length < MOST_WAITING && !stopping) waiting.push({ socket, listener });
    else socket.destroy();
  };
  const flush = (): void => {
    for (const { socket, listener } of waiting.splice(0)) give(socket, listener);
  };

  const tell = ({ process, packer }: Place, message: State): void => {
    if (message.kind !== 'policies') process?.send(message);
    else if (process !== undefined) process.send({ kind: 'policies', model: packer.pack(message.model) });
  };

  const hear = (place: Place, process: DeciderProcess, message: FromDecider): void => {
    if (message.kind === 'in-force') {
      place.generation = message.generation;
      publish();
      flush();
    }
    if (message.kind === 'taken') {
      place.handedOver.get(message.id)?.socket.destroy(); // our end; the decider has its own
      place.handedOver.delete(message.id);
    }
    if (message.kind === 'revoked') {
      place.revocationSequence = message.sequence;
      for (const look of [...answered]) look();
    }
    if (message.kind === 'report') {
      place.unanswered = 0;
      place.peersWithCertificate += message.counts.peersWithCertificate;
      place.peersWithout += message.counts.peersWithout;
      for (const look of [...answered]) look();
    }
    if (message.kind === 'drained') {
      place.drained = true;
      for (const look of [...answered]) look();
    }
    heard(message, process.pid);
  };

  const start = (place: Place, process = forkDecider()): void => {
    place.startedAt = performance.now();
    place.unanswered = 0;
    place.drained = false;
    place.packer = new ModelPacker();
    place.revocationSequence = -1;
    place.peersWithCertificate = 0;
    place.peersWithout = 0;
    place.process = process;
    process.attach({
      heard(message) {
        try {
          hear(place, process, message);
        } catch (thrown) {
          broke(process.pid, thrown);
          process.kill();
        }
      },
      ended(how) {
        place.process = undefined;
        place.generation = 0;
        place.drained = true;
        publish();
        for (const look of [...answered]) look();
        const untaken = [...place.handedOver.values()];
        place.handedOver.clear();
        for (const { socket, listener } of untaken) give(socket, listener);
        if (stopping) return;
        place.deaths = performance.now() - place.startedAt > STEADY_MS ? 1 : place.deaths + 1;
        const inMs = Math.min(RESTART_FIRST_MS * 2 ** (place.deaths - 1), RESTART_MOST_MS);
        ended(process.pid, how, inMs);
        const timer = setTimeout(() => {
          restarts.delete(timer);
          start(place);
        }, inMs);
        restarts.add(timer);
      },
    });
    for (const message of said.values()) tell(place, message);
  };

  for (const process of processes) {
    const place: Place = {
      process: undefined,
      generation: 0,
      revocationSequence: -1,
      peersWithCertificate: 0,
      peersWithout: 0,
      startedAt: 0,
      deaths: 0,
      unanswered: 0,
      drained: false,
      packer: new ModelPacker(),
      handedOver: new Map(),
    };
    places.push(place);
    start(place, process);
  }
  const asking = setInterval(() => {
    for (const place of places) {
      if (place.process === undefined || !place.process.loaded) continue;
      if (++place.unanswered > MOST_UNANSWERED) place.process.kill();
      else place.process.send({ kind: 'report' });
    }
  }, REPORT_EVERY_MS);

  /** Resolves when `done` holds for every place, looked at whenever one answers, or when the time is over. */
  const until = (done: (place: Place) => boolean, timeoutMs: number): Promise<void> =>
    new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        answered.delete(look);
        resolve();
      };
      const look = (): void => {
        if (places.every(done)) finish();
      };
      const timer = setTimeout(finish, timeoutMs);
      answered.add(look);
      look();
    });

  let draining: Promise<void> | undefined;
  const stop = async (graceMs: number): Promise<void> => {
    stopping = true;
    clearInterval(asking);
    for (const timer of restarts) clearTimeout(timer);
    for (const { socket } of waiting.splice(0)) socket.destroy();
    for (const { process } of places) process?.send({ kind: 'drain', graceMs });
    await until(({ process, drained }) => process === undefined || drained, graceMs + 1_000);
    for (const { process } of places) process?.kill();
    await until(({ process }) => process === undefined, 1_000);
  };
  const drain = (graceMs: number): Promise<void> => (draining ??= stop(graceMs));

  return {
    generations,
    pids: () => places.flatMap(({ process }) => (process === undefined ? [] : [process.pid])),
    tell(message) {
      said.set(message.kind, message);
      for (const place of places) tell(place, message);
    },
    give,
    async report(timeoutMs) {
      for (const place of places) {
        place.unanswered += 1;
        place.process?.send({ kind: 'report' });
      }
      await until(({ process, unanswered }) => process === undefined || !process.loaded || unanswered === 0, timeoutMs);
    },
    statuses: () =>
      places.flatMap(({ process, generation, revocationSequence, peersWithCertificate, peersWithout }) =>
        process === undefined
          ? []
          : [{ pid: process.pid, generation, revocationSequence, peersWithCertificate, peersWithout }],
      ),
    async revokedBy(sequence, timeoutMs) {
      const isReached = ({ process, revocationSequence }: Place): boolean =>
        process === undefined || revocationSequence >= sequence;
      await until(isReached, timeoutMs);
      return places.every(isReached);
    },
    drain,
    [Symbol.asyncDispose]: () => drain(0),
  };
}
