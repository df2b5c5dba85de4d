/**
 * Durations as Go writes them.
 * @module
 */

const millisecondsOf: ReadonlyMap<string, number> = new Map(
  Object.entries<number>({
    ns: 1e-6,
    us: 1e-3,
    µs: 1e-3,
    μs: 1e-3,
    ms: 1,
    s: 1000,
    m: 60_000,
    h: 3_600_000,
  }),
);

/** What 63 bits of nanoseconds hold. */
const LONGEST_MS = 9_223_372_036_854.775;

/** Milliseconds of `1h2m3.5s`, `500ms`, `0`; undefined if the text is no duration. */
export function goDurationMs(text: string): number | undefined {
  if (/^[-+]?0$/.test(text)) return 0;
  if (!/^[-+]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(/([0-9.]+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    total += Number(amount) * (millisecondsOf.get(unit) ?? Number.NaN);
  }
  if (total > LONGEST_MS) return undefined;
  const rounded = Math.round(total * 1e6) / 1e6;
  return text.startsWith('-') ? -rounded : rounded;
}
