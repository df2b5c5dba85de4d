/**
 * One decider process, as the primary sees it.
 * @module
 */
import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { cleanEnvironment } from '../../platform/hardening/node-environment.ts';
import { DECIDER_FLAGS, ONE_ARENA } from '../../platform/node-flags.ts';
import { entryFile } from '../entry-file.ts';
import type { FromDecider, ToDecider } from './messages.ts';

/** A child process, which may still be loading. */
export interface DeciderProcess {
  readonly pid: number;
  /** Its modules are loaded. */
  readonly loaded: boolean;
  /** Says who listens; what came before is told at once. */
  attach(events: DeciderEvents): void;
  send(message: ToDecider, socket?: Socket): void;
  kill(): void;
}

/** What a process says, and how it ended: a signal, an exit code or an error. */
export interface DeciderEvents {
  heard(message: FromDecider): void;
  ended(how: string): void;
}

/** Forks a decider at once; what is sent before it has loaded waits in its pipe. */
export function forkDecider(): DeciderProcess {
  const child = fork(entryFile('decider-main'), [String(process.pid)], {
    serialization: 'advanced',
    execArgv: [...DECIDER_FLAGS],
    env: { ...ONE_ARENA, ...cleanEnvironment(process.env) },
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  const early: FromDecider[] = [];
  let endedHow: string | undefined;
  let events: DeciderEvents | undefined;
  let loaded = false;
  child.on('message', (message) => {
    const heard = message as FromDecider; // only our own entry sends
    if (heard.kind === 'loaded') loaded = true;
    if (events === undefined) early.push(heard);
    else events.heard(heard);
  });
  const end = (how: string): void => {
    if (endedHow !== undefined) return;
    endedHow = how;
    events?.ended(how);
  };
  child.once('error', (error) => end(error.message));
  child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`));
  return {
    pid: child.pid ?? -1,
    get loaded() {
      return loaded;
    },
    attach(given) {
      events = given;
      for (const message of early.splice(0)) given.heard(message);
      if (endedHow !== undefined) given.ended(endedHow);
    },
    send: (message, socket) => send(child, message, socket),
    kill: () => void child.kill('SIGKILL'),
  };
}

/** Processes that load while the server is being opened. */
export interface ForkedDeciders extends Disposable {
  readonly all: readonly DeciderProcess[];
  /** So many of them, the last ones, are for HTTP callers. */
  readonly http: number;
}

/**
 * Forks `checks` deciders for Envoys and `http` for HTTP callers, of which `first` is one that runs already; where there is none that one
 * is ended. Disposed, all are.
 */
export function forkDeciders(checks: number, http: number, first: DeciderProcess | undefined): ForkedDeciders {
  const count = checks + http;
  if (count === 0) first?.kill();
  const all = Array.from({ length: count }, (_, i) => (i === 0 ? (first ?? forkDecider()) : forkDecider()));
  return {
    all,
    http,
    [Symbol.dispose]() {
      for (const each of all) each.kill();
    },
  };
}

/** A child that has gone is told of by its `exit`. Our end of a socket stays open until we know that it was taken. */
function send(child: ChildProcess, message: ToDecider, socket: Socket | undefined): void {
  if (child.connected) child.send(message, socket, { keepOpen: true }, () => undefined);
}
