/**
 * The requests that there are: the variables of which regions are made, in the order in which diagrams ask them.
 * @module
 */
import { nameOfFact } from '../../policy/meaning/fact-values.ts';
import type { TextFact, TextPattern } from '../../policy/model.ts';
import { addressLanguage } from './addresses.ts';
import { anyEffort, type BoundMet, type Effort } from './bound.ts';
import { Diagrams } from './diagrams.ts';
import { type Domain, maskDomain } from './domain.ts';
import { type IntervalDomain, intervalDomain } from './intervals.ts';
import { type LanguageDomain, languageDomain } from './languages.ts';
import { type ListDomain, listDomain } from './lists/list-domain.ts';
import { anyOf, type ByteRange, type Item, itemsOf, literal } from './pattern-automaton.ts';

/** What policies ask of requests that makes them to be told apart in more ways. */
export interface SpaceOptions {
  /** A condition looks at `:authority` as it was sent, with its capitals. */
  readonly caseOfHost: boolean;
  /** A condition looks at `:path` with its query. */
  readonly wholePath: boolean;
  /** A condition looks at paths as Calico normalises them: then only those count that are the same to everybody. */
  readonly plainPaths: boolean;
  /** How many pairs of addresses two workloads have at most. */
  readonly routes: number;
  /** Facts of many values that are asked about, such as headers. */
  readonly lists?: readonly AskedList[];
  readonly effort?: Effort;
}

/** What is asked of a fact of many values. */
export interface AskedList {
  readonly fact: TextFact;
  readonly conditions: readonly (readonly TextPattern[])[];
  /** Names the rule of a condition that is one too many. */
  at?(condition: readonly TextPattern[], met: BoundMet): BoundMet;
}

/** Transports as bits of a mask. */
export const transport = { http: 1, tcp: 2, udp: 4, sctp: 8 } as const;

/** IP protocol numbers of the transports. */
export const ipProtocolOf: readonly (readonly [transport: number, protocol: number])[] = [
  [transport.http, 6],
  [transport.tcp, 6],
  [transport.udp, 17],
  [transport.sctp, 132],
];

/** The variables, each a number of the diagrams. */
export interface RequestSpace {
  readonly diagrams: Diagrams;
  readonly options: SpaceOptions;
  /** Bit 1: the caller shows its certificate; bit 2: it shows none. */
  readonly mtls: number;
  /** Which pair of addresses, a bit each. */
  readonly route: number;
  readonly transport: number;
  readonly port: Variable<IntervalDomain>;
  readonly method: Variable<LanguageDomain>;
  readonly host: Variable<LanguageDomain>;
  /** With its query where a condition looks at it whole. */
  readonly path: Variable<LanguageDomain>;
  /** Where the path without its query matches one of the patterns. */
  pathsWhere(any: readonly TextPattern[]): number;
  readonly sourcePort: Variable<IntervalDomain>;
  /** Kept as `=` and the name, or the empty text where there is none. */
  readonly sni: Variable<LanguageDomain>;
  /** The client's address as X-Forwarded-For tells it, in bits (`addresses.ts`). */
  readonly remote: Variable<LanguageDomain>;
  /** Facts of many values, by variable, in the order of their names. */
  readonly lists: ReadonlyMap<number, ListVariable>;
  /** The variable of a fact of many values; undefined if nothing is asked of it. */
  listOf(fact: TextFact): ListVariable | undefined;
}

/** A variable whose values are the lists of values of a fact. */
export interface ListVariable extends Variable<ListDomain> {
  readonly fact: TextFact;
}

/** A variable of its own domain. */
export interface Variable<D extends Domain> {
  readonly id: number;
  readonly domain: D;
}

const upTo = (...cuts: readonly number[]): ByteRange[] => {
  const out: ByteRange[] = [];
  for (let i = 0; i < cuts.length; i += 2) out.push([cuts[i]!, cuts[i + 1]!]);
  return out;
};

/** Bytes of a method (RFC 9110 token). */
const tokenBytes = upTo(33, 33, 35, 39, 42, 43, 45, 46, 48, 57, 65, 90, 94, 122, 124, 124, 126, 126);
const visible = upTo(33, 126, 128, 255);
const visibleLower = upTo(33, 64, 91, 126, 128, 255);
/** Without `?` and `#`, which end a path. */
const pathBytes = upTo(33, 34, 36, 62, 64, 126, 128, 255);

const some = (bytes: readonly ByteRange[]): Item[] => [{ bytes }, anyOf(bytes)];
const slash = literal('/');

/** Creates the space. */
export function createRequestSpace(options: SpaceOptions): RequestSpace {
  const { effort = anyEffort } = options;
  const diagrams = new Diagrams(effort);
  const variable = <D extends Domain>(domain: D): Variable<D> => ({ id: diagrams.addVariable(domain), domain });
  const two = maskDomain(2);
  const mtls = variable(two).id;
  const route = variable(maskDomain(options.routes)).id;
  const kinds = variable(maskDomain(4)).id;
  const port = variable(intervalDomain(1, 65_535));
  const method = variable(languageDomain({ universe: [some(tokenBytes)], effort }));
  const host = variable(
    languageDomain(
      options.caseOfHost
        ? { universe: [some(visible)], letters: 'both', effort }
        : { universe: [some(visibleLower)], letters: 'lower', effort },
    ),
  );
  const { domain: ofPaths, pathsWhere } = pathVariable(options);
  const path = variable(ofPaths);
  const sourcePort = variable(intervalDomain(1, 65_535));
  const sni = variable(
    languageDomain({
      universe: [[], [...literal('='), ...some(visibleLower)]],
      effort,
      kept: (runs) => runs.map((run) => [...literal('='), ...run]),
    }),
  );
  const remote = variable(addressLanguage());
  const lists = inOrder(options.lists ?? []).map(({ fact, conditions, at }): ListVariable => {
    const texts = languageDomain({ universe: [[anyOf(fact.of === 'header' ? headerBytes : undefined)]], effort });
    return { ...variable(listDomain({ texts, conditions, isSingle: isSingle(fact), effort }, at)), fact };
  });
  const byName = new Map(lists.map((one) => [nameOfFact(one.fact), one]));
  return {
    ...{ diagrams, options, mtls, route, transport: kinds, port, method, host, path, pathsWhere },
    ...{ sourcePort, sni, remote },
    lists: new Map(lists.map((one) => [one.id, one])),
    listOf: (fact) => byName.get(nameOfFact(fact)),
  };
}

/** `host` is another name of `:authority`. */
export const isHostHeader = (name: string): boolean => name === ':authority' || name === 'host';

/** Bytes that a header's value may hold (RFC 9110 section 5.5). */
const headerBytes = upTo(9, 9, 32, 126, 128, 255);

/** A token has one issuer and one subject (RFC 7519 section 4.1), a request one scheme. */
const isSingle = (fact: TextFact): boolean =>
  (fact.of === 'claim' && fact.path.length === 1 && ['iss', 'sub'].includes(fact.path[0]!)) ||
  (fact.of === 'header' && fact.name.startsWith(':'));

function inOrder(lists: readonly AskedList[]): readonly AskedList[] {
  const named = lists.map((list) => ({ list, name: nameOfFact(list.fact) }));
  return named.sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ list }) => list);
}

/** Where a path ends and a query begins, the path is over. */
const afterPath: readonly (readonly Item[])[] = [[], [...literal('?'), anyOf(visible)]];
const withQuery = (runs: readonly (readonly Item[])[]): Item[][] =>
  runs.flatMap((run) => afterPath.map((rest) => [...run, ...rest]));

function pathVariable({ wholePath, plainPaths, effort = anyEffort }: SpaceOptions) {
  const universe = [[...slash, anyOf(pathBytes)]];
  const all = languageDomain({ universe: wholePath ? withQuery(universe) : universe, effort });
  const domain = plainPaths ? plain(all) : all;
  const pathsWhere = (any: readonly TextPattern[]): number =>
    wholePath
      ? domain.ofItems(
          withQuery(
            within(
              any.flatMap((pattern) => itemsOf(pattern, 'asIs')),
              pathBytes,
            ),
          ),
        )
      : domain.ofPatterns(any);
  return { domain, pathsWhere };
}

/** Runs whose bytes are none but these. */
function within(runs: readonly (readonly Item[])[], bytes: readonly ByteRange[]): Item[][] {
  const cut = (ranges: readonly ByteRange[]): ByteRange[] =>
    ranges.flatMap(([lo, hi]) =>
      bytes.flatMap(([from, to]): ByteRange[] =>
        Math.max(lo, from) > Math.min(hi, to) ? [] : [[Math.max(lo, from), Math.min(hi, to)]],
      ),
    );
  return runs.map((run) => run.map((item) => ({ ...item, bytes: cut(item.bytes) })));
}

/** The same domain, of paths alone that nobody reads as others: no escapes, parameters, backslashes, empty or dot segments. */
function plain(domain: LanguageDomain): LanguageDomain {
  const has = (text: string): number => domain.ofItems([[anyOf(), ...literal(text), anyOf()]]);
  const endsIn = (text: string): number => domain.ofItems([[anyOf(), ...literal(text)]]);
  const outside = [...['%', ';', '\\', '//', '/./', '/../'].map(has), ...['/.', '/..'].map(endsIn)];
  const full = outside.reduce((left, each) => domain.minus(left, each), domain.full);
  return {
    ...domain,
    full,
    ofItems: (runs) => domain.and(domain.ofItems(runs), full),
    ofPatterns: (patterns) => domain.and(domain.ofPatterns(patterns), full),
    ofAutomaton: (automaton) => domain.and(domain.ofAutomaton(automaton), full),
  };
}
