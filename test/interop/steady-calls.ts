/**
 * Calls that go on, each on a connection of its own towards its Envoy.
 * @module
 */
import { Agent, get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';

/** Calls that go on until they are ended. */
export interface SteadyCalls {
  /** Waits until twenty more were answered by 200. */
  more(): Promise<void>;
  /** Ends them; answers what did not end in 200. */
  end(): Promise<readonly string[]>;
}

const agent = new Agent({ keepAlive: false });

function call(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
    }).on('error', reject);
  });
}

/** Begins once the first is answered by 200. */
export async function steadyCalls(url: string): Promise<SteadyCalls> {
  await eventually('the first call passes', async () => (await call(url)) === 200 || undefined);
  let answered = 0;
  const failures: string[] = [];
  let isOver = false;
  const calls = (async () => {
    while (!isOver) {
      const status = await call(url).catch((thrown: unknown) => String(thrown));
      if (status === 200) answered += 1;
      else failures.push(`${status}`);
      await delay(20);
    }
  })();
  return {
    async more() {
      const before = answered;
      await eventually('calls go on', () => answered > before + 20 || failures.length > 0 || undefined);
    },
    async end() {
      isOver = true;
      await calls;
      return failures;
    },
  };
}
