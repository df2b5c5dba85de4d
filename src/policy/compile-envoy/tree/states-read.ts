/**
 * What of a request has to be put into the filter state, so that a tree finds it there.
 * @module
 */
import { type Input, type Node, type Part, type Predicate, REQUEST } from './tree.ts';

/** Keys of the filter state: the path without its query, and method and path. */
export type StateRead = 'gh.path' | 'gh.request';

const states: ReadonlyMap<Input, StateRead> = new Map([
  ['path', 'gh.path'],
  [REQUEST, 'gh.request'],
]);

/** Which of the two inputs parts of a tree look at, in a fixed order. */
export function statesRead(parts: Iterable<Node | Part | undefined>): readonly StateRead[] {
  const found = new Set<StateRead>();
  for (const part of parts) if (part !== undefined) look(part, found);
  return [...states.values()].filter((each) => found.has(each));
}

function look(node: Node | Part, found: Set<StateRead>): void {
  if (node.is === 'action' || found.size === states.size) return;
  if (node.is === 'list')
    for (const { when, leadsTo } of node.items) {
      lookAt(when, found);
      look(leadsTo, found);
    }
  else {
    note(node.input, found);
    for (const below of node.entries.values()) look(below, found);
  }
  if ('otherwise' in node && node.otherwise !== undefined) look(node.otherwise, found);
}

function lookAt(predicate: Predicate, found: Set<StateRead>): void {
  if (predicate.op === 'test') note(predicate.input, found);
  else if (predicate.op === 'not') lookAt(predicate.of, found);
  else for (const part of predicate.of) lookAt(part, found);
}

function note(input: Input, found: Set<StateRead>): void {
  const key = states.get(input);
  if (key !== undefined) found.add(key);
}
