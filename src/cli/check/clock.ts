/**
 * The clock: certificates are only as good as it.
 * @module
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { isClockSynchronised } from '../../platform/hardening/libc-functions.ts';
import { bad, good, type Outcome, warning } from './outcome.ts';
import { lookAt } from './store.ts';

/** Clocks of file systems and ours may differ by so much. */
const SLACK_MS = 60_000;

/** Whether it is behind what was written here, and whether the kernel believes it. */
export function checkClock({ dataDir }: Config, nowMs: number): readonly Outcome[] {
  const files = lookAt(dataDir)?.isDirectory() === true ? readdirSync(dataDir) : [];
  const newestMs = Math.max(0, ...files.map((each) => lookAt(join(dataDir, each))?.mtimeMs ?? 0));
  const outcomes = [
    newestMs > nowMs + SLACK_MS
      ? bad(
          'clock-behind',
          `it is ${new Date(nowMs).toISOString()} by this clock, but ${dataDir} was written at ${new Date(newestMs).toISOString()}`,
          'set the clock right; see "A wrong clock" in docs/operations.md',
        )
      : good('clock', `it is ${new Date(nowMs).toISOString()}`),
  ];
  const synchronised = isClockSynchronised();
  if (synchronised === undefined) return outcomes;
  return [
    ...outcomes,
    synchronised
      ? good('clock-synchronised', 'the kernel says that the clock is synchronised')
      : warning(
          'clock-unsynchronised',
          'the kernel does not know that the clock is synchronised',
          'let chrony or systemd-timesyncd set it',
        ),
  ];
}
