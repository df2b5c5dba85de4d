/**
 * The truth of a condition where only the two ends of a connection are known: `unknown` is what hangs on more than that.
 * @module
 */
import { ipInRange, parseCidr, unmapped, unmappedRange } from '../../../lib/ip-address.ts';
import type { Facts } from '../../facts.ts';
import { no, not, type Truth, unknown, yes } from '../../meaning/absence.ts';
import type { Judge, RegistryAtom } from '../../meaning/registry-atom.ts';
import type { Absence, Atom, Expr } from '../../model.ts';

/** A connection between two pods. */
export interface Occasion {
  /** With both addresses and the caller's name; nothing else in it is asked for. */
  readonly facts: Facts;
  /** Undefined: any port that no condition names, alone or in a small range. */
  readonly port: number | undefined;
  readonly protocol: 'http' | 'tcp';
  readonly absence: Absence;
  readonly judgeOf: (atom: RegistryAtom) => Judge;
}

/** So many ports of a range are looked at one by one. */
export const FEW_PORTS = 16;
const MOST_PORT = 65_535;

/** Tells whether a condition holds, of requests that have a path. */
export function truthOf(expr: Expr, occasion: Occasion): Truth {
  switch (expr.op) {
    case 'all':
      return strongest(expr.of, occasion, no, yes);
    case 'any':
      return strongest(expr.of, occasion, yes, no);
    case 'not':
      return not(truthOf(expr.of, occasion));
    default:
      return truthOfAtom(expr, occasion);
  }
}

function strongest(parts: readonly Expr[], occasion: Occasion, decides: Truth, otherwise: Truth): Truth {
  let result = otherwise;
  for (const part of parts) {
    const truth = truthOf(part, occasion);
    if (truth === decides) return decides;
    if (truth === unknown) result = unknown;
  }
  return result;
}

function truthOfAtom(atom: Atom, occasion: Occasion): Truth {
  const { facts, port } = occasion;
  switch (atom.op) {
    case 'text':
      return occasion.protocol === 'http' && isAnyPath(atom) ? yes : unknown;
    case 'address':
      return atom.fact === 'remote' ? unknown : addressTruth(atom, facts);
    case 'port':
      return atom.fact === 'sourcePort' ? unknown : portTruth(atom, port);
    case 'protocol':
      return atom.any.includes(facts.ipProtocol) ? yes : no;
    case 'endpoint':
      return occasion.judgeOf(atom)(facts);
    case 'namedPort':
      if (atom.end === 'source') return unknown;
      return port === undefined ? no : occasion.judgeOf(atom)({ ...facts, destinationPort: port });
    default:
      return identityTruth(atom, occasion);
  }
}

/** A guard before the planes sees to it that there is a path. */
const isAnyPath = ({ fact, any }: Extract<Atom, { op: 'text' }>): boolean =>
  fact.of === 'path' &&
  any.some((pattern) => pattern.is === 'prefix' && (pattern.value === '/' || pattern.value === ''));

function addressTruth({ fact, any, unmap }: Extract<Atom, { op: 'address' }>, facts: Facts): Truth {
  const address = fact === 'source' ? facts.sourceAddress : facts.destinationAddress;
  if (address === undefined) return unknown;
  const bytes = unmap === true ? unmapped(address.bytes) : address.bytes;
  const holds = any.some(({ text }) => {
    const range = parseCidr(text);
    return range !== undefined && ipInRange(bytes, unmap === true ? unmappedRange(range) : range);
  });
  return holds ? yes : no;
}

function portTruth({ any }: Extract<Atom, { op: 'port' }>, port: number | undefined): Truth {
  if (port !== undefined) return any.some(({ from, to }) => port >= from && port <= to) ? yes : no;
  if (any.some(({ from, to }) => from <= 1 && to >= MOST_PORT)) return yes;
  return any.some(({ from, to }) => to - from >= FEW_PORTS) ? unknown : no;
}

/** The name that Envoy itself shows is mostly the workload's, but need not be. */
function identityTruth(atom: Extract<Atom, { op: 'identity' }>, { facts, absence, judgeOf }: Occasion): Truth {
  const truth = judgeOf(atom)(facts);
  if (atom.end === 'source') return truth;
  return truth === yes && absence === 'upstream' ? yes : unknown;
}
