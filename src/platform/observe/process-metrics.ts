/**
 * Which program this is, and how its process fares.
 * @module
 */
import { type Histogram, performance } from 'node:perf_hooks';
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';
import { programVersion } from '../../lib/version.ts';
import { watchEventLoopLag } from './event-loop-lag.ts';

/** Of prom-client's own watch of the event loop; it cannot be left out, but made to sleep. */
const HARDLY_EVER_MS = 2 ** 31 - 1;

/** prom-client's names and meanings. */
const lags: readonly (readonly [name: string, help: string, of: (seen: Histogram) => number])[] = [
  ['min', 'The minimum recorded event loop delay.', ({ min }) => min],
  ['max', 'The maximum recorded event loop delay.', ({ max }) => max],
  ['mean', 'The mean of the recorded event loop delays.', ({ mean }) => mean],
  ['stddev', 'The standard deviation of the recorded event loop delays.', ({ stddev }) => stddev],
  ['p50', 'The 50th percentile of the recorded event loop delays.', (seen) => seen.percentile(50)],
  ['p90', 'The 90th percentile of the recorded event loop delays.', (seen) => seen.percentile(90)],
  ['p99', 'The 99th percentile of the recorded event loop delays.', (seen) => seen.percentile(99)],
];

/** Adds `gatehouse_build_info`, and prom-client's own metrics of a process: CPU, memory, event loop, garbage. */
export function addProcessMetrics(register: Registry): void {
  const labels = {
    version: programVersion(),
    node: process.versions.node,
    openssl: process.versions.openssl,
    arch: process.arch,
  };
  new Gauge({
    name: 'gatehouse_build_info',
    help: 'Always 1; its labels say what runs.',
    labelNames: Object.keys(labels),
    registers: [register],
  }).set(labels, 1);
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: HARDLY_EVER_MS });
  addEventLoopLag(register);
}

/** In the place of prom-client's, which looks a hundred times a second even while nothing happens. */
function addEventLoopLag(register: Registry): void {
  for (const [name] of lags) register.removeSingleMetric(`nodejs_eventloop_lag_${name}_seconds`);
  register.removeSingleMetric('nodejs_eventloop_lag_seconds');
  const watch = watchEventLoopLag();
  const gauges = lags.map(
    ([name, help]) => new Gauge({ name: `nodejs_eventloop_lag_${name}_seconds`, help, registers: [] }),
  );
  new Gauge({
    name: 'nodejs_eventloop_lag_seconds',
    help: 'Lag of event loop in seconds.',
    registers: [register],
    async collect() {
      const askedMs = performance.now();
      await new Promise((resolve) => setImmediate(resolve));
      this.set((performance.now() - askedMs) / 1e3);
      const seen = watch.take();
      for (const [i, [, , of]] of lags.entries()) gauges[i]!.set(seen.count === 0 ? 0 : of(seen) / 1e9);
    },
  });
  for (const gauge of gauges) register.registerMetric(gauge);
}
