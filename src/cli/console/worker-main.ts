/**
 * The worker of the console: what takes seconds is worked out here, beside its server.
 * @module
 */
import { parentPort, workerData } from 'node:worker_threads';
import { BoundMet } from '../../analysis/regions/bound.ts';
import { GatehouseError } from '../../errors.ts';
import { answerPairs } from './pairs-answer.ts';
import { answerWhatIf } from './what-if-answer.ts';
import type { WorkerQuestion, WorkerReply } from './worker.ts';

async function reply({ config, asked }: WorkerQuestion): Promise<WorkerReply> {
  try {
    return { answer: asked === 'pairs' ? answerPairs(config) : await answerWhatIf(config, asked) };
  } catch (thrown) {
    if (thrown instanceof BoundMet)
      return { refused: { code: 'not_supported', message: `nobody can say: ${thrown.message}` } };
    if (!(thrown instanceof GatehouseError)) throw thrown; // who has asked tells it
    const { code, message } = thrown;
    return { refused: { code, message } };
  }
}

// Plain data, so that it can be sent, and what is undefined is not.
parentPort?.postMessage(JSON.parse(JSON.stringify(await reply(workerData as WorkerQuestion)))); // worker.ts sends it
