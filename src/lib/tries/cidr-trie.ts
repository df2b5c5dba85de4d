/**
 * A binary trie over CIDR ranges, one root a family: finds every range that holds an address in one walk.
 * @module
 */
import type { IpRange } from '../ip-address.ts';

interface Node<T> {
  value: T | undefined;
  zero: Node<T> | undefined;
  one: Node<T> | undefined;
}

const emptyNode = <T>(): Node<T> => ({ value: undefined, zero: undefined, one: undefined });

/** Ranges are stored once each; a walk visits the values of every range that holds the address, widest first. */
export class CidrTrie<T> {
  readonly #v4: Node<T> = emptyNode();
  readonly #v6: Node<T> = emptyNode();

  /** The value at exactly this range, made by `create` if there is none yet. */
  at(range: IpRange, create: () => T): T {
    let node = range.bytes.length === 4 ? this.#v4 : this.#v6;
    for (let bit = 0; bit < range.bits; bit++) {
      if (((range.bytes[bit >> 3]! >> (7 - (bit & 7))) & 1) === 0) node = node.zero ??= emptyNode();
      else node = node.one ??= emptyNode();
    }
    node.value ??= create();
    return node.value;
  }

  /** Calls `visit` with the value of every range that holds `address` (4 or 16 bytes). */
  walk<S>(address: Uint8Array, state: S, visit: (value: T, state: S) => void): void {
    let node: Node<T> | undefined = address.length === 4 ? this.#v4 : this.#v6;
    const most = address.length * 8;
    for (let bit = 0; node !== undefined; bit++) {
      if (node.value !== undefined) visit(node.value, state);
      if (bit === most) break;
      node = ((address[bit >> 3]! >> (7 - (bit & 7))) & 1) === 0 ? node.zero : node.one;
    }
  }
}
