/**
 * One list of values of a set, with as few and as plain values as can be.
 * @module
 */
import { acceptsText } from '../automaton.ts';
import { ALL, NONE, type Region } from '../diagrams.ts';
import { anyOf } from '../pattern-automaton.ts';
import { sampleText } from '../sample.ts';
import { type ListDomain, MISSING, PRESENT } from './list-domain.ts';

/** The kinds of a list, and what it costs to write them. */
interface Kinds {
  readonly cost: number;
  readonly kinds: readonly number[];
}

/** Such a list; undefined if none can be written in visible characters. `wanted`: texts that are taken where they may be. */
export function sampleList(
  domain: ListDomain,
  set: number,
  wanted: readonly string[] = [],
): readonly string[] | undefined {
  const texts = domain.kinds.map((language) => plainText(domain, language, wanted));
  const costs = texts.map((text) => (text === undefined ? Infinity : text === '' ? 3 : 1));
  const known = new Map<Region, Kinds>([
    [ALL, { cost: 0, kinds: [] }],
    [NONE, { cost: Infinity, kinds: [] }],
  ]);
  const cheapest = (region: Region): Kinds => {
    const before = known.get(region);
    if (before !== undefined) return before;
    const { variable: kind, edges } = domain.diagrams.nodeOf(region);
    const next = (is: number): Kinds => cheapest(edges.find((edge) => (edge.set & is) !== 0)?.to ?? NONE);
    const [there, missing] = [next(PRESENT), next(MISSING)];
    const cost = there.cost + costs[kind]!;
    const made = cost < missing.cost ? { cost, kinds: [kind, ...there.kinds] } : missing;
    known.set(region, made);
    return made;
  };
  const { cost, kinds } = cheapest(domain.and(set, domain.full));
  return cost === Infinity ? undefined : kinds.map((kind) => texts[kind]!);
}

/** A text of a language; the empty one only if there is no other. */
function plainText({ texts }: ListDomain, language: number, wanted: readonly string[]): string | undefined {
  const plain = texts.and(language, texts.ofItems([[{ bytes: visible }, anyOf(visible)]]));
  if (plain !== 0) return sampleText(texts.automatonOf(plain), wanted);
  return acceptsText(texts.automatonOf(language), '') ? '' : undefined;
}

const visible = [[33, 126]] as const;
