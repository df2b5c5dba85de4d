/**
 * Cuts rules out of the documents of a file; every byte that is not theirs stays.
 *
 * A list that loses its last rule becomes `[]`, and its document stays: without rules it grants nothing, but without the document nobody
 * would govern the workload. What was cut is read again; where that says anything else than the rules that should be left, nothing is cut.
 * @module
 */
import { isDeepStrictEqual } from 'node:util';
import type { Contribution, DialectOptions } from '../../policy/dialects/contribution.ts';
import { withoutMark } from '../../policy/documents/yaml/split.ts';
import type { PolicyRef } from '../../policy/model.ts';
import { openDocument, pathToPlace, read, type ValuePath } from '../source/open-document.ts';
import {
  addField,
  applyEdits,
  type Edit,
  type EditableChunk,
  editable,
  emptyList,
  hasAliases,
  removeItem,
} from './yaml-edit.ts';

/** Rules of one document, by their place in its lists. */
export interface DocumentCut {
  readonly policy: PolicyRef;
  readonly rules: readonly { readonly direction: 'ingress' | 'egress'; readonly rule: number }[];
}

/** The text without those rules; undefined if they cannot be cut out. */
export function cutRules(
  file: string,
  text: string,
  { policy, rules }: DocumentCut,
  options: DialectOptions,
): string | undefined {
  const whole = openDocument(file, text, policy);
  const said = whole && read(whole, options);
  if (whole === undefined || said === undefined) return undefined;
  const rest = expected(said, rules);
  let now = text;
  for (const { direction, rule } of rules.toSorted((a, b) => b.rule - a.rule)) {
    const cut = cutOne(file, now, { policy, direction, rule }, options);
    if (cut === undefined) return undefined;
    now = cut;
  }
  now = withDirections(file, now, { policy, said }, options) ?? now;
  const after = openDocument(file, now, policy);
  const left = after && read(after, options);
  return left !== undefined && isDeepStrictEqual(sayings(left), rest) ? now : undefined;
}

interface One {
  readonly policy: PolicyRef;
  readonly direction: 'ingress' | 'egress';
  readonly rule: number;
}

function cutOne(file: string, text: string, { policy, direction, rule }: One, options: DialectOptions) {
  const document = openDocument(file, text, policy);
  const said = document && read(document, options);
  const place = said && rulesOf(said, direction)?.find(({ index }) => index === rule)?.position;
  const path = place && pathToPlace(document.root, place);
  const index = path?.at(-1);
  if (document === undefined || path === undefined || typeof index !== 'number') return undefined;
  const chunk = editable(document.chunk);
  if (hasAliases(chunk)) return undefined;
  const list: ValuePath = [...document.path, ...path.slice(0, -1)];
  const one = removeItem(chunk, list, index);
  const edits = one === undefined ? emptyList(chunk, list) : [one];
  return edits && withEdits(text, document.chunk, chunk, edits);
}

/** A policy whose directions follow from the rules that it has gets them written down, so that it goes on governing them. */
function withDirections(
  file: string,
  text: string,
  { policy, said }: { readonly policy: PolicyRef; readonly said: Contribution },
  options: DialectOptions,
): string | undefined {
  const document = openDocument(file, text, policy);
  const now = document && read(document, options);
  if (document === undefined || now?.to !== 'tiers' || said.to !== 'tiers') return undefined;
  const types = (['ingress', 'egress'] as const).filter((direction) => said.policy[direction] !== undefined);
  if (types.every((direction) => now.policy[direction] !== undefined)) return undefined;
  const field = policy.dialect === 'kubernetes' ? 'policyTypes' : 'types';
  const names = types.map((direction) => (direction === 'ingress' ? 'Ingress' : 'Egress'));
  const chunk = editable(document.chunk);
  const edit = addField(chunk, [...document.path, 'spec'], field, `[${names.join(', ')}]`);
  return edit && withEdits(text, document.chunk, chunk, [edit]);
}

/** The file with edits of one of its chunks. */
function withEdits(
  text: string,
  { line }: { readonly line: number },
  chunk: EditableChunk,
  edits: readonly Edit[],
): string | undefined {
  const bare = withoutMark(text);
  let start = 0;
  for (let at = 1; at < line; at++) start = bare.indexOf('\n', start) + 1;
  if (!bare.startsWith(chunk.text, start)) return undefined;
  const mark = text.slice(0, text.length - bare.length);
  return mark + bare.slice(0, start) + applyEdits(chunk.text, edits) + bare.slice(start + chunk.text.length);
}

const rulesOf = (said: Contribution, direction: 'ingress' | 'egress') => {
  if (said.to === 'istio-rules') return said.policy.rules;
  return said.to === 'tiers' ? said.policy[direction] : undefined;
};

/** What a document says, without places. */
function sayings(said: Contribution): unknown {
  return JSON.parse(
    JSON.stringify(said, (key, value: unknown) => (key === 'position' || key === 'index' ? undefined : value)),
  );
}

/** The same without some rules. */
function expected(said: Contribution, rules: DocumentCut['rules']): unknown {
  const without = <R extends { readonly index: number }>(direction: 'ingress' | 'egress', some: readonly R[]) =>
    some.filter(({ index }) => !rules.some((one) => one.direction === direction && one.rule === index));
  if (said.to === 'istio-rules')
    return sayings({ ...said, policy: { ...said.policy, rules: without('ingress', said.policy.rules) } });
  if (said.to !== 'tiers') return sayings(said);
  const { ingress, egress } = said.policy;
  const policy = {
    ...said.policy,
    ingress: ingress && without('ingress', ingress),
    egress: egress && without('egress', egress),
  };
  return sayings({ ...said, policy });
}
