/**
 * Pods that may come, in words: a selector of their labels, and their service accounts.
 * @module
 */
import type { Description } from '../regions/describe.ts';
import { ALL, type Diagrams, NONE, type Region } from '../regions/diagrams.ts';
import type { LanguageDomain } from '../regions/languages.ts';

/** A kind of pods as it is told: labels as `app=web,!tier`, alternatives by `or`; names of service accounts, `*` for any. */
export interface KindOfPods {
  readonly labels: string;
  readonly serviceAccounts: readonly string[];
}

/** What one variable of a kind says. */
type Said = { readonly label: string } | { readonly account: string };

const MOST_WAYS = 8;

/** Tells a kind, variable by variable; more alternatives than a few are not told. */
export function kindText(diagrams: Diagrams, kind: Region, sayOf: (variable: number, set: number) => Said): KindOfPods {
  const ways: Said[][] = [];
  const walk = (at: Region, said: readonly Said[]): void => {
    if (at === NONE || ways.length > MOST_WAYS) return;
    if (at === ALL) ways.push([...said]);
    else {
      const { variable, edges } = diagrams.nodeOf(at);
      for (const { set, to } of edges) walk(to, [...said, sayOf(variable, set)]);
    }
  };
  walk(kind, []);
  const shown = ways.slice(0, MOST_WAYS).map((way) => way.flatMap((one) => ('label' in one ? [one.label] : [])).join());
  const accounts = ways.map((way) => way.flatMap((one) => ('account' in one ? [one.account] : [])).join());
  const labels = [...new Set(shown)];
  return {
    labels: labels.includes('') ? '' : [...labels, ...(ways.length > MOST_WAYS ? ['…'] : [])].join(' or '),
    serviceAccounts: accounts.includes('') ? ['*'] : [...new Set(accounts)],
  };
}

/** A set of names. */
export function namesText({ some, none }: Description): string {
  const all = some === undefined ? '*' : some.map(plain).join('|');
  return none.length === 0 ? all : `${all} except ${none.map(plain).join(', ')}`;
}

const plain = (pattern: NonNullable<Description['some']>[number]): string =>
  typeof pattern === 'string' ? pattern : '(a pattern)';

/** A label's values as a requirement of a selector: the empty text where it is absent, else `=` and the value. */
export function labelText(
  key: string,
  set: number,
  values: LanguageDomain,
  describe: (set: number) => Description,
): string {
  const absent = values.ofAutomaton({ accepts: [true], arcs: [[]] });
  const present = values.minus(values.full, absent);
  const named = values.and(set, present);
  if (named === 0) return `!${key}`;
  if (set === present) return key;
  const list = (which: number): string =>
    (describe(which).some ?? ['*']).map((each) => plain(each).replace(/^=/, '')).join('|');
  const mayLack = named !== set;
  const others = values.minus(present, named);
  const isFew = (which: number): boolean => describe(which).some?.every((one) => typeof one === 'string') ?? false;
  if (isFew(named)) return mayLack ? `(!${key} or ${key}=${list(named)})` : `${key}=${list(named)}`;
  return mayLack ? `${key}!=${list(others)}` : `${key},${key}!=${list(others)}`;
}
