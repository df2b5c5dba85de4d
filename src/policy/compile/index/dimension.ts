/**
 * One dimension of an index: all buckets whose keys ask about one fact, and how a request finds those that it hits.
 * @module
 */

import { lowerAscii } from '../../../lib/byte-string.ts';
import { CidrTrie } from '../../../lib/tries/cidr-trie.ts';
import { RadixTrie } from '../../../lib/tries/radix-trie.ts';
import type { Facts } from '../../facts.ts';
import { addressReader, type FactReader, readerOf } from '../../meaning/fact-values.ts';
import type { AddressFact, TextFact } from '../../model.ts';
import type { Key, KeyKind } from './keys.ts';
import { SegmentTrie } from './segment-trie.ts';

/** Called with each bucket that a request hits; may see one twice. */
export type Visit<B, S> = (bucket: B, state: S) => void;

/** The buckets of all keys that ask one fact. */
export interface Dimension<B> {
  /** The bucket of a key of this dimension, made if there is none yet. */
  at(key: Key, create: () => B): B;
  /** Visits every bucket that the request hits. */
  probe<S>(facts: Facts, state: S, visit: Visit<B, S>): void;
}

/** Creates the dimension that a key belongs to. */
export function createDimension<B>({ subject }: Key): Dimension<B> {
  if (subject.of === 'text') return new TextDimension(subject.fact);
  return subject.of === 'address' ? new AddressDimension(subject.fact) : new PortDimension(subject.fact);
}

class PortDimension<B> implements Dimension<B> {
  readonly #fact: 'destinationPort' | 'sourcePort';
  readonly #ports = new Map<number, B>();

  constructor(fact: 'destinationPort' | 'sourcePort') {
    this.#fact = fact;
  }

  at(key: Key, create: () => B): B {
    return entry(this.#ports, key.port, create);
  }

  probe<S>(facts: Facts, state: S, visit: Visit<B, S>): void {
    const bucket = this.#ports.get(facts[this.#fact]);
    if (bucket !== undefined) visit(bucket, state);
  }
}

class AddressDimension<B> implements Dimension<B> {
  readonly #read: ReturnType<typeof addressReader>;
  readonly #ranges = new CidrTrie<B>();
  #absent: B | undefined;

  constructor(fact: AddressFact) {
    this.#read = addressReader(fact);
  }

  at(key: Key, create: () => B): B {
    if (key.range !== undefined) return this.#ranges.at(key.range, create);
    this.#absent ??= create();
    return this.#absent;
  }

  probe<S>(facts: Facts, state: S, visit: Visit<B, S>): void {
    const address = this.#read(facts);
    if (address !== undefined) this.#ranges.walk(address.bytes, state, visit);
    else if (this.#absent !== undefined) visit(this.#absent, state);
  }
}

class TextDimension<B> implements Dimension<B> {
  readonly #reader: FactReader;
  #exact: Map<string, B> | undefined;
  #foldedExact: Map<string, B> | undefined;
  #prefix: RadixTrie<B> | undefined;
  #foldedPrefix: RadixTrie<B> | undefined;
  #suffix: RadixTrie<B> | undefined;
  #foldedSuffix: RadixTrie<B> | undefined;
  #inside: RadixTrie<B> | undefined;
  #template: SegmentTrie<B> | undefined;
  #afterNs: Map<string, B> | undefined;
  #afterSa: Map<string, B> | undefined;
  #present: B | undefined;
  #absent: B | undefined;
  #folds = false;

  constructor(fact: TextFact) {
    this.#reader = readerOf(fact);
  }

  at(key: Key, create: () => B): B {
    return this.#at(key.kind, key.value, create);
  }

  #at(kind: KeyKind, value: string, create: () => B): B {
    if (kind.startsWith('folded')) this.#folds = true;
    switch (kind) {
      case 'exact':
        this.#exact ??= new Map();
        return entry(this.#exact, value, create);
      case 'foldedExact':
        this.#foldedExact ??= new Map();
        return entry(this.#foldedExact, value, create);
      case 'prefix':
        this.#prefix ??= new RadixTrie('prefix');
        return this.#prefix.at(value, create);
      case 'foldedPrefix':
        this.#foldedPrefix ??= new RadixTrie('prefix');
        return this.#foldedPrefix.at(value, create);
      case 'suffix':
        this.#suffix ??= new RadixTrie('suffix');
        return this.#suffix.at(value, create);
      case 'foldedSuffix':
        this.#foldedSuffix ??= new RadixTrie('suffix');
        return this.#foldedSuffix.at(value, create);
      case 'inside':
        this.#inside ??= new RadixTrie('prefix');
        return this.#inside.at(value, create);
      case 'template':
        this.#template ??= new SegmentTrie();
        return this.#template.at(value, create);
      case 'afterNs':
        this.#afterNs ??= new Map();
        return entry(this.#afterNs, value, create);
      case 'afterSa':
        this.#afterSa ??= new Map();
        return entry(this.#afterSa, value, create);
      case 'absent':
        this.#absent ??= create();
        return this.#absent;
      default:
        this.#present ??= create();
        return this.#present;
    }
  }

  probe<S>(facts: Facts, state: S, visit: Visit<B, S>): void {
    const { one, many } = this.#reader;
    if (one !== undefined) {
      const value = one(facts);
      if (value !== undefined) this.#probeValue(value, state, visit);
      else if (this.#absent !== undefined) visit(this.#absent, state);
      return;
    }
    const values = many(facts);
    for (let i = 0; i < values.length; i++) this.#probeValue(values[i]!, state, visit);
    if (values.length === 0 && this.#absent !== undefined) visit(this.#absent, state);
  }

  #probeValue<S>(value: string, state: S, visit: Visit<B, S>): void {
    const exact = this.#exact?.get(value);
    if (exact !== undefined) visit(exact, state);
    this.#prefix?.walk(value, state, visit);
    this.#suffix?.walk(value, state, visit);
    this.#inside?.walkInside(value, state, visit);
    this.#template?.walk(value, state, visit);
    if (this.#afterNs !== undefined) probeAfter(this.#afterNs, value, '/ns/', state, visit);
    if (this.#afterSa !== undefined) probeAfter(this.#afterSa, value, '/sa/', state, visit);
    if (this.#present !== undefined) visit(this.#present, state);
    if (this.#folds) this.#probeFolded(lowerAscii(value), state, visit);
  }

  #probeFolded<S>(value: string, state: S, visit: Visit<B, S>): void {
    const exact = this.#foldedExact?.get(value);
    if (exact !== undefined) visit(exact, state);
    this.#foldedPrefix?.walk(value, state, visit);
    this.#foldedSuffix?.walk(value, state, visit);
  }
}

/** Visits the bucket of every text that stands between `marker` and the next slash (or the end). */
function probeAfter<B, S>(buckets: Map<string, B>, value: string, marker: string, state: S, visit: Visit<B, S>): void {
  for (let at = value.indexOf(marker); at >= 0; at = value.indexOf(marker, at + 1)) {
    const start = at + marker.length;
    const slash = value.indexOf('/', start);
    const bucket = buckets.get(slash < 0 ? value.slice(start) : value.slice(start, slash));
    if (bucket !== undefined) visit(bucket, state);
  }
}

function entry<K, B>(map: Map<K, B>, key: K, create: () => B): B {
  let bucket = map.get(key);
  if (bucket === undefined) {
    bucket = create();
    map.set(key, bucket);
  }
  return bucket;
}
