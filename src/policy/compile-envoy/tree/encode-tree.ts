/**
 * Writes trees as `xds.type.matcher.v3.Matcher`. What stands under a key of a large map is written once and kept as long as it lives.
 * @module
 */
import { any, bytesField, numberField } from './proto-bytes.ts';
import type { Action, Input, Item, Node, Predicate, Test } from './tree.ts';

/** The most messages inside each other that Envoy unpacks; it refuses a resource beyond that. */
export const MOST_NESTED = 100;

/** A message, and how many messages it holds inside each other, itself counted. */
interface Written {
  readonly bytes: string;
  readonly depth: number;
}

/** Writes a tree; `bytes` is the byte string of a `Matcher`. */
export function encodeTree(root: Node): Written {
  return root.is === 'action' ? message([3, onMatch(root)]) : matcher(root);
}

/** An entry of a large map, with its key. */
interface WrittenEntry extends Written {
  readonly key: string;
}

const entriesWritten = new WeakMap<Node, WrittenEntry>();

/** Entries of smaller maps lie inside of one that is kept. */
const LARGE = 32;

function entry(key: string, value: Node, isKept: boolean): Written {
  const known = isKept ? entriesWritten.get(value) : undefined;
  if (known?.key === key) return known;
  const { bytes, depth } = message([1, key], [2, onMatch(value)]);
  if (!isKept) return { bytes, depth };
  bytes.charCodeAt(0); // makes one string of its many parts, which the next tree would have to put together again
  const made = { key, bytes, depth };
  entriesWritten.set(value, made);
  return made;
}

function message(...fields: readonly (readonly [number: number, value: Written | string])[]): Written {
  let bytes = '';
  let depth = 0;
  for (const [number, value] of fields) {
    if (typeof value === 'string') bytes += bytesField(number, value);
    else {
      bytes += bytesField(number, value.bytes);
      depth = Math.max(depth, value.depth);
    }
  }
  return { bytes, depth: depth + 1 };
}

const onMatch = (node: Node): Written =>
  node.is === 'action' ? message([2, action(node)]) : message([1, matcher(node)]);

function matcher(node: Exclude<Node, Action>): Written {
  const fields: [number, Written][] = [];
  if (node.is === 'list') fields.push([1, message(...node.items.map((item) => [1, itemMessage(item)] as const))]);
  else {
    const isKept = node.entries.size > LARGE;
    const entries: [number, Written][] = [];
    for (const [key, value] of node.entries) entries.push([1, entry(key, value, isKept)]);
    fields.push([2, message([1, inputConfig(node.input)], [node.is === 'exact' ? 2 : 3, message(...entries)])]);
  }
  if (node.otherwise !== undefined) fields.push([3, onMatch(node.otherwise)]);
  return message(...fields);
}

const itemMessage = ({ when, leadsTo }: Item): Written => message([1, predicate(when)], [2, onMatch(leadsTo)]);

function predicate(asked: Predicate): Written {
  switch (asked.op) {
    case 'test':
      return message([1, singlePredicate(asked.input, asked.test)]);
    case 'not':
      return message([4, predicate(asked.of)]);
    default:
      return message([asked.op === 'any' ? 2 : 3, message(...asked.of.map((part) => [1, predicate(part)] as const))]);
  }
}

function singlePredicate(input: Input, test: Test): Written {
  if (input.startsWith('token:')) return message([1, inputConfig(input)], [3, metadataMatcher(test)]);
  if (test.is !== 'ranges') return message([1, inputConfig(input)], [2, stringMatcher(test)]);
  const ranges = test.cidrs.map((cidr) => {
    const [address = '', bits = ''] = cidr.split('/');
    return bytesField(1, bytesField(1, address) + bytesField(2, numberField(1, Number(bits))));
  });
  const ip = ranges.join('') + bytesField(2, 'gh');
  return message(
    [1, inputConfig(input)],
    [3, typed('envoy.extensions.matching.input_matchers.ip.v3.Ip', { bytes: ip, depth: 3 })],
  );
}

/** The string that is there, or any string of the list. */
function metadataMatcher(test: Test): Written {
  if (test.is === 'ranges') throw new TypeError('no claim is an address'); // nobody makes such a test
  const text = message([3, stringMatcher(test)]);
  const list = message([6, message([1, text])]);
  return typed(
    'envoy.extensions.matching.input_matchers.metadata.v3.Metadata',
    message([1, message([7, message([1, text], [1, list])])]),
  );
}

const stringFields = { exact: 1, prefix: 2, suffix: 3, contains: 7 } as const;

function stringMatcher(test: Exclude<Test, { is: 'ranges' }>): Written {
  if (test.is === 'regex') return message([5, message([1, ''], [2, test.source])]);
  const bytes = bytesField(stringFields[test.is], test.value) + (test.ignoreCase === true ? numberField(6, 1) : '');
  return { bytes, depth: 1 };
}

/** `envoy.config.rbac.v3.RBAC.Action`. */
const effectNumbers = { allow: 0, deny: 1, log: 2 } as const;

function action({ name, effect }: Action): Written {
  return typed('envoy.config.rbac.v3.Action', {
    bytes: bytesField(1, name) + numberField(2, effectNumbers[effect]),
    depth: 1,
  });
}

/** A `TypedExtensionConfig`; Envoy goes by the type and wants a name. */
function typed(type: string, { bytes, depth }: Written): Written {
  return { bytes: bytesField(1, 'a') + bytesField(2, any(type, bytes)), depth: depth + 2 };
}

const common = 'envoy.extensions.matching.common_inputs';

const inputTypes: Readonly<Record<Exclude<Input, `${string}:${string}` | 'path'>, string>> = {
  uri: `${common}.ssl.v3.UriSanInput`,
  dns: `${common}.ssl.v3.DnsSanInput`,
  subject: `${common}.ssl.v3.SubjectInput`,
  port: `${common}.network.v3.DestinationPortInput`,
  sourceIp: `${common}.network.v3.DirectSourceIPInput`,
  remoteIp: `${common}.network.v3.SourceIPInput`,
  destinationIp: `${common}.network.v3.DestinationIPInput`,
  sni: `${common}.network.v3.ServerNameInput`,
};

/** The namespace of what jwt_authn has found. */
export const JWT_METADATA = 'envoy.filters.http.jwt_authn';

/** Where the filter before the tree puts the path without its query. */
const PATH_STATE = 'gh.path';

const inputConfigs = new Map<Input, Written>();

function inputConfig(input: Input): Written {
  let known = inputConfigs.get(input);
  if (known === undefined) {
    known = makeInputConfig(input);
    inputConfigs.set(input, known);
  }
  return known;
}

function makeInputConfig(input: Input): Written {
  if (input.startsWith('header:'))
    return typed('envoy.type.matcher.v3.HttpRequestHeaderMatchInput', {
      bytes: bytesField(1, input.slice('header:'.length)),
      depth: 1,
    });
  if (input === 'path' || input.startsWith('state:')) {
    const key = input === 'path' ? PATH_STATE : input.slice('state:'.length);
    return typed(`${common}.network.v3.FilterStateInput`, { bytes: bytesField(1, key), depth: 1 });
  }
  if (input.startsWith('token:')) {
    const path = JSON.parse(input.slice('token:'.length)) as readonly string[]; // as tokenInput writes it
    const keys = path.map((key) => bytesField(2, bytesField(1, key))).join('');
    return typed(`${common}.network.v3.DynamicMetadataInput`, { bytes: bytesField(1, JWT_METADATA) + keys, depth: 2 });
  }
  const type = inputTypes[input as keyof typeof inputTypes]; // the two forms with a colon are gone
  return typed(type, { bytes: '', depth: 1 });
}
