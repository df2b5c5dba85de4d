/**
 * The policies and the registry that a cluster holds: objects come in by watches, and go out as files do.
 *
 * A policy goes out by itself, so that one that is broken concerns no other. Of the registry a kind goes out as one: pods come and go by the thousand.
 * @module
 */

import type { PolicyFile, ReadDocument, ReadOptions } from '../read-policies.ts';
import type { ObjectFile, ObjectFiles, ObjectSource, TakenKeys } from '../sources/object-source.ts';
import type { HeldObject } from './held-object.ts';
import { KindObjects, type ObjectEvent } from './kind-objects.ts';
import { duplicateObject, kindPlace, sharedAddress } from './object-findings.ts';
import type { ObjectKind } from './object-kind.ts';

/** How often whoever reads is told at most. */
export interface ObjectTimes {
  /** After the first change of a burst: others may follow. */
  readonly quietMs: number;
  /** Between two tellings. */
  readonly betweenMs: number;
}

const usualTimes: ObjectTimes = { quietMs: 20, betweenMs: 200 };

/** What one watch of a kind puts in. */
export interface ObjectSink {
  keep(object: unknown): HeldObject;
  replaced(objects: readonly HeldObject[]): void;
  changed(event: ObjectEvent): void;
}

interface Told {
  readonly version: number;
  readonly taken: TakenKeys;
  readonly files: readonly ObjectFile[];
}

/** Holds what a cluster has of some kinds. */
export class ClusterObjects implements ObjectSource, Disposable {
  readonly kinds: readonly KindObjects[];
  readonly #byId: ReadonlyMap<string, KindObjects>;
  readonly #rootNamespace: string;
  readonly #times: ObjectTimes;
  readonly #listeners = new Set<() => void>();
  readonly #told = new Map<KindObjects, Told>();
  readonly #policies = new WeakMap<HeldObject, ObjectFile>();
  readonly #policyFiles = new JoinedLists<ObjectFile>();
  readonly #registryFiles = new JoinedLists<ObjectFile>();
  #timer: NodeJS.Timeout | undefined;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(kinds: readonly ObjectKind[], options: ReadOptions, times: Partial<ObjectTimes> = {}) {
    this.kinds = kinds.map((kind) => new KindObjects(kind, options));
    this.#byId = new Map(this.kinds.map((one) => [one.kind.id, one]));
    this.#rootNamespace = options.rootNamespace;
    this.#times = { ...usualTimes, ...times };
  }

  /** @param id  of a kind @param namespace  that is watched; undefined: all */
  sink(id: string, apiVersion: string, namespace: string | undefined): ObjectSink {
    const objects = this.#byId.get(id)!; // only kinds of ours are watched
    return {
      keep: (object) => objects.read(object, apiVersion),
      replaced: (all) => this.#changing(objects, () => objects.replace(namespace, all)),
      changed: (event) => this.#changing(objects, () => objects.change(event)),
    };
  }

  /** Drops all objects of a kind: the cluster serves it no more. */
  drop(id: string): void {
    const objects = this.#byId.get(id)!; // as above
    this.#changing(objects, () => objects.replace(undefined, []));
  }

  #changing(objects: KindObjects, change: () => void): void {
    const before = objects.version;
    change();
    if (objects.version !== before) this.#stir();
  }

  #stir(): void {
    const { quietMs, betweenMs } = this.#times;
    const waitMs = Math.max(quietMs, this.#toldAt + betweenMs - performance.now());
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#toldAt = performance.now();
      for (const listener of [...this.#listeners]) listener();
    }, waitMs);
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  files(taken: TakenKeys): ObjectFiles {
    const of = (isPolicy: boolean): (readonly ObjectFile[])[] =>
      this.kinds.filter(({ kind }) => kind.isPolicy === isPolicy).map((objects) => this.#filesOf(objects, taken));
    return { policies: this.#policyFiles.of(of(true)), registry: this.#registryFiles.of(of(false)) };
  }

  #filesOf(objects: KindObjects, taken: TakenKeys): readonly ObjectFile[] {
    const { version, kind } = objects;
    const told = this.#told.get(objects);
    if (told?.version === version && told.taken === taken) return told.files;
    const files = kind.isPolicy
      ? [...objects.all()].map((object) => this.#policyFile(object, kind))
      : [registryFile(objects, taken)];
    this.#told.set(objects, { version, taken, files });
    return files;
  }

  #policyFile(object: HeldObject, { isNamespaced }: ObjectKind): ObjectFile {
    let made = this.#policies.get(object);
    if (made === undefined) {
      const { file, good, namespace } = object;
      const lastGood = good === object ? undefined : good?.file;
      const isConfined = isNamespaced && namespace !== this.#rootNamespace;
      made = { file: file.file, policies: file, lastGood, isConfined };
      this.#policies.set(object, made);
    }
    return made;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#listeners.clear();
  }
}

/** Lists as one, which is made anew only when one of them is another. */
class JoinedLists<T> {
  #lists: readonly (readonly T[])[] = [];
  #all: readonly T[] = [];

  of(lists: readonly (readonly T[])[]): readonly T[] {
    if (lists.some((list, i) => list !== this.#lists[i])) {
      this.#lists = lists;
      this.#all = lists.flat();
    }
    return this.#all;
  }
}

/** All objects of a kind of the registry as one file. An object that is broken is what it was when it was last sound. */
function registryFile(objects: KindObjects, taken: TakenKeys): ObjectFile {
  const documents: ReadDocument[] = [];
  const findings: PolicyFile['findings'][number][] = [];
  const ignores: PolicyFile['ignores'][number][] = [];
  for (const { file, good } of objects.all()) {
    if (file.findings.length > 0) findings.push(...file.findings);
    if (file.ignores.length > 0) ignores.push(...file.ignores);
    const document = good?.file.documents[0]; // an object is one document
    if (document === undefined) continue;
    const place = taken.size === 0 ? undefined : taken.get(document.key);
    if (place === undefined) documents.push(document);
    else findings.push(duplicateObject(file.file, document, place));
  }
  for (const [address, holders] of objects.addresses.all()) findings.push(sharedAddress(address, holders));
  const name = kindPlace(objects.kind.kind);
  const policies = { file: name, documents, findings, hasErrors: false, skipped: new Map<string, number>(), ignores };
  return { file: name, policies, lastGood: undefined, isConfined: true };
}
