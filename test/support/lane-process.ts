/**
 * Starts a lane in a process of its own.
 * @module
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { LaneCounts } from '../../src/transport/lane/counts.ts';
import type { LaneLimits } from '../../src/transport/lane/limits.ts';

/** Where it listens besides a TCP port of loopback. */
export interface LanePlaces {
  readonly unix?: string;
  /** PEM files: with both it listens for TLS, too. */
  readonly key?: string;
  readonly certificate?: string;
}

export interface LaneReport {
  readonly counts: LaneCounts;
  readonly rss: number;
  /** The largest `rss` since the last report. */
  readonly peak: number;
}

export interface LaneProcess extends Disposable {
  readonly pid: number;
  readonly port: number;
  /** 0 without TLS. */
  readonly tlsPort: number;
  report(): Promise<LaneReport>;
}

export async function startLane(limits: Partial<LaneLimits> = {}, places: LanePlaces = {}): Promise<LaneProcess> {
  const child = fork(new URL('lane-server.ts', import.meta.url), [JSON.stringify(limits), JSON.stringify(places)], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const [ports] = (await once(child, 'message')) as [{ port: number; tlsPort: number }]; // lane-server.ts says so
  return {
    pid: child.pid ?? 0,
    ...ports,
    async report() {
      child.send('report');
      const [message] = (await once(child, 'message')) as [LaneReport]; // likewise
      return message;
    },
    [Symbol.dispose]: () => child.disconnect(),
  };
}
