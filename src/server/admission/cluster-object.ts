/**
 * Objects as an API server shows them to a webhook: what of them a change leaves as it was.
 * @module
 */
import { isDeepStrictEqual } from 'node:util';
import { at, type JsonObject, objectAt } from '../../policy/objects/json-object.ts';

/** Whether all but metadata and status stays as it is: whoever changes an object so did not write what is wrong with it. */
export function sameSpec(object: JsonObject, before: JsonObject | undefined): boolean {
  if (before === undefined) return false;
  const { metadata: _a, status: _b, ...now } = object;
  const { metadata: _c, status: _d, ...old } = before;
  return isDeepStrictEqual(now, old);
}

/** Whether labels and annotations stay as they are too. */
export function sameMeaning(object: JsonObject, before: JsonObject | undefined): boolean {
  const said = (of: JsonObject = {}) => {
    const metadata = objectAt(of, 'metadata');
    return [objectAt(metadata, 'labels'), objectAt(metadata, 'annotations')];
  };
  return sameSpec(object, before) && isDeepStrictEqual(said(object), said(before));
}

/** It is being deleted: finalizers go, and nothing may stop that. */
export const isTerminating = (object: JsonObject): boolean =>
  typeof at(object, 'metadata', 'deletionTimestamp') === 'string';
