/**
 * A quick look at regions: whether one of a few ways through all of them is a request, by the values that their conditions name.
 * @module
 */
import { matches } from '../../../../policy/evaluate/plain-match.ts';
import type { TextPattern } from '../../../../policy/model.ts';
import { ALL, type Diagrams, NONE, type Region } from '../../../regions/diagrams.ts';
import { EMPTY } from '../../../regions/domain.ts';
import type { Flag, Flags } from './flags.ts';

/** A flag with values that fit it. */
interface Tried extends Flag {
  readonly values: readonly string[];
}

/** Ways that are tried through one region, and through each more. */
const MOST_WAYS = 16;

/**
 * Tells that some request is in all of some regions where that is plain; false says nothing. Nothing is put together, which may be large
 * where each is small. `agree`: some variables that are tied hold together.
 */
export function createPlainWay(
  diagrams: Diagrams,
  flags: Flags,
  agree: (chosen: ReadonlyMap<number, number>) => boolean,
): (...regions: readonly Region[]) => boolean {
  const known = new Map<number, Tried>();
  const flagOf = (variable: number): Tried | undefined => {
    const flag = flags.of(variable);
    if (flag === undefined || known.has(variable)) return known.get(variable);
    const tried = flag.any.slice(0, 4);
    const values = tried.flatMap((pattern) => valuesOf(pattern).filter((value) => matches(pattern, value)));
    const made = { ...flag, values };
    known.set(variable, made);
    return made;
  };
  const isRequest = (way: ReadonlyMap<number, number>): boolean => {
    const held: Tried[] = [];
    const refused: Flag[] = [];
    for (const [variable, set] of way) {
      const flag = flagOf(variable);
      if (flag !== undefined) (set === 1 ? held : refused).push(flag);
    }
    return held.every((one) => isHeldBy(one, refused)) && agree(way);
  };
  return (...regions) => {
    let ways = MOST_WAYS + 2 * regions.length;
    const way = new Map<number, number>();
    const look = (at: Region, next: number): boolean => {
      if (at === NONE) return false;
      if (at === ALL) {
        if (next < regions.length) return look(regions[next]!, next + 1);
        ways--;
        return isRequest(way);
      }
      const { variable, edges } = diagrams.nodeOf(at);
      const before = way.get(variable);
      const domain = diagrams.domainOf(variable);
      for (const { set, to } of edges) {
        const both = before === undefined ? set : domain.and(before, set);
        if (both === EMPTY) continue;
        way.set(variable, both);
        if (look(to, next)) return true;
        if (--ways <= 0) break;
      }
      if (before === undefined) way.delete(variable);
      else way.set(variable, before);
      return false;
    };
    return look(ALL, 0);
  };
}

/** Whether a value that fits one condition fits none of those that do not hold. */
const isHeldBy = ({ fact, values }: Tried, refused: readonly Flag[]): boolean =>
  values.some(
    (value) => !refused.some((one) => one.fact === fact && one.any.some((pattern) => matches(pattern, value))),
  );

/** Values that may fit a pattern: as short as it lets them be, and with something more. */
function valuesOf(pattern: TextPattern): readonly string[] {
  switch (pattern.is) {
    case 'exact':
      return [pattern.value];
    case 'prefix':
    case 'under':
      return [pattern.value, `${pattern.value}x`, `${pattern.value}/x`];
    case 'suffix':
      return [pattern.value, `x${pattern.value}`];
    case 'present':
    case 'nonEmpty':
      return ['x'];
    case 'glob':
      return [pattern.parts.join(''), pattern.parts.join('x')];
    case 'template':
      return [pattern.text.replaceAll(/\{\*\*?\}/g, 'x')];
    case 'serviceAccount':
      return [`spiffe://x/ns/${pattern.namespace}/sa/${pattern.serviceAccount}`];
  }
}
