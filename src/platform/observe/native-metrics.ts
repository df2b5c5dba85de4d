/**
 * Metrics of Envoys that decide themselves.
 * @module
 */
import { Counter, Gauge, type Registry } from 'prom-client';

/** What is counted of them. */
export interface NativeMetrics {
  /** By what became of the newest policy there. */
  setEnvoys(byState: ReadonlyMap<string, number>): void;
  countSent(resource: string): void;
  countRefused(resource: string): void;
  /** Requests that Envoys have decided themselves and told of. */
  countReported(decision: 'allow' | 'deny', count: number): void;
  /** Those that are not logged, not counted, or not believed. */
  countUntold(why: 'not_logged' | 'too_many' | 'foreign', count: number): void;
}

/** Registers them. */
export function createNativeMetrics(register: Registry): NativeMetrics {
  const registers = [register];
  const envoys = new Gauge({
    name: 'gatehouse_native_envoys',
    help: 'Envoys that follow the policy of their workload, by what they do by it.',
    labelNames: ['state'],
    registers,
  });
  const sent = new Counter({
    name: 'gatehouse_native_configs_sent_total',
    help: 'Configurations that were sent to Envoys.',
    labelNames: ['resource'],
    registers,
  });
  const refused = new Counter({
    name: 'gatehouse_native_configs_refused_total',
    help: 'Configurations that an Envoy has refused.',
    labelNames: ['resource'],
    registers,
  });
  const reported = new Counter({
    name: 'gatehouse_native_reported_total',
    help: 'Requests that Envoys have decided themselves, as they tell.',
    labelNames: ['decision'],
    registers,
  });
  const untold = new Counter({
    name: 'gatehouse_native_reports_dropped_total',
    help: 'Of those what is counted and not logged, what is too much to be counted, and what is not believed.',
    labelNames: ['why'],
    registers,
  });
  return {
    setEnvoys(byState) {
      envoys.reset();
      for (const [state, count] of byState) envoys.set({ state }, count);
    },
    countSent: (resource) => sent.inc({ resource }),
    countRefused: (resource) => refused.inc({ resource }),
    countReported: (decision, count) => reported.inc({ decision }, count),
    countUntold: (why, count) => untold.inc({ why }, count),
  };
}
