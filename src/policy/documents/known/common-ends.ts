/**
 * How much two texts have in common at their ends.
 * @module
 */

/** Texts are compared in steps of these many characters, each within the one before: equal stretches are compared as bytes. */
const STEPS = [65_536, 4_096, 256, 16, 1] as const;

/** Counts the characters that both texts begin and end with; together no more than the shorter one has. */
export function commonEnds(a: string, b: string): { readonly head: number; readonly tail: number } {
  const most = Math.min(a.length, b.length);
  let head = 0;
  for (const step of STEPS) {
    while (head + step <= most && a.slice(head, head + step) === b.slice(head, head + step)) head += step;
  }
  let tail = 0;
  for (const step of STEPS) {
    while (head + tail + step <= most && endOf(a, tail, step) === endOf(b, tail, step)) tail += step;
  }
  return { head, tail };
}

/** So many characters before the last `tail` ones. */
const endOf = (text: string, tail: number, step: number): string =>
  text.slice(text.length - tail - step, text.length - tail);
