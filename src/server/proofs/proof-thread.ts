/**
 * The thread that proves, as the primary sees it: started at the first question, gone when nobody has asked for a while, unless it is to stay.
 *
 * One question at a time. Who waits longer than he may hears nothing, and a proof that nobody waits for any more is given up with its thread.
 * @module
 */
import { Worker } from 'node:worker_threads';
import type { Config } from '../../config/config.ts';
import type { PolicyFile } from '../../policy/read-policies.ts';
import { entryFile } from '../entry-file.ts';
import type { ProofConfig } from '../policy/proof-side.ts';
import type { ProofAnswer, ProofOrder, ProofOutcome } from './proof-order.ts';
import { createToldDocuments } from './told-documents.ts';

/** Proves beside everything else. */
export interface ProofThread extends AsyncDisposable {
  /** Undefined: there was no answer in time. Never rejects. */
  prove(question: ProofQuestion, withinMs: number): Promise<ProofOutcome | undefined>;
}

/** Files without errors, and what they are read by; the same objects as before are not told again. */
export interface ProofQuestion {
  readonly files: readonly PolicyFile[];
  readonly config: ProofConfig;
}

const IDLE_MS = 60_000;
/** Larger proofs end as unknown. */
const MOST_HEAP_MB = 1_024;

interface Waiting {
  readonly question: ProofQuestion;
  readonly end: (outcome: ProofOutcome | undefined) => void;
}

const configs = new WeakMap<Config, ProofConfig>();

/** What of a configuration the thread needs; the same object for the same configuration. */
export function proofConfigOf(config: Config): ProofConfig {
  const known = configs.get(config);
  if (known !== undefined) return known;
  const { trustDomain, trustDomainAliases, policies, registry, workloads, extAuthz, tenants, federation } = config;
  const made = { trustDomain, trustDomainAliases, policies, registry, workloads, extAuthz, tenants, federation };
  configs.set(config, made);
  return made;
}

/** Makes the thread's handle; nothing is started yet. @param name  of the thread @param idleMs  after which it ends */
export function createProofThread(name: string, idleMs = IDLE_MS): ProofThread {
  const waiting: Waiting[] = [];
  let running: (Waiting & { readonly id: number }) | undefined;
  let started:
    | { readonly worker: Worker; readonly order: (question: ProofQuestion, id: number) => ProofOrder }
    | undefined;
  let idle: NodeJS.Timeout | undefined;
  let orders = 0;

  /** Ends the thread, and the proof that it is at with `outcome`. */
  const stop = async (outcome: ProofOutcome | undefined): Promise<void> => {
    clearTimeout(idle);
    const ending = started?.worker;
    started = undefined;
    running?.end(outcome);
    running = undefined;
    await ending?.terminate();
  };
  const start = (): NonNullable<typeof started> => {
    const worker = new Worker(entryFile('prove-main'), {
      name,
      resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MB },
    });
    worker.on('message', ({ id, ...outcome }: ProofAnswer) => {
      if (running?.id !== id) return;
      running.end(outcome);
      running = undefined;
      next();
    });
    const failed = (why: string): void => {
      if (started?.worker !== worker) return;
      void stop({ unknown: `the proving thread has ended: ${why}` });
      next();
    };
    worker.on('error', (error) => failed(error.message));
    worker.on('exit', () => failed('it exited'));
    worker.unref();
    return { worker, order: createOrders() };
  };
  const next = (): void => {
    clearTimeout(idle);
    if (running !== undefined) return;
    const first = waiting.shift();
    if (first === undefined) {
      if (idleMs < Infinity) idle = setTimeout(() => void stop(undefined), idleMs).unref();
      return;
    }
    started ??= start();
    running = { ...first, id: orders++ };
    try {
      started.worker.postMessage(started.order(first.question, running.id));
    } catch (thrown) {
      void stop({ unknown: `the proving thread cannot be asked: ${String(thrown)}` });
      next();
    }
  };
  return {
    prove(question, withinMs) {
      return new Promise((resolve) => {
        const timer = setTimeout(
          () => {
            const at = waiting.indexOf(one);
            if (at >= 0) waiting.splice(at, 1);
            else void stop(undefined);
            one.end(undefined);
            next();
          },
          Math.max(0, withinMs),
        );
        const one: Waiting = {
          question,
          end(outcome) {
            clearTimeout(timer);
            resolve(outcome);
          },
        };
        waiting.push(one);
        next();
      });
    },
    async [Symbol.asyncDispose]() {
      for (const each of waiting.splice(0)) each.end(undefined);
      await stop(undefined);
      clearTimeout(idle);
    },
  };
}

/** Orders of one thread: each says what it does not hold yet. */
function createOrders(): (question: ProofQuestion, id: number) => ProofOrder {
  const documents = createToldDocuments();
  let told: ProofConfig | undefined;
  return ({ files, config }, id) => {
    const isTold = told === config;
    told = config;
    return { id, config: isTold ? undefined : config, ...documents.told(files) };
  };
}
