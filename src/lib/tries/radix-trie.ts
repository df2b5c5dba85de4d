/**
 * A radix trie over byte strings: finds everything stored under a prefix (or, read backwards, a suffix) of a text in one walk.
 * @module
 */

interface Node<T> {
  label: string;
  value: T | undefined;
  children: Map<number, Node<T>> | undefined;
}

/** Which end of a text is compared first: `prefix` from its beginning, `suffix` from its end. */
export type Direction = 'prefix' | 'suffix';

/** Keys are stored once each; a walk visits the values of every key that the text begins (ends) with, shortest first. */
export class RadixTrie<T> {
  readonly #root: Node<T> = { label: '', value: undefined, children: undefined };
  readonly #direction: Direction;

  constructor(direction: Direction) {
    this.#direction = direction;
  }

  /** The value at exactly `key`, made by `create` if there is none yet. */
  at(key: string, create: () => T): T {
    const node = insert(this.#root, this.#direction === 'prefix' ? key : reversed(key));
    node.value ??= create();
    return node.value;
  }

  /** Calls `visit` with the value of every key that stands anywhere in `text`, once a place (`prefix` only). */
  walkInside<S>(text: string, state: S, visit: (value: T, state: S) => void): void {
    for (let from = 0; from < text.length; from++) this.#walkFrom(text, from, state, visit);
  }

  /** Calls `visit` with the value of every key that `text` begins (ends) with. */
  walk<S>(text: string, state: S, visit: (value: T, state: S) => void): void {
    this.#walkFrom(text, 0, state, visit);
  }

  #walkFrom<S>(text: string, from: number, state: S, visit: (value: T, state: S) => void): void {
    let node = this.#root;
    if (node.value !== undefined) visit(node.value, state);
    const backwards = this.#direction === 'suffix';
    const size = text.length;
    let depth = from;
    while (node.children !== undefined && depth < size) {
      const next = node.children.get(text.charCodeAt(backwards ? size - 1 - depth : depth));
      if (next === undefined) return;
      const { label } = next;
      const end = depth + label.length;
      if (end > size) return;
      for (let i = 1; i < label.length; i++) {
        const at = depth + i;
        if (text.charCodeAt(backwards ? size - 1 - at : at) !== label.charCodeAt(i)) return;
      }
      depth = end;
      node = next;
      if (node.value !== undefined) visit(node.value, state);
    }
  }
}

function insert<T>(root: Node<T>, key: string): Node<T> {
  let node = root;
  let rest = key;
  while (rest !== '') {
    node.children ??= new Map();
    const next = node.children.get(rest.charCodeAt(0));
    if (next === undefined) {
      const leaf: Node<T> = { label: rest, value: undefined, children: undefined };
      node.children.set(rest.charCodeAt(0), leaf);
      return leaf;
    }
    const common = commonLength(next.label, rest);
    node = common < next.label.length ? split(node, next, common) : next;
    rest = rest.slice(common);
  }
  return node;
}

/** Puts a node between `parent` and `child` that holds the first `length` bytes of the child's label. */
function split<T>(parent: Node<T>, child: Node<T>, length: number): Node<T> {
  const upper: Node<T> = { label: child.label.slice(0, length), value: undefined, children: new Map() };
  child.label = child.label.slice(length);
  upper.children!.set(child.label.charCodeAt(0), child);
  parent.children!.set(upper.label.charCodeAt(0), upper);
  return upper;
}

function commonLength(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let i = 0;
  while (i < most && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  return i;
}

function reversed(text: string): string {
  let out = '';
  for (let i = text.length - 1; i >= 0; i--) out += text[i];
  return out;
}
