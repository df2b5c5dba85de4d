/**
 * Helm templates among policies: they must be rendered first, and say so once a file. One that can only make what is none of our
 * business is counted.
 * @module
 */
import { isLikeKindOf } from '../dialects/misnamed-kind.ts';
import { policyKinds } from '../dialects/table.ts';
import type { PolicyDocument } from '../documents/document.ts';
import type { Place, Reporter } from '../documents/finding.ts';
import { fieldOf, type Value } from '../documents/value.ts';

/** What such a chunk is counted as. */
export const TEMPLATE = 'Helm template';

const ACTION = /\{\{/;
/** An action in the first column is no YAML of any document. */
const FIRST_COLUMN = /^\{\{/m;
const KIND = /^["']?kind["']?[ \t]*:[ \t]*(.*)$/gim;
const MAKES_ANYTHING = /^\{\{-?\s*(?:include|template|tpl|toYaml|range|with|\.|\$|\(|printf)/m;

/** Whether a text is a template for certain, so that parsing it would only find faults. */
export const isTemplate = (text: string): boolean => text.includes('{{') && FIRST_COLUMN.test(text);

/** Whether a value of a text may hold an action: it stands there, or is made by escapes. */
const mayHoldAction = (text: string): boolean => text.includes('{{') || text.includes('\\');

/** Whether a text that cannot be read may be a template. */
export const mayBeTemplate = (text: string): boolean => ACTION.test(text);

/** Whether what a template makes could be a policy: by its kinds, as far as they are written out. */
export function couldBePolicy(text: string): boolean {
  const kinds = [...text.matchAll(KIND)].map(([, kind = '']) =>
    kind
      .replace(/\s+#.*$/, '')
      .replaceAll(/["'\r]/g, '')
      .trim(),
  );
  if (kinds.length === 0) return MAKES_ANYTHING.test(text);
  return kinds.some(
    (kind) =>
      !/^[A-Za-z]+$/.test(kind) ||
      kind.toLowerCase().endsWith('list') ||
      policyKinds.readers.some((reader) => isLikeKindOf(kind, reader.kind)),
  );
}

/** Where a document of ours holds what a template would have filled in; undefined if it holds none. @param text  it stands in */
export function unrenderedIn({ root }: PolicyDocument, text: string): Place | undefined {
  if (!mayHoldAction(text)) return undefined;
  const metadata = fieldOf(root, 'metadata');
  const parts = ['name', 'namespace', 'labels'].map((field) => fieldOf(metadata, field));
  return [...parts, fieldOf(root, 'spec')].map(actionIn).find((place) => place !== undefined);
}

function actionIn(value: Value | undefined): Place | undefined {
  if (value === undefined) return undefined;
  if (value.is === 'text') return /\{\{.*\}\}/s.test(value.text) ? value : undefined;
  const inner =
    value.is === 'list'
      ? value.items
      : value.is === 'map'
        ? [...value.entries.values()].map((entry) => entry.value)
        : [];
  for (const each of inner) {
    const place = actionIn(each);
    if (place !== undefined) return place;
  }
  return undefined;
}

/** Reports a template that could be a policy. */
export function reportTemplate(place: Place, report: Reporter): void {
  report.error(
    place,
    'helm-template',
    '',
    'this is a template, {{ … }}, and could make a policy: nothing of it is in force',
    'render first: helm template CHART | gatehouse policy check -; or leave it out: policies.paths[].exclude',
  );
}
