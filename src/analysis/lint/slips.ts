/**
 * Which of two names is a slip for the other, and which are both meant.
 * @module
 */
import { nearest } from '../../lib/nearest.ts';

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
