/**
 * Namespaces that do not exist, of each kind that policies and selectors of namespaces tell apart, with their pods.
 * @module
 */
import type { LabelExpr } from '../../policy/meaning/labels.ts';
import type { PolicyModel, TextPattern } from '../../policy/model.ts';
import { emptyRegistry, type NamespaceEntry } from '../../policy/registry/registry.ts';
import { BoundMet } from '../regions/bound.ts';
import { ALL, type Region } from '../regions/diagrams.ts';
import type { End } from './asked-of-pods.ts';
import { visitAtoms } from './asked-ranges.ts';
import { createLabelSpace } from './label-space.ts';
import type { ComingPods, PodToCome } from './pods-to-come.ts';

const MOST_NAMESPACES = 64;

/** Namespaces, and the pods that may come to them, at the ends of requests that were asked for. */
interface NamespacesToCome {
  readonly namespaces: readonly NamespaceEntry[];
  readonly pods: readonly { readonly pod: PodToCome; readonly end: End | undefined }[];
}

/** Namespaces to come and their pods; or why they cannot be looked at: there are too many kinds, or policies look at parts of their names. */
export function namespacesToCome(
  model: PolicyModel,
  selectors: readonly LabelExpr[],
  coming: ComingPods,
  ends: readonly (End | undefined)[] = [undefined],
): { readonly kinds?: NamespacesToCome; readonly why: string } {
  try {
    const namespaces = kindsOf(model, selectors);
    const registry = model.registry ?? emptyRegistry;
    const ahead = { ...registry, namespaces: [...registry.namespaces, ...namespaces] };
    const pods = namespaces.flatMap(({ name }) =>
      ends.flatMap((end) => coming.of(ahead, name, end).map((pod) => ({ pod, end }))),
    );
    return { kinds: { namespaces, pods }, why: '' };
  } catch (thrown) {
    if (thrown instanceof BoundMet) return { why: thrown.message }; // the proof is of a lesser scope then
    throw thrown;
  }
}

function kindsOf(model: PolicyModel, selectors: readonly LabelExpr[]): readonly NamespaceEntry[] {
  const space = createLabelSpace();
  const questions = new Set<Region>();
  const ask = (selector: LabelExpr): void => {
    questions.add(
      space.fold(selector, (leaf) => {
        const key = leaf.key.replace(/^pcns\./, '');
        return isName(key) || leaf.key === 'projectcalico.org/namespace' ? nameRegion(leaf) : space.label(key, leaf);
      }),
    );
  };
  const { namespaces: known, endpoints } = model.registry ?? emptyRegistry;
  const taken = new Set([...known.map(({ name }) => name), ...endpoints.map(({ namespace }) => namespace)]);
  /** Names that are asked for and not taken are namespaces to come of their own. */
  const nameRegion = (leaf: Extract<LabelExpr, { readonly key: string }>): Region => space.accountWhere(leaf);
  for (const selector of selectors) ask(selector);
  for (const selector of namespaceSelectors(model)) ask(selector);
  const patterns = new Map<string, TextPattern>();
  visitAtoms(model.planes, (atom) => {
    if (atom.op === 'text' && atom.fact.of === 'peerName')
      for (const pattern of atom.any) patterns.set(JSON.stringify(pattern), pattern);
  });
  for (const pattern of patterns.values()) refusePartOfName(pattern);
  for (const name of namespacesNamed(model, [...patterns.values()])) questions.add(space.accountNamed(name));
  const free = [...taken].reduce((left: Region, name) => space.diagrams.minus(left, space.accountNamed(name)), ALL);
  const kinds = space.kindsBy(questions, MOST_NAMESPACES, 'kinds of namespaces that may come', free);
  const made = new Set<string>();
  return kinds.map((kind, i): NamespaceEntry => {
    const usual = `to-come-${i + 1}`;
    const { labels, account: name = usual } = space.sampleOf(kind, [usual]);
    // One registry holds a name once.
    if (made.has(name))
      throw new BoundMet(`namespace ${name}, which does not exist and which policies name, with other labels`);
    made.add(name);
    return { name, labels };
  });
}

const isName = (key: string): boolean => key === 'kubernetes.io/metadata.name' || key === 'projectcalico.org/name';

/** What selectors over pods ask of their namespaces, leaf by leaf. */
function namespaceSelectors({ planes }: PolicyModel): readonly LabelExpr[] {
  const out = new Map<string, LabelExpr>();
  const walk = (expr: LabelExpr): void => {
    if (!('key' in expr)) {
      if (expr.op === 'not') walk(expr.of);
      else expr.of.forEach(walk);
    } else if (expr.key.startsWith('pcns.') || expr.key === 'projectcalico.org/namespace')
      out.set(JSON.stringify(expr), expr);
  };
  for (const { stages } of planes)
    for (const { policies } of stages)
      for (const { subject } of policies) if (subject.selector !== undefined) walk(subject.selector);
  visitAtoms(planes, (atom) => {
    if (atom.op === 'endpoint') walk(atom.selector);
    if (atom.op === 'identity' && atom.namespace !== undefined) walk(prefixed(atom.namespace));
  });
  return [...out.values()];
}

function prefixed(expr: LabelExpr): LabelExpr {
  if ('key' in expr) return { ...expr, key: `pcns.${expr.key}` };
  return expr.op === 'not' ? { op: 'not', of: prefixed(expr.of) } : { op: expr.op, of: expr.of.map(prefixed) };
}

/** Namespaces that principals and policies name, whether they exist or not. */
function namespacesNamed({ planes }: PolicyModel, patterns: readonly TextPattern[]): ReadonlySet<string> {
  const out = new Set<string>();
  for (const { stages } of planes)
    for (const { policies } of stages)
      for (const { subject } of policies) if (subject.namespace !== undefined) out.add(subject.namespace);
  visitAtoms(planes, (atom) => {
    if (atom.op === 'identity' && atom.ownNamespace !== undefined) out.add(atom.ownNamespace);
  });
  for (const pattern of patterns) {
    const [, name] = /\/ns\/([^/]+)\//.exec(textOf(pattern)) ?? [];
    if (pattern.is === 'serviceAccount') out.add(pattern.namespace);
    else if (name !== undefined) out.add(name);
  }
  return out;
}

const textOf = (pattern: TextPattern): string =>
  pattern.is === 'glob' ? pattern.parts.join('') : 'value' in pattern ? pattern.value : '';

/** Of principals only whole names of namespaces are looked at here: a name to come is none of them. */
function refusePartOfName(pattern: TextPattern): void {
  if (
    pattern.is === 'exact' ||
    pattern.is === 'serviceAccount' ||
    pattern.is === 'nonEmpty' ||
    pattern.is === 'present'
  )
    return;
  const text = textOf(pattern);
  if (!/\/ns\/[^/*]+\//.test(text) && /\/ns\//.test(text)) throw new BoundMet('a principal by a part of its namespace');
}
