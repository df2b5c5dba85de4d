/**
 * Memory over time: resident of each process, and the heap of the primary as its metrics tell it.
 * @module
 */
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { text as textOf } from 'node:stream/consumers';

/** One look, MiB. */
export interface MemorySample {
  readonly atSeconds: number;
  readonly primary: number;
  readonly decider: number;
  readonly heap: number;
}

const MIB = 2 ** 20;

/** Looks at a server whose processes these are. */
export async function memorySample(
  atSeconds: number,
  { pid, deciderPids, health }: { pid: number; deciderPids: readonly number[]; health: string },
): Promise<MemorySample> {
  const text = await metricsOf(health);
  const heap = Number(/^nodejs_heap_size_used_bytes (\S+)/m.exec(text)?.[1]) / MIB;
  return { atSeconds, primary: residentMib(pid), decider: residentMib(deciderPids[0]!), heap };
}

/** Over a connection of its own: one that waits for the next look would be closed as idle. */
function metricsOf(health: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(`http://${health}/metrics`, { agent: false }, (response) => void textOf(response).then(resolve, reject)).on(
      'error',
      reject,
    );
  });
}

const residentMib = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1024;

/** MiB in ten minutes by which a straight line through the samples rises. */
export function slopePerTenMinutes(samples: readonly MemorySample[], of: 'primary' | 'decider'): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length;
  const meanSeconds = mean(samples.map((each) => each.atSeconds));
  const meanMib = mean(samples.map((each) => each[of]));
  let above = 0;
  let below = 0;
  for (const sample of samples) {
    above += (sample.atSeconds - meanSeconds) * (sample[of] - meanMib);
    below += (sample.atSeconds - meanSeconds) ** 2;
  }
  return below === 0 ? 0 : (above / below) * 600;
}

/** The least heap of the last half over that of the first: what lives is what a collection leaves. */
export function heapGrowth(samples: readonly MemorySample[]): number {
  const least = (some: readonly MemorySample[]): number => Math.min(...some.map(({ heap }) => heap));
  const half = samples.length >> 1;
  return least(samples.slice(half)) / least(samples.slice(0, half));
}
