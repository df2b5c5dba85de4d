/**
 * A quick look at a region: whether one way through it is a request, by the values that its conditions name.
 * @module
 */
import { matches } from '../../../policy/evaluate/plain-match.ts';
import { nameOfFact } from '../../../policy/meaning/fact-values.ts';
import type { TextFact, TextPattern } from '../../../policy/model.ts';
import { ALL, NONE, type Region } from '../../regions/diagrams.ts';
import type { RequestSpace } from '../../regions/request-space.ts';

interface Flag {
  readonly fact: string;
  readonly any: readonly TextPattern[];
}

/** Tells that a region is not empty where that is plain; false says nothing. `isTied`: a variable is bound to others. */
export function createPlainWay(
  space: RequestSpace,
  isTied: (variable: number) => boolean,
): (region: Region) => boolean {
  const { diagrams, flags } = space;
  const known = new Map<number, Flag>();
  const flagOf = (variable: number): Flag | undefined => {
    const name = flags.get(variable);
    if (name === undefined || known.has(variable)) return known.get(variable);
    const { fact, any } = JSON.parse(name) as { fact: TextFact; any: TextPattern[] }; // as `flagOf` was given it
    const made = { fact: nameOfFact(fact), any };
    known.set(variable, made);
    return made;
  };
  return (region) => {
    const held: Flag[] = [];
    const refused: Flag[] = [];
    let tied = 0;
    for (let at = region; at !== ALL; ) {
      if (at === NONE) return false;
      const { variable, edges } = diagrams.nodeOf(at);
      const { set, to } = edges[0]!; // a node has one edge at least
      const flag = flagOf(variable);
      if (flag !== undefined) (set === 1 ? held : refused).push(flag);
      else if (isTied(variable)) tied++;
      at = to;
    }
    return tied <= 1 && held.every((one) => isHeldBy(one, refused));
  };
}

/** Whether a value that a condition names fits none of those that do not hold. */
function isHeldBy({ fact, any: [first] }: Flag, refused: readonly Flag[]): boolean {
  if (first === undefined || !('value' in first)) return false;
  return !refused.some((one) => one.fact === fact && one.any.some((pattern) => matches(pattern, first.value)));
}
