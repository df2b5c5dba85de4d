/**
 * Compares regions without making any: whether one lies within another, and whether two have something in common.
 * @module
 */
import { ALL, type Diagrams, NONE, type Region } from '../../../regions/diagrams.ts';
import { EMPTY, remembered } from '../../../regions/domain.ts';

/** Answers about regions of one space. */
export interface Compared {
  /** Whatever is in `inner` is in `outer`. */
  isWithin(inner: Region, outer: Region): boolean;
  /** Something is in both. */
  meet(a: Region, b: Region): boolean;
}

const [no, yes] = [0, 1];

/** Starts without a memory. */
export function createCompared(diagrams: Diagrams): Compared {
  const within = remembered((inner, outer): number => {
    if (inner === NONE || outer === ALL || inner === outer) return yes;
    if (outer === NONE || inner === ALL) return no; // equal regions are one number
    const [x, y] = [diagrams.nodeOf(inner), diagrams.nodeOf(outer)];
    if (x.variable < y.variable) return x.edges.every(({ to }) => within(to, outer) === yes) ? yes : no;
    const domain = diagrams.domainOf(y.variable);
    const own = x.variable === y.variable ? x.edges : [{ set: domain.full, to: inner }];
    for (const { set, to } of own) {
      let left = set;
      for (const other of y.edges) {
        if (domain.and(left, other.set) === EMPTY) continue;
        if (within(to, other.to) === no) return no;
        left = domain.minus(left, other.set);
      }
      if (left !== EMPTY) return no;
    }
    return yes;
  });
  const common = remembered((a, b): number => {
    if (a === NONE || b === NONE) return no;
    if (a === ALL || b === ALL || a === b) return yes;
    if (a > b) return common(b, a);
    const [x, y] = [diagrams.nodeOf(a), diagrams.nodeOf(b)];
    if (x.variable !== y.variable) {
      const [outer, inner] = x.variable < y.variable ? [x, b] : [y, a];
      return outer.edges.some(({ to }) => common(to, inner) === yes) ? yes : no;
    }
    const domain = diagrams.domainOf(x.variable);
    const isShared = x.edges.some((one) =>
      y.edges.some((other) => domain.and(one.set, other.set) !== EMPTY && common(one.to, other.to) === yes),
    );
    return isShared ? yes : no;
  });
  return { isWithin: (inner, outer) => within(inner, outer) === yes, meet: (a, b) => common(a, b) === yes };
}
