/**
 * Instants as the admin API writes them.
 * @module
 */

/** RFC 3339. */
export const timeText = (ms: number): string => new Date(ms).toISOString();

/** RFC 3339, or null where there is none. */
export const maybeTime = (ms: number | undefined): string | null => (ms === undefined ? null : timeText(ms));
