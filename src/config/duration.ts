/**
 * Durations as people write them.
 * In: `300ms`, `5m`, `1h`, `30d`. Out: milliseconds.
 * @module
 */

/** What a duration looks like; one number, one unit. */
export const DURATION_PATTERN = /^(0|[1-9][0-9]{0,9})(ms|s|m|h|d)$/;

const unitMs: ReadonlyMap<string, number> = new Map(
  Object.entries<number>({ ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }),
);

/** Reads a duration as milliseconds; undefined if the text is none. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION_PATTERN.exec(text);
  return match ? Number(match[1]) * unitMs.get(match[2]!)! : undefined;
}

/** Writes milliseconds as a duration, in the largest unit that holds it exactly. */
export function formatDuration(ms: number): string {
  const unit = ['d', 'h', 'm', 's'].find((name) => ms > 0 && ms % unitMs.get(name)! === 0) ?? 'ms';
  return `${ms / unitMs.get(unit)!}${unit}`;
}
