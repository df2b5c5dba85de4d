/**
 * Which workloads subjects select, of all that there can be: whether one selects all that another does.
 * @module
 */
import type { LabelExpr } from '../../../../policy/meaning/labels.ts';
import { nameOfSubject } from '../../../../policy/meaning/subject.ts';
import type { Subject } from '../../../../policy/model.ts';
import { ALL, NONE, type Region } from '../../../regions/diagrams.ts';
import { createLabelSpace } from '../../../universe/label-space.ts';
import { createCompared } from './compared.ts';

/** Compares selections over all workloads to come. */
export interface Selections {
  /** Every workload of `inner` is one of `outer`. */
  covers(outer: Subject, inner: Subject): boolean;
  /** Some workload may be of both. */
  meet(a: Subject, b: Subject): boolean;
  /** Whatever satisfies `inner` satisfies `outer`. */
  implies(inner: LabelExpr, outer: LabelExpr): boolean;
  /** Some labels may satisfy both. */
  agree(a: LabelExpr, b: LabelExpr): boolean;
  /** Some labels may satisfy all of some selectors, and none of others. */
  some(wanted: readonly LabelExpr[], unwanted: readonly LabelExpr[]): boolean;
  /** Values of labels of which every selected workload has one, by their keys. */
  wantedBy(subject: Subject): ReadonlyMap<string, readonly string[]>;
}

const NAMESPACE = 'projectcalico.org/namespace';

/** Starts comparing; each subject is put together once. */
export function createSelections(): Selections {
  const space = createLabelSpace();
  const { diagrams } = space;
  const compared = createCompared(diagrams);
  const known = new Map<string, Selection>();
  const regionOf = (selector: LabelExpr): Region => space.fold(selector, (leaf) => space.label(leaf.key, leaf));
  const madeOf = (name: string, parts: () => readonly LabelExpr[]): Selection => {
    let made = known.get(name);
    if (made === undefined) {
      const all = parts();
      let region: Region | undefined;
      const regionOfAll = (): Region => {
        region ??= all.reduce<Region>((so, part) => diagrams.and(so, regionOf(part)), ALL);
        return region;
      };
      made = { region: regionOfAll, wanted: wantedBy(all) };
      known.set(name, made);
    }
    return made;
  };
  const bySubject = new WeakMap<Subject, Selection>();
  const ofSubject = (subject: Subject): Selection => {
    const made = bySubject.get(subject) ?? madeOf(nameOfSubject(subject), () => partsOf(subject));
    bySubject.set(subject, made);
    return made;
  };
  const bySelector = new WeakMap<LabelExpr, Selection>();
  const ofSelector = (selector: LabelExpr): Selection => {
    const made = bySelector.get(selector) ?? madeOf(JSON.stringify({ selector }), () => [selector]);
    bySelector.set(selector, made);
    return made;
  };
  const contains = (outer: Selection, inner: Selection): boolean =>
    outer === inner || (!areApart(outer, inner) && compared.isWithin(inner.region(), outer.region()));
  const touch = (one: Selection, other: Selection): boolean =>
    one === other || (!areApart(one, other) && compared.meet(one.region(), other.region()));
  return {
    covers: (outer, inner) => contains(ofSubject(outer), ofSubject(inner)),
    meet: (a, b) => touch(ofSubject(a), ofSubject(b)),
    implies: (inner, outer) => contains(ofSelector(outer), ofSelector(inner)),
    agree: (a, b) => touch(ofSelector(a), ofSelector(b)),
    some(wanted, unwanted) {
      const held = wanted.map(ofSelector);
      if (held.some((one, i) => held.slice(i + 1).some((other) => areApart(one, other)))) return false;
      let left = held.reduce<Region>((all, { region }) => diagrams.and(all, region()), ALL);
      for (const other of unwanted.map(ofSelector))
        if (!held.some((one) => areApart(one, other))) left = diagrams.minus(left, other.region());
      return left !== NONE;
    },
    wantedBy: (subject) => ofSubject(subject).wanted,
  };
}

interface Selection {
  /** Worked out when it is first asked for: mostly two selections are told apart without. */
  region(): Region;
  /** Values of labels of which it wants one, by their keys. */
  readonly wanted: ReadonlyMap<string, readonly string[]>;
}

function wantedBy(parts: readonly LabelExpr[]): ReadonlyMap<string, readonly string[]> {
  const out = new Map<string, readonly string[]>();
  const walk = (part: LabelExpr): void => {
    if (part.op === 'all') part.of.forEach(walk);
    else if (part.op === 'in') out.set(part.key, part.values);
  };
  parts.forEach(walk);
  return out;
}

/** Mostly two selections want different values of one label; that is seen without a look at their regions. */
function areApart({ wanted }: Selection, other: Selection): boolean {
  for (const [key, values] of wanted) {
    const others = other.wanted.get(key);
    if (others !== undefined && !others.some((value) => values.includes(value))) return true;
  }
  return false;
}

/** What a workload says of itself is another question than what the registry says of it, though mostly the same. */
function partsOf({ namespace, labels, selector }: Subject): LabelExpr[] {
  const own = labels.map(([key, value]): LabelExpr => ({ op: 'in', key: `own ${key}`, values: [value] }));
  const place: LabelExpr[] = namespace === undefined ? [] : [{ op: 'in', key: NAMESPACE, values: [namespace] }];
  return [...place, ...own, ...(selector === undefined ? [] : [selector])];
}
