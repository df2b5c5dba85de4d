/**
 * Metrics of deciders elsewhere, as they have reported: sums of their own, so that a decider that was started again begins at zero.
 * @module
 */
import { Counter, Gauge, type Registry } from 'prom-client';

/** What one decider elsewhere has reported. */
export interface RemoteDeciderCounts {
  readonly decider: string | null;
  readonly state: string;
  readonly checks: { readonly allowed: number; readonly denied: number };
  readonly dropped: { readonly logged: number; readonly sent: number };
  readonly handshakes: readonly { readonly count: number }[];
}

/** Registers them; the function replaces what they say. */
export function createRemoteMetrics(register: Registry): (deciders: readonly RemoteDeciderCounts[]) => void {
  const registers = [register];
  const checks = new Counter({
    name: 'gatehouse_remote_checks_total',
    help: 'Checks that a decider elsewhere has answered, as it reports.',
    labelNames: ['decider', 'decision'],
    registers,
  });
  const dropped = new Counter({
    name: 'gatehouse_remote_decisions_dropped_total',
    help: 'Decisions of a decider elsewhere that were not sent here.',
    labelNames: ['decider'],
    registers,
  });
  const handshakes = new Counter({
    name: 'gatehouse_remote_handshakes_failed_total',
    help: 'TLS handshakes that failed at a decider elsewhere.',
    labelNames: ['decider'],
    registers,
  });
  const silent = new Gauge({
    name: 'gatehouse_remote_silent',
    help: '1 for a decider elsewhere whose numbers are missing or old.',
    labelNames: ['decider'],
    registers,
  });
  return (deciders) => {
    for (const each of [checks, dropped, handshakes, silent]) each.reset();
    for (const { decider: name, state, checks: sums, dropped: lost, handshakes: failed } of deciders) {
      const decider = name ?? '';
      checks.inc({ decider, decision: 'allow' }, sums.allowed);
      checks.inc({ decider, decision: 'deny' }, sums.denied);
      dropped.inc({ decider }, lost.logged + lost.sent);
      handshakes.inc(
        { decider },
        failed.reduce((sum, { count }) => sum + count, 0),
      );
      silent.set({ decider }, state === 'reporting' ? 0 : 1);
    }
  };
}
