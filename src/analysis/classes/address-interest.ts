/**
 * What policies ask of addresses: the ranges, network sets and hops that hold one.
 * @module
 */
import { parseCidr, unmapped, unmappedRange } from '../../lib/ip-address.ts';
import { CidrTrie } from '../../lib/tries/cidr-trie.ts';

/** Collects ranges; addresses with equal signatures lie in the same of them. */
export interface AddressInterest {
  /** Tells addresses inside from those outside. What is no range holds none. */
  add(range: string): void;
  signatureOf(address: string): string;
}

/** Starts without any range: all addresses are alike. */
export function createAddressInterest(): AddressInterest {
  // As written, and with IPv4 in IPv6 read as IPv4: conditions read it in both ways.
  const [written, plain] = [new CidrTrie<{ id: number }>(), new CidrTrie<{ id: number }>()];
  let ids = 0;
  const make = () => ({ id: ids++ });
  return {
    add(text) {
      const range = parseCidr(text);
      if (range === undefined) return;
      written.at(range, make);
      plain.at(unmappedRange(range), make);
    },
    signatureOf(text) {
      const address = parseCidr(text);
      if (address === undefined) return '?';
      const held: number[] = [];
      const note = ({ id }: { readonly id: number }, into: number[]): unknown => into.push(id);
      written.walk(address.bytes, held, note);
      plain.walk(unmapped(address.bytes), held, note);
      return `${address.bytes.length}:${held.join()}`;
    },
  };
}
