/**
 * How fast a decider elsewhere may report: who is faster is read later, and waits on his own side.
 * @module
 */
import type { Report } from '../../../gen/gatehouse/feed/v1/feed_pb.ts';

const BYTES_PER_SECOND = 512 * 1024;
/** All that a decider of ours has to say when it begins to follow. */
const BYTES_AT_ONCE = 4 * 1024 * 1024;

/** Creates what says after a report how many milliseconds the next one has to wait. */
export function createReportPace(nowMs: () => number): (report: Report) => number {
  let allowance = BYTES_AT_ONCE;
  let at = nowMs();
  return (report) => {
    const now = nowMs();
    allowance = Math.min(BYTES_AT_ONCE, allowance + (Math.max(0, now - at) * BYTES_PER_SECOND) / 1000);
    at = now;
    allowance -= costOf(report);
    return allowance >= 0 ? 0 : Math.ceil((-allowance * 1000) / BYTES_PER_SECOND);
  };
}

/** About as many bytes as it had on its way. */
function costOf({ rows, changed, decisions, refused, epochs }: Report): number {
  const sum = (sizes: readonly number[]): number => sizes.reduce((all, each) => all + each, 0);
  return (
    64 +
    rows.length * 150 +
    changed.length * 20 +
    epochs.length * 16 +
    sum(decisions.map(({ record }) => record.length + 32)) +
    sum(refused.map((certificate) => certificate.length))
  );
}
