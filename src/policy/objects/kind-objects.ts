/**
 * All objects of one kind that a cluster has, each read once and again only when something of it that is looked at changes.
 * @module
 */
import type { PolicyFile, ReadOptions } from '../read-policies.ts';
import { cutFields } from './cut-fields.ts';
import type { HeldObject } from './held-object.ts';
import { isJsonObject, type JsonObject } from './json-object.ts';
import { keptFields, lastApplied } from './kept-fields.ts';
import type { ObjectKind } from './object-kind.ts';
import { namesOf, readObject } from './read-object.ts';
import { SharedAddresses } from './shared-addresses.ts';

/** A change of one object, as a watch tells it. */
export interface ObjectEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: HeldObject;
}

/** Holds them in the order in which they came; one that changes keeps its place. */
export class KindObjects {
  readonly kind: ObjectKind;
  readonly #options: ReadOptions;
  readonly #held = new Map<string, HeldObject>();
  readonly addresses = new SharedAddresses();
  /** Rises with every change. */
  #version = 0;

  constructor(kind: ObjectKind, options: ReadOptions) {
    this.kind = kind;
    this.#options = { ...options, kinds: kind.kinds };
  }

  get version(): number {
    return this.#version;
  }

  get size(): number {
    return this.#held.size;
  }

  all(): Iterable<HeldObject> {
    return this.#held.values();
  }

  /** Reads an object as it arrives; the one that is held, if it says the same. @param apiVersion  that the kind was asked for by */
  read(object: unknown, apiVersion: string): HeldObject {
    const given: JsonObject = isJsonObject(object) ? object : {};
    const kept = keptFields(given, { apiVersion, kind: this.kind.kind });
    const cut = this.kind.isPolicy ? cutFields(lastApplied(given), kept) : [];
    return this.#read(kept, cut);
  }

  /** Reads an object as it was kept. */
  restore(text: string, cut: readonly string[]): void {
    const object = this.#read(JSON.parse(text) as JsonObject, cut); // we wrote it
    this.#put(object);
  }

  #read(kept: JsonObject, cut: readonly string[]): HeldObject {
    const { namespace, name } = namesOf(kept);
    const key = `${namespace}/${name}`;
    const text = JSON.stringify(kept);
    const before = this.#held.get(key);
    if (before?.text === text && before.cut.join() === cut.join()) return before;
    const file = readObject(kept, this.#options, cut);
    const made = { key, namespace, text, cut, file };
    return file.hasErrors ? { ...made, good: undefined } : new SoundObject(made);
  }

  /** Takes the whole of a namespace, or of all. Objects that are gone are dropped, in one step. */
  replace(namespace: string | undefined, objects: readonly HeldObject[]): void {
    const keys = new Set(objects.map(({ key }) => key));
    for (const { key, namespace: own } of [...this.#held.values()])
      if (!keys.has(key) && (namespace === undefined || own === namespace)) this.#drop(key);
    for (const object of objects) this.#put(object);
  }

  change({ type, object }: ObjectEvent): void {
    if (type === 'DELETED') this.#drop(object.key);
    else this.#put(object);
  }

  #put(object: HeldObject): void {
    const before = this.#held.get(object.key);
    if (before === object) return;
    const held = object.good === undefined ? { ...object, good: before?.good } : object;
    this.#held.set(object.key, held);
    if (before !== undefined) this.addresses.remove(before);
    this.addresses.add(held);
    this.#version++;
  }

  #drop(key: string): void {
    const before = this.#held.get(key);
    if (before === undefined) return;
    this.#held.delete(key);
    this.addresses.remove(before);
    this.#version++;
  }
}

/** Is its own last good content. */
class SoundObject implements HeldObject {
  readonly key: string;
  readonly namespace: string;
  readonly text: string;
  readonly cut: readonly string[];
  readonly file: PolicyFile;

  constructor({ key, namespace, text, cut, file }: Omit<HeldObject, 'good'>) {
    this.key = key;
    this.namespace = namespace;
    this.text = text;
    this.cut = cut;
    this.file = file;
  }

  get good(): HeldObject {
    return this;
  }
}
