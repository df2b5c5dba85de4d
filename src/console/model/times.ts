/**
 * Times for people.
 * @module
 */

const units = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;

/** E.g. `2h 5m`, `45s`, `0s`: the two largest units. @param seconds  may be negative: what is past has no sign */
export function spanText(seconds: number): string {
  let left = Math.round(Math.abs(seconds));
  const parts: string[] = [];
  for (const [name, size] of units) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) parts.push(`${count}${name}`);
    if (parts.length === 2) break;
  }
  return parts.length === 0 ? '0s' : parts.join(' ');
}

/** E.g. `3m ago`, `in 2h`. @param nowMs  milliseconds since 1970 */
export function fromNow(at: string, nowMs: number): string {
  const seconds = (Date.parse(at) - nowMs) / 1_000;
  if (!Number.isFinite(seconds)) return '';
  return seconds < 0 ? `${spanText(seconds)} ago` : `in ${spanText(seconds)}`;
}

/** `12:00:00.000` of an instant, as it stands there: UTC. */
export const clockText = (at: string): string => at.slice(11, 23);

/** E.g. `2.8 µs`, `1.2 ms`, `3 s`; a dash where nothing is known. */
export function tookText(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return '–';
  if (seconds < 1e-3) return `${Number((seconds * 1e6).toPrecision(2))} µs`;
  return seconds < 1 ? `${Number((seconds * 1e3).toPrecision(2))} ms` : `${Number(seconds.toPrecision(2))} s`;
}
