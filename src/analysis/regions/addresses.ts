/**
 * Sets of addresses as languages of bits: `4` or `6`, then a `0` or `1` for each bit. IPv6 that holds IPv4 is left out: no packet
 * has such an address.
 * @module
 */
import { type IpRange, parseCidr } from '../../lib/ip-address.ts';
import type { Automaton } from './automaton.ts';
import { type LanguageDomain, languageDomain } from './languages.ts';
import { anyOf, type ByteRange, type Item, literal } from './pattern-automaton.ts';

const bit: readonly ByteRange[] = [[48, 49]];
const bits = (count: number): Item[] => Array.from({ length: count }, () => ({ bytes: bit }));

/** Creates the domain of all addresses; it is made when it is first asked for, as few policies look at addresses so. */
export function addressLanguage(): LanguageDomain {
  let known: LanguageDomain | undefined;
  const made = (): LanguageDomain => (known ??= allAddresses());
  return {
    get full() {
      return made().full;
    },
    and: (a, b) => made().and(a, b),
    or: (a, b) => made().or(a, b),
    minus: (a, b) => made().minus(a, b),
    ofItems: (runs) => made().ofItems(runs),
    ofPatterns: (patterns) => made().ofPatterns(patterns),
    ofAutomaton: (automaton) => made().ofAutomaton(automaton),
    automatonOf: (set) => made().automatonOf(set),
  };
}

function allAddresses(): LanguageDomain {
  const all = languageDomain({
    universe: [
      [...literal('4'), ...bits(32)],
      [...literal('6'), ...bits(128)],
    ],
  });
  const mapped = all.ofItems([itemsOfCidr('::ffff:0.0.0.0/96')!]);
  const full = all.minus(all.full, mapped);
  return { ...all, full, ofItems: (runs) => all.and(all.ofItems(runs), full) };
}

/** The run of the addresses of a range; undefined if it is none. */
export function itemsOfCidr(text: string): Item[] | undefined {
  const range = parseCidr(text);
  return range && [...literal(bitsOf(range)), anyOf(bit)];
}

/** The bits of a range's prefix, after its family. */
export function bitsOf({ bytes, bits: length }: IpRange): string {
  const all = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  return `${bytes.length === 4 ? '4' : '6'}${all.slice(0, length)}`;
}

/** The range of a prefix in bits. */
export function cidrOfBits(text: string): string {
  const isV4 = text.startsWith('4');
  const length = isV4 ? 32 : 128;
  const own = text.slice(1).padEnd(length, '0');
  const size = isV4 ? 8 : 16;
  const parts = Array.from({ length: length / size }, (_, i) =>
    Number.parseInt(own.slice(i * size, (i + 1) * size), 2),
  );
  if (isV4) return `${parts.join('.')}/${text.length - 1}`;
  return `${compressed(parts.map((part) => part.toString(16)))}/${text.length - 1}`;
}

/** RFC 5952: the longest run of at least two zero groups becomes `::`. */
function compressed(groups: readonly string[]): string {
  const runs = [...groups.join(':').matchAll(/(?<![^:])0(:0)+(?![^:])/g)].map(([run]) => run);
  const [longest] = runs.toSorted((a, b) => b.length - a.length);
  if (longest === undefined) return groups.join(':');
  const text = groups.join(':');
  const at = text.search(new RegExp(`(?<![^:])${longest}(?![^:])`));
  return `${text.slice(0, at).replace(/:$/, '')}::${text.slice(at + longest.length).replace(/^:/, '')}`;
}

/** The ranges of a set, as few as there can be. */
export function cidrsOf(automaton: Automaton): string[] {
  const out: string[] = [];
  const wholeOf = wholeTrees(automaton);
  const walk = (state: number, prefix: string): void => {
    if (wholeOf(state, prefix)) out.push(cidrOfBits(prefix));
    else
      for (const { lo, hi, to } of automaton.arcs[state]!)
        for (let b = lo; b <= hi; b++) walk(to, prefix + String.fromCharCode(b));
  };
  if (automaton.accepts.length > 0) walk(0, '');
  return out;
}

/** Tells whether every address below a prefix is in the set. */
function wholeTrees({ accepts, arcs }: Automaton): (state: number, prefix: string) => boolean {
  const known = new Map<number, boolean>();
  const isWhole = (state: number): boolean => {
    const before = known.get(state);
    if (before !== undefined) return before;
    const [only, ...others] = arcs[state]!;
    const made =
      accepts[state]! ||
      (only !== undefined && others.length === 0 && only.lo === 48 && only.hi === 49 && isWhole(only.to));
    known.set(state, made);
    return made;
  };
  return (state, prefix) => prefix !== '' && isWhole(state);
}
