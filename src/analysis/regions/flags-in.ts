/**
 * The conditions on facts of many values that a region asks: each is a flag, whose name is the condition as JSON.
 * @module
 */
import type { TextFact, TextPattern } from '../../policy/model.ts';
import type { Region } from './diagrams.ts';
import type { RequestSpace } from './request-space.ts';

/** One condition on a fact of many values. */
export interface Flag {
  readonly variable: number;
  readonly fact: TextFact;
  readonly any: readonly TextPattern[];
}

/** The flags that a region asks, by variable. */
export function flagsIn(region: Region, { diagrams, flags }: RequestSpace): readonly Flag[] {
  const out = new Map<number, Flag>();
  const seen = new Set<Region>();
  const queue = [region];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    const { variable, edges } = diagrams.nodeOf(at);
    const name = flags.get(variable);
    if (name !== undefined && !out.has(variable)) {
      const { fact, any } = JSON.parse(name) as Pick<Flag, 'fact' | 'any'>; // as `flagOf` was given it
      out.set(variable, { variable, fact, any });
    }
    for (const { to } of edges) queue.push(to);
  }
  return [...out.values()].sort((a, b) => a.variable - b.variable);
}
