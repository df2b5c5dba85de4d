/**
 * Which label was probably meant by one that no workload has.
 * @module
 */
import type { LabelExpr } from '../../../policy/meaning/labels.ts';
import type { Endpoint } from '../../../policy/registry/registry.ts';
import { once } from './once.ts';
import { slipOfWord } from './slips.ts';

/** Finds the label that was probably meant. */
export interface LabelSlips {
  /**
   * `key: value` that workloads have, in place of one that the condition demands and none of them has; undefined if nothing tells of a
   * slip. `namespaces`: of their workloads; absent: of all.
   */
  of(wanted: LabelExpr, namespaces?: ReadonlySet<string>): string | undefined;
}

/** Indexes the labels of workloads by their namespaces. */
export function createLabelSlips(workloads: readonly Pick<Endpoint, 'namespace' | 'labels'>[]): LabelSlips {
  const places = new Map<string, Map<string, Set<string>>>();
  for (const { namespace, labels } of workloads) {
    const values = places.get(namespace) ?? new Map<string, Set<string>>();
    places.set(namespace, values);
    for (const [key, value] of labels) values.set(key, (values.get(key) ?? new Set()).add(value));
  }
  const among = once((names: string): ReadonlyMap<string, ReadonlySet<string>> => {
    const out = new Map<string, Set<string>>();
    for (const name of JSON.parse(names) as string[])
      for (const [key, values] of places.get(name) ?? []) out.set(key, new Set([...(out.get(key) ?? []), ...values]));
    return out;
  });
  return {
    of(wanted, namespaces = new Set(places.keys())) {
      const there = among(JSON.stringify([...namespaces].toSorted()));
      return demandedBy(wanted)
        .map(([key, value]) => slipOfLabel(key, value, there))
        .find((slip) => slip !== undefined);
    },
  };
}

function slipOfLabel(
  key: string,
  value: string | undefined,
  there: ReadonlyMap<string, ReadonlySet<string>>,
): string | undefined {
  const values = there.get(key);
  if (values !== undefined) {
    const near = value === undefined || values.has(value) ? undefined : slipOfWord(value, [...values]);
    return near === undefined ? undefined : `${key}: ${near}`;
  }
  const near = slipOfWord(key, [...there.keys()]);
  if (near === undefined || value === undefined) return near;
  return there.get(near)?.has(value) === true ? `${near}: ${value}` : undefined;
}

/** Labels without which the condition is not met, as far as they are written out. */
function demandedBy(expr: LabelExpr): readonly (readonly [key: string, value?: string])[] {
  if (expr.op === 'all') return expr.of.flatMap(demandedBy);
  if (expr.op === 'in') return expr.values.map((value) => [expr.key, value]);
  return expr.op === 'has' ? [[expr.key]] : [];
}
