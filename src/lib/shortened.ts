/**
 * Text of others in lines of ours.
 * @module
 */

/** The beginning of a text, in units of UTF-16, with `…` where it went on. */
export const shortened = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most).toWellFormed()}…`;
