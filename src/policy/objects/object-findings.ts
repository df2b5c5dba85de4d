/**
 * What is to be said of objects beside what their readers say.
 * @module
 */
import type { Finding } from '../documents/finding.ts';
import { otherRule, withOthers } from '../documents/other-rule.ts';
import { type Position, placeText } from '../documents/position.ts';
import type { ReadDocument } from '../read-policies.ts';
import type { HeldObject } from './held-object.ts';

/** How all objects of a kind are named where a file would be. */
export const kindPlace = (kind: string): string => `${kind} *`;

/** An object whose name stands in a file too, at `place`; what the file says holds. */
export function duplicateObject(
  file: string,
  { kind, namespace, name, place: at }: ReadDocument,
  place: Position,
): Finding {
  const id = namespace === '' ? name : `${namespace}/${name}`;
  return {
    file,
    ...at,
    severity: 'error',
    code: 'duplicate-document',
    path: 'metadata.name',
    message: `${kind} ${id} stands at ${placeText(place)} already, and again in the cluster; what the file says holds`,
    fix: 'remove it from the file, or do not read it from the cluster',
    ...withOthers([otherRule({ kind, namespace, name }, place)]),
  };
}

/** An address that several pods say is theirs. @param holders  more than one */
export function sharedAddress(address: string, holders: readonly HeldObject[]): Finding {
  const [first, ...others] = holders.map(({ file }) => file.file).sort();
  return {
    ...{ file: first!, line: 1, column: 1, severity: 'warning', code: 'address-shared', path: 'status.podIPs' }, // several
    message: `${address} is the address of ${others.join(' and ')} too: where a policy tells them apart, it is neither`,
    fix: 'delete the pod that is not there any more',
  };
}
