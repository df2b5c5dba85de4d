/**
 * What would be in force with a change: the files that are, with one document others.
 * @module
 */
import { joinKindTables } from '../../policy/dialects/kind-table.ts';
import { registryKinds } from '../../policy/dialects/kubernetes/registry-readers.ts';
import { policyKinds } from '../../policy/dialects/table.ts';
import { readObject } from '../../policy/objects/read-object.ts';
import type { PolicyFile, ReadDocument } from '../../policy/read-policies.ts';
import { asFile, type ReviewRules } from './judge-review.ts';
import type { ReviewRequest } from './review.ts';

const kinds = joinKindTables(policyKinds, registryKinds);

const registry = new Set(registryKinds.readers.map(({ group, kind }) => `${group} ${kind}`));

/** Whether pods and what their labels come from are of the kind of a request. */
export const isOfRegistry = ({ kind: { group, kind } }: ReviewRequest): boolean => registry.has(`${group} ${kind}`);

/** What a change is held against: files in force, policies and registry, and which of their documents are the cluster's own. */
export interface ChangeRules extends Pick<ReviewRules, 'files' | 'options' | 'isReplaced'> {
  /** As `isReplaced`, of documents of the registry. */
  isReplacedPod(file: string): boolean;
}

/** The files as they would be; undefined where the change adds and takes away nothing that is in force. */
export function changedFiles(request: ReviewRequest, rules: ChangeRules): readonly PolicyFile[] | undefined {
  const isGone = request.operation === 'DELETE';
  const object = (isGone ? request.oldObject : request.object) ?? {};
  const change = readObject(asFile(object, request), { ...rules.options, kinds });
  // What cannot be read does not come into force: what is held stays. To take something away, its name is enough.
  if (change.hasErrors && !isGone) return undefined;
  const [first] = change.documents;
  if (first === undefined && !isGone) return undefined;
  if (isGone && first?.isPolicy === false) return undefined; // pods that are gone open nothing
  const isSame = first === undefined ? namedBy(request) : ({ key }: ReadDocument): boolean => key === first.key;
  const taken = { documents: isGone ? [] : change.documents };
  let isDone = false;
  const files = rules.files.map((file) => {
    const isOwn = (document: ReadDocument): boolean =>
      isSame(document) && (document.isPolicy ? rules.isReplaced(file.file) : rules.isReplacedPod(file.file));
    if (!file.documents.some(isOwn)) return file;
    isDone = true;
    return { ...file, documents: file.documents.flatMap((each) => (isOwn(each) ? taken.documents : [each])) };
  });
  if (isDone) return files;
  return isGone ? undefined : [...rules.files, change];
}

const namedBy =
  ({ kind: { kind }, namespace, name }: ReviewRequest) =>
  (document: ReadDocument): boolean =>
    document.kind === kind && document.namespace === namespace && document.name === name;
