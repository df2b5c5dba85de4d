/**
 * Asks the console's worker: one question at a time, bounded in time and memory, and given up when nobody waits for it.
 * @module
 */
import { Worker } from 'node:worker_threads';
import * as z from 'zod';
import { type ErrorCode, GatehouseError } from '../../errors.ts';

const whatIfQuestion = z.strictObject({
  /** One of the files of policy, by the name that the server has for it. */
  file: z.string().min(1).max(4_096),
  /** As it would be. */
  text: z.string().max(4_000_000),
  /** Requests that were decided, as policy tests. */
  tests: z
    .array(z.looseObject({ name: z.string() }))
    .max(2_048)
    .default([]),
});

export type WhatIfQuestion = z.output<typeof whatIfQuestion>;

/** What the worker is started with. */
export interface WorkerQuestion {
  readonly config: string;
  readonly asked: WhatIfQuestion | 'pairs';
}

/** What it says, once. */
export type WorkerReply =
  | { readonly answer: unknown }
  | { readonly refused: { readonly code: ErrorCode; readonly message: string } };

/** Works out what takes seconds. Rejects with what is wrong with the question; `unreachable` where it takes too long. */
export interface ConsoleWorker extends AsyncDisposable {
  whatIf(body: unknown, stop: AbortSignal): Promise<unknown>;
  pairs(stop: AbortSignal): Promise<unknown>;
}

const MOST_MS = 60_000;
const MOST_MIB = 1_024;

/** Beside this file in the sources, and one above the chunks in a build. */
const entry = new URL(
  import.meta.url.endsWith('.ts') ? './worker-main.ts' : '../cli/console/worker-main.js',
  import.meta.url,
);

/** @param config  names the policies; undefined: nobody knows them here */
export function createConsoleWorker(config: string | undefined): ConsoleWorker {
  let running: Worker | undefined;
  const end = async (): Promise<void> => {
    const worker = running;
    running = undefined;
    await worker?.terminate();
  };
  const ask = async (asked: WorkerQuestion['asked'], stop: AbortSignal): Promise<unknown> => {
    if (config === undefined)
      throw new GatehouseError(
        'config_invalid',
        'this reads the policy files: `gatehouse console --config FILE` names them',
      );
    await end();
    return run({ config, asked }, stop, (worker) => {
      running = worker;
    });
  };
  return {
    whatIf(body, stop) {
      const read = whatIfQuestion.safeParse(body);
      if (!read.success) throw new GatehouseError('message_invalid', z.prettifyError(read.error));
      return ask(read.data, stop);
    },
    pairs: (stop) => ask('pairs', stop),
    [Symbol.asyncDispose]: end,
  };
}

function run(workerData: WorkerQuestion, stop: AbortSignal, began: (worker: Worker) => void): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(entry, { workerData, resourceLimits: { maxOldGenerationSizeMb: MOST_MIB } });
    began(worker);
    const stopped = (): void => void worker.terminate();
    const late = setTimeout(stopped, MOST_MS);
    stop.addEventListener('abort', stopped);
    worker.once('message', (reply: WorkerReply) => {
      if ('answer' in reply) resolve(reply.answer);
      else reject(new GatehouseError(reply.refused.code, reply.refused.message));
      stopped();
    });
    worker.once('error', (thrown: NodeJS.ErrnoException) =>
      reject(
        thrown.code === 'ERR_WORKER_OUT_OF_MEMORY'
          ? new GatehouseError('not_supported', `nobody can say: it takes more than ${MOST_MIB} MiB of memory`)
          : thrown,
      ),
    );
    worker.once('exit', () => {
      clearTimeout(late);
      stop.removeEventListener('abort', stopped);
      reject(new GatehouseError('unreachable', 'it took too long, or another question came meanwhile'));
    });
  });
}
