/**
 * Texts of a log line, and how far they can be trusted: long ones were cut, bytes that are no UTF-8 were replaced, tokens covered.
 * @module
 */
import { toByteString } from '../../lib/byte-string.ts';

/** Characters of a text that the log shows; a longer one is cut and ends in an ellipsis. */
const LONGEST = 512;
/** A token that stood in a text was covered; the shortest has nine characters. */
const COVERED = /x{9,}/;

/** A byte string; `isWhole` false: the value begins so, and goes on nobody knows how. */
export interface ToldText {
  readonly text: string;
  readonly isWhole: boolean;
}

/** Reads a text of the log. */
export function toldText(text: string): ToldText {
  const ends = [text.length > LONGEST ? LONGEST : -1, text.indexOf('\ufffd'), COVERED.exec(text)?.index ?? -1].filter(
    (end) => end >= 0,
  );
  return ends.length === 0
    ? { text: toByteString(text), isWhole: true }
    : { text: toByteString(text.slice(0, Math.min(...ends))), isWhole: false };
}
