/**
 * How busy a thread is by its CPU. The event loop's own clock also counts what waits for a core.
 * @module
 */
import { performance } from 'node:perf_hooks';

/**
 * Returns what tells which share of the time since it was last asked this thread has used a core.
 *
 * @param cpuMs  what it has used so far @param nowMs  a clock that does not go back
 */
export function createBusyShare(cpuMs = threadCpuMs, nowMs = (): number => performance.now()): () => number {
  let before = { cpu: cpuMs(), at: nowMs() };
  return () => {
    const now = { cpu: cpuMs(), at: nowMs() };
    const share = (now.cpu - before.cpu) / Math.max(1, now.at - before.at);
    before = now;
    return share;
  };
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
