/**
 * The tree that Envoy walks for each request: what it looks at, what it holds against it, and what it does then.
 *
 * Nothing found in a subtree is nothing found at all: the search goes on with the next shorter prefix, the next item, `otherwise`, and
 * the ancestors' alternatives. So a rule is filed once for each of its keys, and nothing is copied downwards.
 * @module
 */

/**
 * What a request is looked at for:
 * - `uri`, `dns`, `subject`: the caller's certificate; several names of a kind are joined by commas. Only asked for where the connection
 *   is TLS: without it Envoy gives up the whole search, and denies.
 * - `path`: without its query, which a filter before the tree puts into `gh.path`.
 * - `port`, `destinationIp`, `sourceIp`: of the connection itself, as text.
 * - `remoteIp`: of the client, as the Envoy of a gateway takes it from X-Forwarded-For by the hops that it trusts.
 * - `sni`: the name of the server that the caller asked TLS for, lower-case; absent where no listener filter looks for it.
 * - `header:<name>`: pseudo-headers too; several lines are joined by commas.
 * - `state:<key>`: what another filter has put into the filter state.
 * - `token:<path>`: what jwt_authn has found, by a JSON list of keys: a string, or the strings of a list. No key of a map.
 */
export type Input =
  | 'uri'
  | 'dns'
  | 'subject'
  | 'path'
  | 'port'
  | 'sourceIp'
  | 'remoteIp'
  | 'destinationIp'
  | 'sni'
  | `header:${string}`
  | `state:${string}`
  | `token:${string}`;

/** Method and path, without its query, in one text; a filter before the tree puts it there. */
export const REQUEST = 'state:gh.request';

/** The text of a request; no part of HTTP holds the byte between the two. */
export const requestText = (method: string, path: string): string => `${method}\n${path}`;

/** A test of one value; false where there is none. Values are byte strings of valid UTF-8. */
export type Test =
  | { readonly is: 'exact'; readonly value: string; readonly ignoreCase?: boolean }
  /** The value is not empty. */
  | { readonly is: 'prefix' | 'suffix' | 'contains'; readonly value: string; readonly ignoreCase?: boolean }
  /** RE2 that JavaScript reads alike, but for `\C`: any byte. Matches the whole value. */
  | { readonly is: 'regex'; readonly source: string }
  | { readonly is: 'ranges'; readonly cidrs: readonly string[] };

/** What an item of a list asks; `all` and `any` hold two parts at least. */
export type Predicate =
  | { readonly op: 'test'; readonly input: Input; readonly test: Test }
  | { readonly op: 'all' | 'any'; readonly of: readonly Predicate[] }
  | { readonly op: 'not'; readonly of: Predicate };

/** Ends the search. Names begin with `n:` where Envoy decides, with `ask:` where it asks, which is an allow. */
export interface Action {
  readonly is: 'action';
  readonly name: string;
  readonly effect: 'allow' | 'deny' | 'log';
}

/** Looks a value up. A prefix of no bytes takes every value that is there. */
export interface MapNode {
  readonly is: 'exact' | 'prefix';
  readonly input: Input;
  /** By key, in the order of keys. Not empty. */
  readonly entries: ReadonlyMap<string, Node>;
  readonly otherwise: Node | undefined;
}

/** Tries items in order. */
export interface ListNode {
  readonly is: 'list';
  /** Not empty. */
  readonly items: readonly Item[];
  readonly otherwise: Node | undefined;
}

/** One item of a list. */
export interface Item {
  readonly when: Predicate;
  readonly leadsTo: Node;
}

export type Node = Action | MapNode | ListNode;

/** A node but for what stands behind it. */
export type Part = Action | Omit<MapNode, 'otherwise'> | Omit<ListNode, 'otherwise'>;

/** Something to test that always holds, where whatever is asked: either it holds or it does not. */
export const tautology: Predicate = {
  op: 'any',
  of: [
    { op: 'test', input: 'port', test: { is: 'exact', value: '0' } },
    { op: 'not', of: { op: 'test', input: 'port', test: { is: 'exact', value: '0' } } },
  ],
};

/** More parts than this stand side by side: behind each other each would be deeper than the last. */
const MOST_BEHIND = 6;

/** Puts parts behind each other: what one of them does not find the next one is asked for. An action ends the chain. */
export function chain(parts: readonly Part[]): Node | undefined {
  const some: Exclude<Part, Action>[] = [];
  let last: Action | undefined;
  for (const part of parts) {
    if (part.is !== 'action') some.push(part);
    else {
      last = part;
      break;
    }
  }
  if (some.length > MOST_BEHIND) {
    const items = some.map((part) => ({ when: tautology, leadsTo: { ...part, otherwise: undefined } }));
    return { is: 'list', items, otherwise: last };
  }
  let node: Node | undefined = last;
  for (const part of some.toReversed()) node = { ...part, otherwise: node };
  return node;
}
