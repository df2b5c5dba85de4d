/**
 * Names that no caller has: a principal of one namespace, and another namespace, or what is excluded as well.
 * @module
 */
import { matches } from '../../../policy/evaluate/plain-match.ts';
import type { Expr, TextPattern } from '../../../policy/model.ts';
import type { FindUnmet } from './unmet.ts';

/** Looks at what is asked of the caller's name. A certificate can bear several; those that Istio, SPIRE and Gatehouse issue bear one. */
export const unmetNames: FindUnmet = ({ rule }, alternative, absence) => {
  if (absence === 'strict' && rule.effect !== 'allow') return undefined; // who has no name is refused by it
  const wanted = alternative.flatMap(patternsIn);
  const excluded = alternative.flatMap((one) => (one.op === 'not' ? patternsIn(one.of).flat() : []));
  const open = [wholeNames(wanted), placesIn(wanted)].filter((those) => those !== undefined);
  const left = [wholeNames(wanted)?.filter((name) => !meets(excluded, name)), without(placesIn(wanted), excluded)];
  if (open.some((those) => those.length === 0)) return mistake('no one name is all that it asks of the caller');
  if (left.some((those) => those?.length === 0)) return mistake('all callers that it names are excluded as well');
  return undefined;
};

const mistake = (why: string): ReturnType<FindUnmet> => ({
  by: 'names',
  isMistake: true,
  why,
  fix: 'correct the principals, accounts or namespaces of this source',
});

const meets = (patterns: readonly TextPattern[], name: string): boolean =>
  patterns.some((pattern) => matches(pattern, name));

const patternsIn = (expr: Expr): readonly (readonly TextPattern[])[] =>
  expr.op === 'text' && expr.fact.of === 'peerName' ? [expr.any] : [];

/** The names that meet every list, where one of the lists has names alone; undefined where none has. */
function wholeNames(lists: readonly (readonly TextPattern[])[]): readonly string[] | undefined {
  const whole = lists.find((list) => list.every((one) => one.is === 'exact' && one.ignoreCase !== true));
  const names = whole?.flatMap((one) => (one.is === 'exact' ? [one.value] : []));
  return names?.filter((name) => lists.every((list) => meets(list, name)));
}

/** The namespaces that all lists mean that mean some; undefined where none does. */
function placesIn(lists: readonly (readonly TextPattern[])[]): readonly string[] | undefined {
  const [first, ...others] = lists.flatMap((list) => {
    const places = list.map(placeOf);
    return places.includes(undefined) ? [] : [places.flatMap((place) => place ?? [])];
  });
  return first?.filter((place) => others.every((places) => places.includes(place)));
}

/** Without the namespaces that are excluded whole. */
function without(
  places: readonly string[] | undefined,
  excluded: readonly TextPattern[],
): readonly string[] | undefined {
  const closed = new Set(excluded.flatMap((pattern) => (pattern.is === 'glob' ? (placeOf(pattern) ?? []) : [])));
  return places?.filter((place) => !closed.has(place));
}

/** The one namespace that a pattern means; undefined if it may mean several. */
function placeOf(pattern: TextPattern): string | undefined {
  if (pattern.is === 'serviceAccount') return pattern.namespace;
  if (pattern.is === 'glob') {
    const [first, middle = '', last, ...more] = pattern.parts;
    return first === '' && last === '' && more.length === 0 ? /^\/ns\/([^/]+)\/$/.exec(middle)?.[1] : undefined;
  }
  if (pattern.is !== 'exact' && pattern.is !== 'prefix') return undefined;
  return /^spiffe:\/\/[^/]+\/ns\/([^/]+)\//.exec(pattern.value)?.[1];
}
