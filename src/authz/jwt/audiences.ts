/**
 * Compares audiences as Envoy does: `http://` or `https://` in front and one slash at the end do not count; case does.
 * @module
 */

/** The form in which audiences are compared. */
export function plainAudience(audience: string): string {
  const end = audience.endsWith('/') ? audience.length - 1 : audience.length;
  if (audience.startsWith('http://')) return audience.slice(7, Math.max(7, end));
  if (audience.startsWith('https://')) return audience.slice(8, Math.max(8, end));
  return audience.slice(0, end);
}

/** True if a token for `audiences` is good for `accepted` (plain forms); an empty set accepts every token. */
export const isForUs = (accepted: ReadonlySet<string>, audiences: readonly string[]): boolean =>
  accepted.size === 0 || audiences.some((audience) => accepted.has(plainAudience(audience)));
