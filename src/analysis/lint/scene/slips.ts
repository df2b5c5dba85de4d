/**
 * Which of two names is a slip for the other, and which are both meant.
 * @module
 */
import { nearest, nearestSearch } from '../../../lib/nearest.ts';

/** The namespace that was probably meant; undefined where the name is as good as any that is known. */
export function slipOfNamespace(namespace: string, known: readonly string[]): string | undefined {
  const near = nearest(namespace, known);
  return near === undefined || isVariant(namespace, near) || isSibling(namespace, near) ? undefined : near;
}

/** One name is the other with a word more, as environments of one team have it. */
const isVariant = (a: string, b: string): boolean => a.startsWith(`${b}-`) || b.startsWith(`${a}-`);

/** Names that only a short last word tells apart, as teams, regions and numbers have it. */
const isSibling = (a: string, b: string): boolean => {
  const [[stem, word], [other, last]] = [partsOf(a), partsOf(b)];
  return stem !== '' && stem === other && [word, last].every((one) => one.length <= 2 || /^\d+$/.test(one));
};

function partsOf(name: string): readonly [stem: string, lastWord: string] {
  const dash = name.lastIndexOf('-') + 1;
  return [name.slice(0, dash), name.slice(dash)];
}

/** A word of a label that was probably meant for another; undefined where it is as good as any that is known. */
export function slipOfWord(word: string, known: readonly string[]): string | undefined {
  // Among so many something is always near.
  const near = known.length > MOST_NAMES ? undefined : nearest(word, known);
  return near !== undefined && isSlip(word, near) ? near : undefined;
}

const MOST_NAMES = 2_000;

/** The same but for case and dashes, or of the same words but one that is mistyped. */
function isSlip(a: string, b: string): boolean {
  if (plain(a) === plain(b)) return true;
  const [words, others] = [a.split(SEPARATOR), b.split(SEPARATOR)];
  const apart = words.flatMap((word, i) => (word === others[i] ? [] : [[word, others[i] ?? ''] as const]));
  return words.length === others.length && apart.length === 1 && apart.every(([one, other]) => isMistyped(one, other));
}

const SEPARATOR = /[-_./]/;
const plain = (text: string): string => text.toLowerCase().replaceAll(/[-_./]/g, '');

/** Not what only numbers tell apart (`v1`, `v2`), nor words of which each means something (`east`, `west`), which begin otherwise. */
function isMistyped(word: string, meant: string): boolean {
  if (word[0] !== meant[0] || word.replaceAll(/\d+/g, '') === meant.replaceAll(/\d+/g, '')) return false;
  const [shorter, longer] = [word, meant].map((one) => one.length).toSorted((x, y) => x - y) as [number, number]; // of two
  if (shorter < 4) return lettersOf(word) === lettersOf(meant);
  const search = nearestSearch(word, Math.max(1, Math.floor(longer / 4)));
  search.see(meant);
  return search.found() !== undefined;
}

const lettersOf = (word: string): string => [...word].toSorted().join('');
