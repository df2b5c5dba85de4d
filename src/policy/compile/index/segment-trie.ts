/**
 * A trie over path segments in which a segment may be open: finds the templates that a path may match in one walk.
 * @module
 */

interface Node<T> {
  value: T | undefined;
  /** What follows `{**}`: anything. */
  rest: T | undefined;
  literal: Map<string, Node<T>> | undefined;
  open: Node<T> | undefined;
}

const emptyNode = <T>(): Node<T> => ({ value: undefined, rest: undefined, literal: undefined, open: undefined });

/** Holds one value a template; what a walk visits is a superset of what matches. */
export class SegmentTrie<T> {
  readonly #root: Node<T> = emptyNode();

  /** The value at the shape of `template` (`/a/{*}/b`, `/a/{**}`), made by `create` if there is none yet. */
  at(template: string, create: () => T): T {
    let node = this.#root;
    for (const segment of template.split('/').slice(1)) {
      if (segment.includes('{**}')) {
        node.rest ??= create();
        return node.rest;
      }
      if (segment.includes('{*}')) node = node.open ??= emptyNode();
      else {
        node.literal ??= new Map();
        let next = node.literal.get(segment);
        next ??= emptyNode();
        node.literal.set(segment, next);
        node = next;
      }
    }
    node.value ??= create();
    return node.value;
  }

  /** Calls `visit` with the value of every template that `path` may match. */
  walk<S>(path: string, state: S, visit: (value: T, state: S) => void): void {
    if (path.charCodeAt(0) === 47) walkFrom(this.#root, path, 1, state, visit);
  }
}

/** `at` is where the next segment starts; one past the end means that there is none. */
function walkFrom<T, S>(node: Node<T>, path: string, at: number, state: S, visit: (value: T, state: S) => void): void {
  if (at > path.length) {
    if (node.value !== undefined) visit(node.value, state);
    return;
  }
  if (node.rest !== undefined) visit(node.rest, state);
  if (node.literal === undefined && node.open === undefined) return;
  const slash = path.indexOf('/', at);
  const end = slash < 0 ? path.length : slash;
  const next = node.literal?.get(path.slice(at, end));
  if (next !== undefined) walkFrom(next, path, end + 1, state, visit);
  if (node.open !== undefined && end > at) walkFrom(node.open, path, end + 1, state, visit);
}
