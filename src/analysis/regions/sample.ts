/**
 * One request of a region, as plain as the region lets it be.
 * @module
 */
import { type Automaton, acceptsText } from './automaton.ts';
import { ALL, NONE, type Region } from './diagrams.ts';
import type { RequestSpace } from './request-space.ts';

/** Which set of values each variable has along one way to `ALL`; what is not asked is absent. */
export type Choice = ReadonlyMap<number, number>;

/**
 * Chooses a way through a region that is not empty; of several edges the one that `prefers` likes most.
 *
 * @param prefers  says how good a set of values of a variable is; the highest is taken
 */
export function chooseWay(
  space: RequestSpace,
  region: Region,
  prefers: (variable: number, set: number) => number,
): Choice {
  const out = new Map<number, number>();
  for (let at = region; at !== ALL && at !== NONE; ) {
    const { variable, edges } = space.diagrams.nodeOf(at);
    const [best] = edges.toSorted((a, b) => prefers(variable, b.set) - prefers(variable, a.set));
    out.set(variable, best!.set); // a node has one edge at least
    at = best!.to;
  }
  return out;
}

/** Whether a byte is nice to read, the lower the nicer. */
function oddity(byte: number): number {
  if (byte >= 97 && byte <= 122) return 0;
  if (byte >= 48 && byte <= 57) return 1;
  if (byte >= 65 && byte <= 90) return 2;
  return byte >= 33 && byte <= 126 ? 3 : 4;
}

/** A byte between two, as plain as can be. */
function plainByte(lo: number, hi: number): number {
  const wanted = [120, 97, 48, 65, 47, 33].find((byte) => lo <= byte && byte <= hi); // x a 0 A / !
  const inRange = [
    [97, 122],
    [48, 57],
    [65, 90],
    [33, 126],
  ].find(([from, to]) => lo <= to! && from! <= hi);
  return wanted ?? (inRange === undefined ? lo : Math.max(lo, inRange[0]!));
}

/** The shortest text of a language that is not empty, of plain bytes where there is a choice; `wanted` if it is in it. */
export function sampleText(automaton: Automaton, wanted: readonly string[] = []): string {
  const known = wanted.find((text) => acceptsText(automaton, text));
  if (known !== undefined) return known;
  const seen = new Set([0]);
  let level: { readonly state: number; readonly text: string }[] = [{ state: 0, text: '' }];
  while (level.length > 0) {
    const found = level.find(({ state }) => automaton.accepts[state]);
    if (found !== undefined) return found.text;
    level = level
      .flatMap(({ state, text }) =>
        automaton.arcs[state]!.map(({ lo, hi, to }) => ({ to, text, byte: plainByte(lo, hi) })),
      )
      .sort((a, b) => oddity(a.byte) - oddity(b.byte))
      .flatMap(({ to, text, byte }) => {
        if (seen.has(to)) return [];
        seen.add(to);
        return [{ state: to, text: text + String.fromCharCode(byte) }];
      });
  }
  return '';
}
