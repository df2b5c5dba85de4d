/**
 * Judges the object of a review as `policy check` judges a file, and what its author wrote where the cluster did not keep it.
 * @module
 */
import { isDeepStrictEqual } from 'node:util';
import { type ChangeJudgement, judgeChange, type Standings } from '../../policy/change/judge-change.ts';
import type { Finding } from '../../policy/documents/finding.ts';
import { objectPlace } from '../../policy/documents/position.ts';
import { cutFields } from '../../policy/objects/cut-fields.ts';
import { isJsonObject, type JsonObject, objectAt } from '../../policy/objects/json-object.ts';
import { keptFields, lastApplied } from '../../policy/objects/kept-fields.ts';
import { readObject } from '../../policy/objects/read-object.ts';
import type { ReadOptions } from '../../policy/read-policies.ts';
import type { ReviewRequest } from './review.ts';

/** What a review is judged by. */
export interface ReviewRules extends Standings {
  /** How documents are read. */
  readonly options: ReadOptions;
}

/** Of a Namespace an API server says that it lies in itself. */
const placeIn = ({ kind: { group, kind }, namespace }: ReviewRequest): string =>
  group === '' && kind === 'Namespace' ? '' : namespace;

/** How messages name the object of a request. */
export const objectName = (request: ReviewRequest): string =>
  objectPlace(request.kind.kind, placeIn(request), request.name);

/** All that is to be said of it. @param object  that of the request */
export function judgeReview(request: ReviewRequest, object: JsonObject, rules: ReviewRules): ChangeJudgement {
  const written = asFile(object, request);
  const change = readObject(written, rules.options);
  const judged = judgeChange(change, rules);
  const isJudged = change.documents.length > 0 || change.findings.length > 0;
  if (!isJudged) return { told: [notOurs(request, change.file)], hidden: [] };
  return {
    told: [...lostFindings(request, object, written, judged.told, rules.options), ...judged.told],
    hidden: judged.hidden,
  };
}

/** The object as a file would hold it. It has its name, also one that the API server makes. */
export function asFile(
  object: JsonObject,
  { kind: { group, version, kind }, name, namespace }: ReviewRequest,
): JsonObject {
  const metadata = { name: name || 'new', ...objectAt(object, 'metadata'), ...(namespace !== '' && { namespace }) };
  return keptFields({ ...object, metadata }, { apiVersion: group === '' ? version : `${group}/${version}`, kind });
}

/** What was applied and is gone. What the reader says of the author's own text explains it better than that it is gone. */
function lostFindings(
  request: ReviewRequest,
  object: JsonObject,
  written: JsonObject,
  told: readonly Finding[],
  options: ReadOptions,
): readonly Finding[] {
  const applied = lastApplied(object);
  const isApply = request.oldObject === undefined || !isDeepStrictEqual(applied, lastApplied(request.oldObject));
  if (!isJsonObject(applied) || !isApply) return [];
  const paths = [...lostNames(applied, object), ...cutFields(applied, written)];
  if (paths.length === 0) return [];
  const explained = readObject(asFile(applied, request), options).findings.filter(
    ({ severity, code, path }) =>
      severity === 'error' && !told.some((finding) => finding.code === code && finding.path === path),
  );
  const file = objectName(request);
  const bare = paths.filter((path) => !explained.some((finding) => isAt(finding.path, path)));
  return [...explained, ...bare.map((path) => lostFinding(file, path))];
}

/** What the API server writes there, whatever an author says. */
const ofTheServer: ReadonlySet<string> = new Set([
  ...['managedFields', 'selfLink', 'resourceVersion', 'uid', 'generation', 'creationTimestamp', 'generateName'],
]);

/** Fields beside `spec` and of metadata that are gone; what is in them others may have changed. */
function lostNames(applied: JsonObject, object: JsonObject): readonly string[] {
  const lost = (of: JsonObject, kept: JsonObject): readonly string[] =>
    Object.entries(of).flatMap(([name, value]) =>
      value === null || ofTheServer.has(name) || Object.hasOwn(kept, name) || isNothing(value) ? [] : [name],
    );
  const { status: _, ...rest } = applied;
  const ofMetadata = lost(objectAt(applied, 'metadata'), objectAt(object, 'metadata'));
  return [...lost(rest, object), ...ofMetadata.map((name) => `metadata.${name}`)];
}

const isNothing = (value: unknown): boolean =>
  Array.isArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0;

/** Whether one path is the other, or leads to it. */
const isAt = (one: string, other: string): boolean =>
  one === other || one.startsWith(`${other}.`) || one.startsWith(`${other}[`);

const lostFinding = (file: string, path: string): Finding => ({
  ...{ file, line: 1, column: 1, severity: 'error', code: 'field-not-stored', path },
  message: 'this was written and is gone: the cluster knows no such field here, so what is left means something else',
  fix: 'correct its name or place, or update the CustomResourceDefinition, and apply again',
});

function notOurs({ kind: { group, kind } }: ReviewRequest, file: string): Finding {
  return {
    ...{ file, line: 1, column: 1, severity: 'warning', code: 'kind-unknown', path: 'kind' },
    message: `Gatehouse does not judge ${kind} (${group === '' ? 'core' : group})`,
    fix: 'take it out of the rules of its ValidatingWebhookConfiguration',
  };
}
