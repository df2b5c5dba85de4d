/**
 * Addresses that are no pod's, in classes: those that lie in the same of all ranges that policies ask about.
 * @module
 */
import { parseCidr, unmappedRange } from '../../lib/ip-address.ts';
import { bitsOf, cidrOfBits } from '../regions/addresses.ts';

/** Addresses that no range tells apart. */
export interface OutsideClass {
  /** As few ranges as there can be. */
  readonly cidrs: readonly string[];
  /** One of them. */
  readonly address: string;
}

interface Node {
  readonly below: [Node | undefined, Node | undefined];
  readonly marks: Set<string>;
  isTaken: boolean;
}

const emptyNode = (): Node => ({ below: [undefined, undefined], marks: new Set(), isTaken: false });

/** IPv6 that holds IPv4: no packet has such an address. */
const MAPPED = '::ffff:0.0.0.0/96';

/**
 * Puts all addresses in classes. `taken` are those of pods; `ranges` tell addresses inside from those outside; those `avoided` are no
 * class's one address where there is another.
 */
export function outsideClasses(
  taken: Iterable<string>,
  ranges: Iterable<string>,
  avoided: ReadonlySet<string> = new Set(),
): readonly OutsideClass[] {
  const roots = { 4: emptyNode(), 6: emptyNode() };
  const nodeAt = (text: string): Node | undefined => {
    const range = parseCidr(text);
    if (range === undefined) return undefined;
    const bits = bitsOf(text === MAPPED ? range : unmappedRange(range));
    let node = bits.startsWith('4') ? roots[4] : roots[6];
    for (const bit of bits.slice(1)) node = node.below[bit === '0' ? 0 : 1] ??= emptyNode();
    return node;
  };
  for (const text of [...taken, MAPPED]) {
    const node = nodeAt(text);
    if (node !== undefined) node.isTaken = true;
  }
  for (const text of ranges) nodeAt(text)?.marks.add(text);
  const cells = new Map<string, string[]>();
  for (const [family, root] of Object.entries(roots)) collect(root, family, '', cells);
  return [...cells.values()].map((prefixes) => ({
    cidrs: prefixes.map(cidrOfBits),
    address: addressIn(prefixes, avoided),
  }));
}

/** Collects the prefixes of each signature; a node whose two halves are alike is one prefix. */
function collect(node: Node | undefined, prefix: string, around: string, cells: Map<string, string[]>): void {
  const emit = (signature: string, at: string): void => {
    const cell = cells.get(signature) ?? [];
    cells.set(signature, cell);
    cell.push(at);
  };
  const TAKEN = '!';
  const walk = (one: Node | undefined, at: string, outer: string): string | undefined => {
    if (one === undefined) return outer;
    if (one.isTaken) return TAKEN;
    const own = one.marks.size === 0 ? outer : `${outer} ${[...one.marks].sort().join(' ')}`;
    if (one.below[0] === undefined && one.below[1] === undefined) return own;
    const [left, right] = [walk(one.below[0], `${at}0`, own), walk(one.below[1], `${at}1`, own)];
    if (left === right && left !== undefined) return left;
    if (left !== undefined && left !== TAKEN) emit(left, `${at}0`);
    if (right !== undefined && right !== TAKEN) emit(right, `${at}1`);
    return undefined;
  };
  const whole = walk(node, prefix, around);
  if (whole !== undefined && whole !== TAKEN) emit(whole, prefix);
}

/** Addresses of documentation (RFC 5737) say best that they are anybody's. */
const KNOWN = ['203.0.113.9', '198.51.100.9', '192.0.2.9', '8.8.8.8'];

function addressIn(prefixes: readonly string[], avoided: ReadonlySet<string>): string {
  const known = KNOWN.find((address) => {
    const bits = bitsOf(parseCidr(address)!);
    return prefixes.some((prefix) => bits.startsWith(prefix)) && !avoided.has(address);
  });
  if (known !== undefined) return known;
  const inOrder = prefixes.toSorted((a, b) => Number(b.startsWith('4')) - Number(a.startsWith('4')));
  const some = inOrder.flatMap((prefix) => [withEnd(prefix, '0', '1'), withEnd(prefix, '1', '0')]);
  return some.find((address) => !avoided.has(address)) ?? some[0]!; // a class has a prefix at least
}

/** The address of a prefix whose other bits are `fill`, but for the last one. */
function withEnd(prefix: string, fill: string, last: string): string {
  const width = prefix.startsWith('4') ? 33 : 129;
  const bits = prefix.length < width ? `${prefix}${fill.repeat(width - prefix.length - 1)}${last}` : prefix;
  return cidrOfBits(bits).replace(/\/\d+$/, '');
}
