/**
 * Why a caller has the identities that it has, or none.
 * @module
 */
import type { Selector } from '../../spiffe/selector.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import { entitlements } from './entitlements.ts';
import type { Entry } from './entry.ts';
import type { ImplicitEntry } from './implicit-entries.ts';

/** An entry that does not match, and which selectors are missing. */
export interface NearEntry {
  readonly spiffeId: SpiffeId;
  readonly origin: string;
  /** The selectors of the entry that the caller has. */
  readonly held: readonly Selector[];
  /** The selectors of the entry that the caller lacks; empty if the entry is given or another entry took precedence. */
  readonly lacked: readonly Selector[];
}

/** Which entries match a caller, and which nearly do. */
export interface EntryExplanation {
  readonly selectors: readonly Selector[];
  /** What is issued to it. */
  readonly entitled: readonly SpiffeId[];
  /** What entries give it, and is revoked: nothing is issued to those. */
  readonly revoked: readonly SpiffeId[];
  /** Entries that were not given, nearest first: the fewest selectors lacked, then the most held. */
  readonly nearest: readonly NearEntry[];
}

/** Explains to an operator (never to a caller: it names others' entries) what these selectors entitle to. */
export function explainEntries(
  entries: readonly Entry[],
  selectors: readonly Selector[],
  limit = 5,
  isRevoked: (spiffeId: SpiffeId) => boolean = () => false,
  implicit?: ImplicitEntry,
): EntryExplanation {
  const attested = new Set(selectors);
  const given = entitlements(entries, selectors, implicit);
  const nearest = entries
    .filter((entry) => !given.some((each) => each.spiffeId === entry.spiffeId && each.origin === entry.origin))
    .map((entry) => ({
      spiffeId: entry.spiffeId,
      origin: entry.origin,
      held: entry.selectors.filter((selector) => attested.has(selector)),
      lacked: entry.selectors.filter((selector) => !attested.has(selector)),
    }))
    .sort((a, b) => a.lacked.length - b.lacked.length || b.held.length - a.held.length)
    .slice(0, limit);
  const ids = given.map((entry) => entry.spiffeId);
  return {
    selectors,
    entitled: ids.filter((id) => !isRevoked(id)),
    revoked: ids.filter((id) => isRevoked(id)),
    nearest,
  };
}
