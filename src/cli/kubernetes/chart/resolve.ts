/**
 * A tree with the values of one installation put in: what is left are values of YAML, and reasons.
 * @module
 */
import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import { type Condition, type Document, type Form, formOf, isForm, type Tree, type TreeMap } from './tree.ts';

/** What a tree may depend on. */
export interface Installation {
  /** Complete, as the schema of the values makes them. */
  readonly values: unknown;
  readonly namespace: string;
  /** Of the program. */
  readonly version: string;
}

/** Puts the values in; undefined for what is not there with them. */
export function resolve(tree: Tree, to: Installation): Tree | undefined {
  if (isForm(tree, 'noted')) {
    const inner = resolve(tree.tree, to);
    return inner === undefined ? undefined : { ...tree, tree: inner };
  }
  if (formOf(tree) !== undefined) return ofForm(tree as Form, to); // it has one
  if (Array.isArray(tree)) return (tree as readonly Tree[]).flatMap((each) => ofItem(each, to));
  if (typeof tree !== 'object') return tree;
  const entries = Object.entries(tree as TreeMap).flatMap(([key, each]): [string, Tree][] => {
    const resolved = resolve(each, to);
    return resolved === undefined ? [] : [[key, resolved]];
  });
  return Object.fromEntries(entries);
}

function ofItem(tree: Tree, to: Installation): readonly Tree[] {
  const resolved = resolve(tree, to);
  return resolved === undefined ? [] : [resolved];
}

function ofForm(tree: Form, to: Installation): Tree | undefined {
  if (isForm(tree, 'value')) return valueAt(to.values, tree.path) as Tree; // values are YAML
  if (isForm(tree, 'release')) return to[tree.what];
  if (isForm(tree, 'text'))
    return tree.parts.map((part) => (typeof part === 'string' ? part : textOf(ofForm(part, to)))).join('');
  if (isForm(tree, 'choice')) {
    const chosen = holds(tree.condition, to) ? tree.then : tree.otherwise;
    return chosen === undefined ? undefined : resolve(chosen, to);
  }
  if (isForm(tree, 'live')) return tree.otherwise;
  if (isForm(tree, 'document')) return stringify(documentOf(tree, to), { lineWidth: 0, sortMapEntries: true });
  if (isForm(tree, 'digest'))
    return createHash('sha256')
      .update(goJson(documentOf(tree.document, to)))
      .digest('hex');
  throw new Error('unknown form'); // of a union that is closed
}

function textOf(tree: Tree | undefined): string {
  if (typeof tree === 'object' || tree === undefined) throw new Error('a text is made of texts and numbers');
  return String(tree);
}

/** Whether a condition holds, as templates of Go have it: what is empty does not. */
export function holds(condition: Condition, to: Installation): boolean {
  if (isForm(condition, 'value')) return isFilled(valueAt(to.values, condition.path));
  if ('is' in condition) return valueAt(to.values, condition.is[0]) === condition.is[1];
  if ('not' in condition) return !holds(condition.not, to);
  if ('all' in condition) return condition.all.every((each) => holds(each, to));
  if ('any' in condition) return condition.any.some((each) => holds(each, to));
  throw new Error('unknown condition'); // of a union that is closed
}

function isFilled(found: unknown): boolean {
  if (typeof found !== 'object' || found === null) return Boolean(found);
  return (Array.isArray(found) ? found : Object.keys(found)).length > 0;
}

/** @throws Error  there is none, which the schema of the values prevents */
function valueAt(values: unknown, path: string): unknown {
  let found = values;
  for (const key of path.split('.')) {
    if (typeof found !== 'object' || found === null || !(key in found)) throw new Error(`there is no value ${path}`);
    found = (found as Record<string, unknown>)[key]; // an object, as was asked
  }
  return found;
}

function documentOf({ base, over }: Document, to: Installation): unknown {
  return laidOver(plain(resolve(base, to)!), valueAt(to.values, over));
}

/** Maps key by key, all else whole; null takes a key away. */
function laidOver(below: unknown, above: unknown): unknown {
  if (!isMap(below) || !isMap(above)) return above;
  const merged = new Map(Object.entries(below));
  for (const [key, each] of Object.entries(above)) {
    if (each === null) merged.delete(key);
    else merged.set(key, merged.has(key) ? laidOver(merged.get(key), each) : each);
  }
  return Object.fromEntries(merged);
}

const isMap = (found: unknown): found is Record<string, unknown> =>
  typeof found === 'object' && found !== null && !Array.isArray(found);

/** A resolved tree without its reasons. */
export function plain(tree: Tree): unknown {
  if (isForm(tree, 'noted')) return plain(tree.tree);
  if (Array.isArray(tree)) return tree.map(plain);
  if (typeof tree !== 'object') return tree;
  return Object.fromEntries(Object.entries(tree).map(([key, each]) => [key, plain(each as Tree)])); // resolved: no form is left
}

/** JSON as Go's encoder writes it: keys in order, and nothing that HTML would read. */
function goJson(found: unknown): string {
  const sorted = JSON.stringify(found, (_, each: unknown) =>
    isMap(each) ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))) : each,
  );
  return sorted.replace(/[<>&\u2028\u2029]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
