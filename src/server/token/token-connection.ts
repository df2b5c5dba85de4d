/**
 * One signing process, as the server sees it: a token that was opened once, until it is lost.
 *
 * A module is foreign code in C. What it does to its process (crashes, threads that hang) it does to this one alone, and a token that
 * has come back is opened by a new process: some modules never find it again.
 * @module
 */
import { type ChildProcess, fork } from 'node:child_process';
import { setImmediate as nextTurn } from 'node:timers';
import { cleanEnvironment } from '../../platform/hardening/node-environment.ts';
import { DECIDER_FLAGS, ONE_ARENA } from '../../platform/node-flags.ts';
import { TokenFault } from '../../platform/pkcs11/token-fault.ts';
import { entryFile } from '../entry-file.ts';
import type { FromToken, OpenOrder, TokenAnswer, TokenRequest, ToToken } from './messages.ts';

/** An open token. */
export interface TokenConnection extends AsyncDisposable {
  readonly serial: string;
  /** @throws TokenFault `refused`, or `lost` once nothing more can be asked */
  ask(request: TokenRequest): Promise<unknown>;
  /** Resolves with why it is of no more use. */
  readonly lost: Promise<TokenFault>;
}

/** A module that does not open its token by then hangs. */
const OPEN_MS = 30_000;
/** Likewise a request; to make an RSA key takes some tokens half a minute. */
const ANSWER_MS = { generate: 120_000, others: 15_000 } as const;

interface Waiting {
  resolve(value: unknown): void;
  reject(fault: TokenFault): void;
  readonly timer: NodeJS.Timeout;
}

/** Starts a process and opens the token in it. @throws TokenFault `setup`, `pin`, `lost` */
export async function connectToken(order: OpenOrder): Promise<TokenConnection> {
  const child = fork(entryFile('token-main'), [String(process.pid)], {
    serialization: 'advanced',
    execArgv: [...DECIDER_FLAGS],
    env: { ...ONE_ARENA, ...cleanEnvironment(process.env) },
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  const lost = Promise.withResolvers<TokenFault>();
  const opened = Promise.withResolvers<string>();
  const waiting = new Map<number, Waiting>();
  const end = (fault: TokenFault): void => {
    lost.resolve(fault);
    opened.reject(fault);
    for (const each of waiting.values()) {
      clearTimeout(each.timer);
      each.reject(fault);
    }
    waiting.clear();
    child.kill('SIGKILL'); // what it was about is written down, or is asked again
  };
  const hang = (what: string, ms: number): NodeJS.Timeout =>
    setTimeout(() => end(new TokenFault('lost', `the module has not ${what} for ${ms / 1000} s`)), ms).unref();
  const answered = (answer: TokenAnswer): void => {
    const asked = waiting.get(answer.id);
    if (asked === undefined) return;
    waiting.delete(answer.id);
    clearTimeout(asked.timer);
    if ('value' in answer) {
      asked.resolve(answer.value);
      return;
    }
    const fault = new TokenFault(answer.fault, answer.message);
    asked.reject(fault);
    if (answer.fault !== 'refused') end(fault);
  };
  const say = createSayer(child);
  child.on('message', (heard: FromToken) => {
    switch (heard.kind) {
      case 'loaded':
        return say.now({ kind: 'open', order });
      case 'opened':
        return opened.resolve(heard.serial);
      case 'failed':
        return end(new TokenFault(heard.fault, heard.message));
      case 'answers':
        return heard.answers.forEach(answered);
    }
  });
  child.once('error', (error) => end(new TokenFault('lost', `the signing process: ${error.message}`)));
  child.once('exit', (code, signal) =>
    end(new TokenFault('lost', `the signing process has ended: ${signal ?? `exit code ${code}`}`)),
  );
  const timer = hang('opened the token', OPEN_MS);
  const serial = await opened.promise.finally(() => clearTimeout(timer));
  let lastId = 0;
  return {
    serial,
    lost: lost.promise,
    ask: (request) =>
      new Promise((resolve, reject) => {
        if (!child.connected) return reject(new TokenFault('lost', 'the signing process has ended'));
        const id = ++lastId;
        const ms = request.ask === 'generate' ? ANSWER_MS.generate : ANSWER_MS.others;
        waiting.set(id, { resolve, reject, timer: hang('answered', ms) });
        say.soon(id, request);
      }),
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      const isGone = child.exitCode !== null || child.signalCode !== null;
      end(new TokenFault('lost', 'the server stops'));
      if (!isGone) await ended;
    },
  };
}

/** Requests of one turn go as one message. */
function createSayer(child: ChildProcess) {
  let requests: { readonly id: number; readonly request: TokenRequest }[] = [];
  const now = (message: ToToken): void => {
    if (child.connected) child.send(message, () => undefined); // one that has gone is told of by its exit
  };
  return {
    now,
    soon(id: number, request: TokenRequest): void {
      if (requests.length === 0) {
        nextTurn(() => {
          const all = requests;
          requests = [];
          now({ kind: 'requests', requests: all });
        });
      }
      requests.push({ id, request });
    },
  };
}
