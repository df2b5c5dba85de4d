/**
 * The entry of the thread that works out how rules stand: after everything else where the machine is busy.
 * @module
 */
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { ruleStandings } from '../../analysis/lint/exact/rule-standings.ts';
import type { StandingsOrder } from '../standings/standings.ts';

try {
  if (process.platform === 'linux') setPriority(0, 10); // of this thread: the kernel has a niceness for each
} catch {
  // It goes on as it is.
}

const order = workerData as StandingsOrder; // who starts it gives that
parentPort?.postMessage(ruleStandings(order, (key) => order.hit.has(key)));
