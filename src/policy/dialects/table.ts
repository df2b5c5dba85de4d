/**
 * Which documents we read: API group and kind → reader. Adding a dialect means adding rows.
 * @module
 */
import type { KindReader } from './contribution.ts';
import { authorizationPolicyReader } from './istio/authorization-policy.ts';
import { peerAuthenticationReader } from './istio/peer-authentication.ts';
import { requestAuthenticationReader } from './istio/request-authentication.ts';

const readers: readonly KindReader[] = [
  authorizationPolicyReader,
  requestAuthenticationReader,
  peerAuthenticationReader,
];

const byKind = new Map(readers.map((reader) => [`${reader.group}/${reader.kind}`, reader]));

/** The reader of a kind, or undefined. */
export function readerOf(group: string, kind: string): KindReader | undefined {
  return byKind.get(`${group}/${kind}`);
}

/**
 * The kinds that we read of a group: a document of such a group whose kind is not among them is refused, not skipped.
 * Empty for groups that also hold kinds which are none of our business (`skipsUnknown`).
 */
export function kindsOfGroup(group: string): readonly string[] {
  return readers.filter((reader) => reader.group === group && reader.group !== '').map((reader) => reader.kind);
}
