/**
 * Texts of whoever asked, so that nothing in them is unseen or turns round what stands beside it.
 * @module
 */

/** Control characters, and those that change the direction of what follows (UAX #9) or have no width. */
const unseen = /[\p{Cc}\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF\u061C]/gu;

/** Writes them as escapes, e.g. `\u001b`. */
export const visible = (text: string): string =>
  text.replaceAll(unseen, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
