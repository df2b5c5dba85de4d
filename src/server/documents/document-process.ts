/**
 * The process for public documents, as the server sees it: whatever strangers do to its listener, neither Checks nor issuing wait
 * for it, and their descriptors are not ours.
 * @module
 */
import { type ChildProcess, fork } from 'node:child_process';
import { GatehouseError } from '../../errors.ts';
import { cleanEnvironment } from '../../platform/hardening/node-environment.ts';
import { DECIDER_FLAGS, ONE_ARENA } from '../../platform/node-flags.ts';
import type { LaneTally } from '../../transport/lane/counts.ts';
import type { TcpAddress } from '../../transport/listen/listen-address.ts';
import { entryFile } from '../entry-file.ts';
import type { FromDocuments, Served, ToDocuments } from './messages.ts';

export interface DocumentProcess extends AsyncDisposable {
  /** The address really bound. */
  readonly address: TcpAddress;
  serve(served: Served): void;
  /** What its listener has counted since it was asked last, at most `COUNT_MS` late; undefined while it does not answer. */
  takeTally(): Promise<LaneTally | undefined>;
}

export interface DocumentProcessDeps {
  readonly address: TcpAddress;
  readonly connections: number;
  readonly served: Served;
  /** Told what went wrong in there; it goes on. */
  readonly failed: (message: string) => void;
  /** Told that it has ended and is started anew, and, with undefined, that it serves again. */
  readonly down: (why: string | undefined) => void;
}

const COUNT_MS = 500;
const AGAIN_MS = { least: 100, most: 5_000 } as const;
/** Who has served this long did not end because of how it was started. */
const STABLE_MS = 10_000;

/** Starts it. @throws GatehouseError `address_in_use`, `config_invalid`, and `internal` where it ends before it serves */
export async function startDocumentProcess(deps: DocumentProcessDeps): Promise<DocumentProcess> {
  let { served, address } = deps;
  let child: ChildProcess;
  let againMs: number = AGAIN_MS.least;
  let timer: NodeJS.Timeout | undefined;
  let isEnding = false;
  let counted: ((tally: LaneTally | undefined) => void) | undefined;
  const say = (message: ToDocuments): void => {
    if (child.connected) child.send(message, () => undefined); // one that has gone is told of by its exit
  };
  const start = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const startedAt = performance.now();
      child = fork(entryFile('documents-main'), [String(process.pid)], {
        serialization: 'advanced',
        execArgv: [...DECIDER_FLAGS],
        env: { ...ONE_ARENA, ...cleanEnvironment(process.env) },
        stdio: ['ignore', 2, 2, 'ipc'],
      });
      child.on('message', (heard: FromDocuments) => {
        switch (heard.kind) {
          case 'loaded':
            return say({ kind: 'open', address, connections: deps.connections, served });
          case 'opened':
            ({ address } = heard); // whoever follows it is found at the same port
            return resolve();
          case 'refused':
            return reject(new GatehouseError(heard.code, heard.message));
          case 'failed':
            return deps.failed(heard.message);
          case 'counted':
            return counted?.(heard.tally);
        }
      });
      child.once('error', (error) => reject(error));
      child.once('exit', (code, signal) => {
        const why = `the process for public documents has ended: ${signal ?? `exit code ${code}`}`;
        reject(new GatehouseError('internal', why));
        counted?.(undefined);
        if (isEnding) return;
        if (performance.now() - startedAt > STABLE_MS) againMs = AGAIN_MS.least;
        deps.down(why);
        timer = setTimeout(again, againMs).unref();
        againMs = Math.min(2 * againMs, AGAIN_MS.most);
      });
    });
  const again = (): void => {
    start().then(
      () => deps.down(undefined),
      (thrown: unknown) => {
        deps.failed(String(thrown));
        child.kill('SIGKILL'); // refused: its exit leads here again
      },
    );
  };
  try {
    await start();
  } catch (thrown) {
    isEnding = true;
    child!.kill('SIGKILL');
    throw thrown;
  }
  return {
    get address() {
      return address;
    },
    serve(next) {
      served = next;
      say({ kind: 'serve', served });
    },
    takeTally() {
      counted?.(undefined);
      return new Promise((resolve) => {
        const late = setTimeout(() => counted?.(undefined), COUNT_MS).unref();
        counted = (tally) => {
          clearTimeout(late);
          counted = undefined;
          resolve(tally);
        };
        say({ kind: 'count' });
      });
    },
    async [Symbol.asyncDispose]() {
      isEnding = true;
      clearTimeout(timer);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL'); // it holds nothing that could be lost
      await ended;
    },
  };
}
