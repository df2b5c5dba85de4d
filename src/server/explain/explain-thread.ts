/**
 * The thread that explains, as the primary sees it: started at the first question, gone when nobody has asked for a while.
 * @module
 */
import { Worker } from 'node:worker_threads';
import type { Explanation } from '../../analysis/explain.ts';
import { type ErrorCode, GatehouseError } from '../../errors.ts';
import { entryFile } from '../entry-file.ts';
import type { ExplainQuestion, ExplainState } from './explain-state.ts';

/** `parts` come along when the thread does not hold them yet. */
export interface ExplainOrder {
  readonly id: number;
  readonly state: number;
  readonly parts: ExplainState | undefined;
  readonly question: ExplainQuestion;
}

/** The explanation, or the error of the explainer; `id` is that of the order. */
export type ExplainAnswer =
  | { readonly id: number; readonly explanation: Explanation; readonly error?: never }
  | {
      readonly id: number;
      readonly error: {
        readonly code: ErrorCode;
        readonly message: string;
        readonly details?: Readonly<Record<string, unknown>>;
      };
    };

export interface ExplainThread extends AsyncDisposable {
  /** @throws GatehouseError what the explainer threw; `unreachable` if there was no answer in time */
  explain(state: ExplainState, question: ExplainQuestion): Promise<Explanation>;
}

const IDLE_MS = 60_000;
const TIMEOUT_MS = 30_000;

interface Waiting {
  readonly resolve: (explanation: Explanation) => void;
  readonly reject: (error: GatehouseError) => void;
  readonly timer: NodeJS.Timeout;
}

/** Makes the thread's handle; nothing is started yet. */
export function createExplainThread(): ExplainThread {
  const waiting = new Map<number, Waiting>();
  let worker: Worker | undefined;
  let idle: NodeJS.Timeout | undefined;
  let orders = 0;
  let states = 0;
  let told: ExplainState | undefined;

  const settle = (id: number, use: (one: Waiting) => void): void => {
    const one = waiting.get(id);
    if (one === undefined) return;
    clearTimeout(one.timer);
    waiting.delete(id);
    use(one);
    if (waiting.size === 0) idle = setTimeout(() => void stop('it was idle'), IDLE_MS).unref();
  };
  const stop = async (why: string): Promise<void> => {
    clearTimeout(idle);
    const ending = worker;
    worker = undefined;
    told = undefined;
    for (const id of [...waiting.keys()])
      settle(id, ({ reject }) => reject(new GatehouseError('unreachable', `the explaining thread has ended: ${why}`)));
    clearTimeout(idle);
    await ending?.terminate();
  };
  const start = (): Worker => {
    const made = new Worker(entryFile('explain-main'), { name: 'explain' });
    made.on('message', (answer: ExplainAnswer) =>
      settle(answer.id, ({ resolve, reject }) => {
        if (answer.error === undefined) resolve(answer.explanation);
        else reject(new GatehouseError(answer.error.code, answer.error.message, answer.error.details ?? {}));
      }),
    );
    made.on('error', (error) => void (made === worker && stop(error.message)));
    made.on('exit', () => void (made === worker && stop('it exited')));
    made.unref();
    return made;
  };
  return {
    explain(state, question) {
      clearTimeout(idle);
      worker ??= start();
      const isTold = told !== undefined && isSame(told, state);
      if (!isTold) states++;
      told = state;
      const id = orders++;
      return new Promise<Explanation>((resolve, reject) => {
        const timer = setTimeout(() => void stop(`no answer within ${TIMEOUT_MS / 1000} s`), TIMEOUT_MS).unref();
        waiting.set(id, { resolve, reject, timer });
        worker?.postMessage({ id, state: states, parts: isTold ? undefined : state, question } satisfies ExplainOrder);
      });
    },
    [Symbol.asyncDispose]: () => stop('the server ends'),
  };
}

function isSame(a: ExplainState, b: ExplainState): boolean {
  return (Object.keys(a) as (keyof ExplainState)[]).every((key) => a[key] === b[key]);
}
