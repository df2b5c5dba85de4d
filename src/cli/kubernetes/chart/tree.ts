/**
 * The language in which the objects of an installation are written once: YAML of Helm's chart and plain manifests are both made of it.
 *
 * A tree is a value of YAML, or a form that depends on the values of an installation. A form whose condition does not hold takes its
 * key, or its place in a list, with it.
 * @module
 */

const form = Symbol('form');

/** A value of YAML, or a form of one. */
export type Tree = string | number | boolean | readonly Tree[] | TreeMap | Form;
export type TreeMap = { readonly [key: string]: Tree };

/** A value of the installation, by its path, such as `node.resources`. */
export interface Value {
  readonly [form]: 'value';
  readonly path: string;
}
/** What the release says: its namespace, the version of the program. */
export interface Release {
  readonly [form]: 'release';
  readonly what: 'namespace' | 'version';
}
/** Texts joined to one. */
export interface Text {
  readonly [form]: 'text';
  readonly parts: readonly (string | Value | Release)[];
}
/** One tree or another; without `otherwise` nothing at all. */
export interface Choice {
  readonly [form]: 'choice';
  readonly condition: Condition;
  readonly then: Tree;
  readonly otherwise: Tree | undefined;
}
/** A tree with the reason why it is there, as a comment. */
export interface Noted {
  readonly [form]: 'noted';
  readonly why: string;
  readonly tree: Tree;
}
/** A text that Helm takes over from the cluster, by an expression of Go; where nobody can look, or nothing is there, `otherwise`. */
export interface Live {
  readonly [form]: 'live';
  readonly expression: string;
  readonly otherwise: string;
}
/** A YAML document as a text: `base`, with the values at `over` laid over it, key by key. */
export interface Document {
  readonly [form]: 'document';
  readonly name: string;
  readonly base: TreeMap;
  readonly over: string;
}
/** The SHA-256 of a document, which changes when it does. */
export interface Digest {
  readonly [form]: 'digest';
  readonly document: Document;
}
export type Form = Value | Release | Text | Choice | Noted | Live | Document | Digest;

/** Whether something holds: a value that is neither empty, zero nor false, or what is made of conditions. */
export type Condition =
  | Value
  | { readonly is: readonly [path: string, text: string] }
  | { readonly not: Condition }
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] };

export const value = (path: string): Value => ({ [form]: 'value', path });
export const release = (what: Release['what']): Release => ({ [form]: 'release', what });
export const text = (...parts: Text['parts']): Text => ({ [form]: 'text', parts });
export const when = (condition: Condition, then: Tree, otherwise?: Tree): Choice => ({
  [form]: 'choice',
  condition,
  then,
  otherwise,
});
export const noted = (why: string, tree: Tree): Noted => ({ [form]: 'noted', why, tree });
export const live = (expression: string, otherwise: string): Live => ({ [form]: 'live', expression, otherwise });
export const document = (name: string, base: TreeMap, over: string): Document => ({
  [form]: 'document',
  name,
  base,
  over,
});
export const digest = (of: Document): Digest => ({ [form]: 'digest', document: of });

/** The name of a form; undefined for a value of YAML. */
export function formOf(tree: Tree | Condition): Form[typeof form] | undefined {
  return typeof tree === 'object' ? (tree as Partial<Form>)[form] : undefined;
}

/** Tells one form from all else. */
export function isForm<K extends Form[typeof form]>(
  tree: Tree | Condition | undefined,
  name: K,
): tree is Extract<Form, { readonly [form]: K }> {
  return tree !== undefined && formOf(tree) === name;
}
