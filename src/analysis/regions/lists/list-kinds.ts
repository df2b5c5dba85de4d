/**
 * Kinds of texts: those of which every condition says the same.
 * @module
 */
import type { TextPattern } from '../../../policy/model.ts';
import { acceptsText } from '../automaton.ts';
import { BoundMet } from '../bound.ts';
import { EMPTY } from '../domain.ts';
import type { LanguageDomain } from '../languages.ts';
import { literal } from '../pattern-automaton.ts';

/** Texts of one kind, and the places of the conditions that they fit. */
export interface Kind {
  readonly language: number;
  readonly fits: readonly number[];
}

/** A set of lists of more kinds is no longer handled well. */
const MOST_KINDS = 1024;
/** States of the automata of all kinds together; some seconds. */
const MOST_STATES = 200_000;

/** The kinds, in an order that hangs on the conditions alone. @throws what `tooMany` makes of the place of a condition */
export function kindsOf(
  texts: LanguageDomain,
  conditions: readonly (readonly TextPattern[])[],
  tooMany: (condition: number, met: BoundMet) => BoundMet,
): readonly Kind[] {
  const named = [...new Set(conditions.flatMap((any) => any.flatMap((one) => (isOneText(one) ? [one.value] : []))))];
  const single = named.filter((text) => acceptsText(texts.automatonOf(texts.full), text));
  const others = conditions.map((any) => texts.ofPatterns(any.filter((one) => !isOneText(one))));
  const byText = placesByText(conditions);
  const fitsOf = (text: string): number[] => {
    const own = new Set(byText.get(text));
    for (const [place, language] of others.entries())
      if (language !== EMPTY && acceptsText(texts.automatonOf(language), text)) own.add(place);
    return [...own].sort((a, b) => a - b);
  };
  const found = new Map<string, { texts: string[]; language: number; fits: readonly number[] }>();
  const kindOf = (fits: readonly number[]) => {
    const kind = found.get(fits.join()) ?? { texts: [], language: EMPTY, fits };
    found.set(fits.join(), kind);
    return kind;
  };
  for (const text of single) kindOf(fitsOf(text)).texts.push(text);
  const rest = texts.minus(texts.full, texts.ofItems(single.map((text) => literal(text))));
  for (const { language, fits } of refined(texts, rest, others, tooMany)) kindOf(fits).language = language;
  if (found.size > MOST_KINDS)
    throw tooMany(0, new BoundMet(`more than ${MOST_KINDS} kinds of values of one header or claim`));
  const kinds = [...found.values()].map((kind): Kind => {
    const own = texts.ofItems(kind.texts.map((text) => literal(text)));
    return { language: texts.or(own, kind.language), fits: kind.fits };
  });
  const nameOf = ({ fits }: Kind): string => fits.join();
  return kinds.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

const isOneText = (one: TextPattern): one is TextPattern & { readonly value: string } =>
  one.is === 'exact' && one.ignoreCase !== true;

function placesByText(conditions: readonly (readonly TextPattern[])[]): ReadonlyMap<string, ReadonlySet<number>> {
  const out = new Map<string, Set<number>>();
  for (const [place, any] of conditions.entries())
    for (const one of any) {
      if (!isOneText(one)) continue;
      const own = out.get(one.value) ?? new Set();
      out.set(one.value, own.add(place));
    }
  return out;
}

/** Cuts a language by those of the conditions. */
function refined(
  texts: LanguageDomain,
  whole: number,
  languages: readonly number[],
  tooMany: (condition: number, met: BoundMet) => BoundMet,
): readonly Kind[] {
  let kinds: readonly Kind[] = whole === EMPTY ? [] : [{ language: whole, fits: [] }];
  for (const [place, language] of languages.entries()) {
    if (language === EMPTY) continue;
    let states = 0;
    const next: Kind[] = [];
    for (const kind of kinds) {
      const inner = { language: texts.and(kind.language, language), fits: [...kind.fits, place] };
      const outer = { language: texts.minus(kind.language, language), fits: kind.fits };
      const parts = [inner, outer].filter((part) => part.language !== EMPTY);
      next.push(...parts);
      states += parts.reduce((sum, part) => sum + texts.automatonOf(part.language).accepts.length, 0);
      if (states > MOST_STATES || next.length > MOST_KINDS)
        throw tooMany(place, new BoundMet('patterns of one header or claim that cut each other in too many ways'));
    }
    kinds = next;
  }
  return kinds;
}
