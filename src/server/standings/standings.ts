/**
 * How rules stand that have decided nothing, worked out in a thread that lives for one question: beside everything that must not wait for it.
 *
 * One question at a time; what was worked out last is kept for as long as policies and counts say the same.
 * @module
 */
import { Worker } from 'node:worker_threads';
import type { StandingRule } from '../../analysis/lint/exact/rule-standings.ts';
import type { PolicyModel } from '../../policy/model.ts';
import { entryFile } from '../entry-file.ts';

/** What the thread is given. */
export interface StandingsOrder {
  readonly planes: PolicyModel['planes'];
  readonly absence: PolicyModel['absence'];
  /** Keys of rules that have decided something. */
  readonly hit: ReadonlySet<string>;
}

/** How rules stand, by their keys; or why nobody can say. */
export type ToldStandings = ReadonlyMap<string, StandingRule> | string;

/** Asks for standings. Never rejects. */
export type AskStandings = (model: PolicyModel, hit: ReadonlySet<string>) => Promise<ToldStandings>;

const TIMEOUT_MS = 30_000;
/** More ends as unknown. */
const MOST_HEAP_MB = 1_024;

interface Known {
  readonly model: PolicyModel;
  readonly hit: string;
  readonly told: Promise<ToldStandings>;
}

/** Creates it; no thread is there before the first question. */
export function createStandings(timeoutMs = TIMEOUT_MS): { readonly ask: AskStandings } & AsyncDisposable {
  let known: Known | undefined;
  let working: Promise<unknown> = Promise.resolve();
  const ends = new AbortController();
  return {
    ask(model, hit) {
      const text = [...hit].toSorted().join('\n');
      if (known?.model === model && known.hit === text) return known.told;
      const told = working.then(() =>
        workOut({ planes: model.planes, absence: model.absence, hit }, timeoutMs, ends.signal),
      );
      const mine: Known = { model, hit: text, told };
      known = mine;
      working = told.then((standings) => {
        if (typeof standings === 'string' && known === mine) known = undefined; // the next one may have more luck
      });
      return told;
    },
    async [Symbol.asyncDispose]() {
      ends.abort();
      await working;
    },
  };
}

async function workOut(order: StandingsOrder, timeoutMs: number, signal: AbortSignal): Promise<ToldStandings> {
  if (signal.aborted) return 'the server ends';
  const worker = new Worker(entryFile('standings-main'), {
    name: 'standings',
    workerData: order,
    resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MB },
  });
  worker.unref();
  const ended = Promise.withResolvers<ToldStandings>();
  const timer = setTimeout(() => ended.resolve(`it takes more than ${timeoutMs / 1_000} s`), timeoutMs).unref();
  worker.once('message', (standings: ReadonlyMap<string, StandingRule>) => ended.resolve(standings));
  worker.once('error', (error) => ended.resolve(error.message));
  worker.once('exit', () => ended.resolve('the thread that works it out has ended'));
  signal.addEventListener('abort', () => ended.resolve('the server ends'), { once: true });
  const standings = await ended.promise;
  clearTimeout(timer);
  await worker.terminate();
  return standings;
}
