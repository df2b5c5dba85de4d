/**
 * Regions as decision diagrams: a node asks one variable, its edges are sets of values that lead to different nodes.
 *
 * Variables are asked in one order, equal nodes are one node, and what leads to the same node is one edge: so equal regions are one
 * number, whether a region is empty is seen at once, and what was combined once is not combined again.
 * @module
 */
import { anyEffort, BoundMet, type Effort, MOST_NODES } from './bound.ts';
import { type Domain, EMPTY, remembered } from './domain.ts';

/** A region: a node of the diagrams. */
export type Region = number;

/** No request. */
export const NONE: Region = 0;
/** Every request. */
export const ALL: Region = 1;

/** Values of a node's variable, and where they lead; no two edges lead to the same node, none leads to `NONE`. */
export interface Edge {
  readonly set: number;
  readonly to: Region;
}

interface Node {
  readonly variable: number;
  readonly edges: readonly Edge[];
}

/** Regions over variables, which are asked in the order in which they are given. */
export class Diagrams {
  readonly #domains: Domain[] = [];
  readonly #nodes: Node[] = [
    { variable: Infinity, edges: [] },
    { variable: Infinity, edges: [] },
  ];
  readonly #known = new Map<string, Region>();
  #mostNodes = MOST_NODES;

  /** How many nodes there are. */
  get size(): number {
    return this.#nodes.length;
  }

  /** From now on no more nodes are made than make so many of all; else `BoundMet` is thrown. */
  limitTo(mostNodes: number): void {
    this.#mostNodes = Math.min(mostNodes, MOST_NODES);
  }

  readonly #effort: Effort;

  constructor(effort: Effort = anyEffort) {
    this.#effort = effort;
  }

  /** Adds a variable that is asked after all that are there. */
  addVariable(domain: Domain): number {
    return this.#domains.push(domain) - 1;
  }

  domainOf(variable: number): Domain {
    return this.#domains[variable]!;
  }

  /** The variable that a region asks first, and its edges; `ALL` and `NONE` have none. */
  nodeOf(region: Region): Node {
    return this.#nodes[region]!;
  }

  /** The requests whose variable has one of these values. */
  where(variable: number, set: number): Region {
    return this.#node(variable, [{ set, to: ALL }]);
  }

  readonly and = remembered((a, b): Region => {
    if (a === b || b === ALL) return a;
    if (a === ALL) return b;
    if (a === NONE || b === NONE) return NONE;
    if (a > b) return this.and(b, a);
    const [x, y] = [this.#nodes[a]!, this.#nodes[b]!];
    if (x.variable < y.variable)
      return this.#node(
        x.variable,
        x.edges.map(({ set, to }) => ({ set, to: this.and(to, b) })),
      );
    if (x.variable > y.variable)
      return this.#node(
        y.variable,
        y.edges.map(({ set, to }) => ({ set, to: this.and(a, to) })),
      );
    const domain = this.#domains[x.variable]!;
    const edges: Edge[] = [];
    for (const one of x.edges)
      for (const other of y.edges) {
        const to = this.and(one.to, other.to);
        if (to === NONE) continue;
        edges.push({ set: domain.and(one.set, other.set), to });
      }
    return this.#node(x.variable, edges);
  });

  readonly not = remember((a): Region => {
    if (a === ALL) return NONE;
    if (a === NONE) return ALL;
    const { variable, edges } = this.#nodes[a]!;
    const rest = this.#rest(variable, edges);
    return this.#node(variable, [...edges.map(({ set, to }) => ({ set, to: this.not(to) })), { set: rest, to: ALL }]);
  });

  readonly or = remembered((a, b): Region => {
    if (a === b || b === NONE) return a;
    if (a === NONE) return b;
    if (a === ALL || b === ALL) return ALL;
    if (a > b) return this.or(b, a);
    const [x, y] = [this.#nodes[a]!, this.#nodes[b]!];
    if (x.variable !== y.variable) {
      const [outer, inner] = x.variable < y.variable ? [x, b] : [y, a];
      const edges = outer.edges.map(({ set, to }) => ({ set, to: this.or(to, inner) }));
      return this.#node(outer.variable, [...edges, { set: this.#rest(outer.variable, outer.edges), to: inner }]);
    }
    const domain = this.#domains[x.variable]!;
    const edges: Edge[] = [];
    for (const one of x.edges) {
      let left = one.set;
      for (const other of y.edges) {
        const set = domain.and(one.set, other.set);
        if (set === EMPTY) continue;
        left = domain.minus(left, set);
        edges.push({ set, to: this.or(one.to, other.to) });
      }
      edges.push({ set: left, to: one.to });
    }
    const covered = x.edges.reduce((all, { set }) => domain.or(all, set), EMPTY);
    for (const { set, to } of y.edges) edges.push({ set: domain.minus(set, covered), to });
    return this.#node(x.variable, edges);
  });

  /** The requests that are in a region, or would be if one variable had another value. */
  without(variable: number, region: Region): Region {
    return this.#without(variable, region);
  }

  readonly #without = remembered((variable, region): Region => {
    const { full } = this.domainOf(variable);
    return this.widened(variable, region, () => full);
  });

  /** The region with more values of one variable: `widen` tells them of each set that is asked for. */
  widened(variable: number, region: Region, widen: (set: number) => number): Region {
    const known = new Map<Region, Region>();
    const of = (at: Region): Region => {
      const { variable: first, edges } = this.#nodes[at]!;
      if (first > variable) return at;
      const before = known.get(at);
      if (before !== undefined) return before;
      const made =
        first === variable
          ? edges.reduce(
              (all: Region, { set, to }) => this.or(all, this.and(this.where(variable, widen(set)), to)),
              NONE,
            )
          : this.#node(
              first,
              edges.map(({ set, to }) => ({ set, to: of(to) })),
            );
      known.set(at, made);
      return made;
    };
    return of(region);
  }

  /** The variables that a region asks, in their order. */
  variablesOf(region: Region): readonly number[] {
    const out = new Set<number>();
    const seen = new Set<Region>([ALL, NONE]);
    const queue = [region];
    for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      const { variable, edges } = this.#nodes[at]!;
      out.add(variable);
      for (const { to } of edges) queue.push(to);
    }
    return [...out].sort((a, b) => a - b);
  }

  /** What is in `a` and not in `b`. */
  minus(a: Region, b: Region): Region {
    return a === NONE || b === ALL ? NONE : b === NONE ? a : this.and(a, this.not(b));
  }

  /** Values that no edge has. */
  #rest(variable: number, edges: readonly Edge[]): number {
    const domain = this.#domains[variable]!;
    return domain.minus(
      domain.full,
      edges.reduce((all, { set }) => domain.or(all, set), EMPTY),
    );
  }

  /** The one node of these edges. */
  #node(variable: number, edges: readonly Edge[]): Region {
    this.#effort.check();
    const domain = this.#domains[variable]!;
    const byTarget = new Map<Region, number>();
    for (const { set, to } of edges) {
      if (set === EMPTY || to === NONE) continue;
      const known = byTarget.get(to);
      byTarget.set(to, known === undefined ? set : domain.or(known, set));
    }
    if (byTarget.size === 0) return NONE;
    if (byTarget.size === 1) {
      const [[to, set]] = byTarget as unknown as [[Region, number]]; // it has one
      if (set === domain.full) return to;
    }
    const sorted = [...byTarget].sort(([a], [b]) => a - b).map(([to, set]): Edge => ({ set, to }));
    const key = `${variable}:${sorted.map(({ set, to }) => `${set}>${to}`).join()}`;
    let region = this.#known.get(key);
    if (region === undefined) {
      region = this.#nodes.length;
      if (region > this.#mostNodes) throw new BoundMet(`regions that need more than ${this.#mostNodes} nodes together`);
      this.#nodes.push({ variable, edges: sorted });
      this.#known.set(key, region);
    }
    return region;
  }
}

function remember(operation: (a: number) => number): (a: number) => number {
  const known = new Map<number, number>();
  return (a) => {
    let made = known.get(a);
    if (made === undefined) {
      made = operation(a);
      known.set(a, made);
    }
    return made;
  };
}
