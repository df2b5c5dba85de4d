/**
 * Compiles conditions to closures over facts: boolean where absence is read as upstream reads it, three-valued where it is strict.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import { assertNever } from '../../../lib/assert-never.ts';
import { ipInRange, parseCidr, unmapped, unmappedRange } from '../../../lib/ip-address.ts';
import type { Facts } from '../../facts.ts';
import { isUnknownWhenAbsent, no, not, type Truth, unknown, yes } from '../../meaning/absence.ts';
import { addressReader, isAbsent, readerOf } from '../../meaning/fact-values.ts';
import type { ConditionContext, Judge } from '../../meaning/registry-atom.ts';
import type { Atom, Expr } from '../../model.ts';
import { compileTextPatterns } from './text-pattern.ts';

/** Tells whether a condition holds for a request. */
export type Holds = (facts: Facts) => boolean;

/**
 * Compiles a condition.
 *
 * @param unknownHolds  what an unknown outcome counts as; only `strict` and the registry have one
 * @throws GatehouseError `policy_invalid` for a range that is not a CIDR, or a condition on the registry without one
 */
export function compileCondition(expr: Expr, context: ConditionContext, unknownHolds: boolean): Holds {
  if (context.absence === 'upstream' && !asksRegistry(expr)) return compileBoolean(expr);
  const judge = compileTruth(expr, context);
  return unknownHolds ? (facts) => judge(facts) !== no : (facts) => judge(facts) === yes;
}

/** Tells whether a condition depends on the registry. */
function asksRegistry(expr: Expr): boolean {
  if (expr.op === 'all' || expr.op === 'any') return expr.of.some(asksRegistry);
  if (expr.op === 'not') return asksRegistry(expr.of);
  return expr.op === 'endpoint' || expr.op === 'identity' || expr.op === 'namedPort';
}

function compileBoolean(expr: Expr): Holds {
  switch (expr.op) {
    case 'all':
      return allOf(expr.of.map(compileBoolean));
    case 'any':
      return anyOf(expr.of.map(compileBoolean));
    case 'not': {
      const inner = compileBoolean(expr.of);
      return (facts) => !inner(facts);
    }
    default:
      return compileAtom(expr);
  }
}

function allOf(parts: readonly Holds[]): Holds {
  const [a, b, c, ...rest] = parts;
  if (a === undefined) return () => true;
  if (b === undefined) return a;
  if (c === undefined) return (facts) => a(facts) && b(facts);
  if (rest.length === 0) return (facts) => a(facts) && b(facts) && c(facts);
  return (facts) => {
    for (const part of parts) if (!part(facts)) return false;
    return true;
  };
}

function anyOf(parts: readonly Holds[]): Holds {
  const [a, b] = parts;
  if (a === undefined) return () => false;
  if (b === undefined) return a;
  return (facts) => {
    for (const part of parts) if (part(facts)) return true;
    return false;
  };
}

/** Compiles an atom that reads the request alone; absent facts make it false. */
function compileAtom(atom: Atom): Holds {
  switch (atom.op) {
    case 'text':
      return compileText(atom);
    case 'address': {
      const written = atom.any.map(({ text }) => rangeOf(text));
      const ranges = atom.unmap === true ? written.map(unmappedRange) : written;
      const read = addressReader(atom.fact);
      const bytesOf = atom.unmap === true ? unmapped : (bytes: Uint8Array) => bytes;
      return (facts) => {
        const address = read(facts);
        if (address === undefined) return false;
        const bytes = bytesOf(address.bytes);
        return ranges.some((range) => ipInRange(bytes, range));
      };
    }
    case 'port': {
      const { any, fact } = atom;
      return (facts) => any.some(({ from, to }) => facts[fact] >= from && facts[fact] <= to);
    }
    case 'protocol':
      return (facts) => atom.any.includes(facts.ipProtocol);
    case 'endpoint':
    case 'identity':
    case 'namedPort':
      throw new GatehouseError(
        'policy_invalid',
        `a condition on the registry (${atom.op}) needs a registry: configure registry.paths`,
      );
    default:
      return assertNever(atom);
  }
}

function compileText(atom: Extract<Atom, { op: 'text' }>): Holds {
  const test = compileTextPatterns(atom.any);
  const { one, many } = readerOf(atom.fact);
  if (one !== undefined) {
    return (facts) => {
      const value = one(facts);
      return value !== undefined && test(value);
    };
  }
  return (facts) => {
    const values = many(facts);
    for (let i = 0; i < values.length; i++) if (test(values[i]!)) return true;
    return false;
  };
}

function rangeOf(text: string) {
  const range = parseCidr(text);
  if (range === undefined) throw new GatehouseError('policy_invalid', `${JSON.stringify(text)} is not a CIDR range`);
  return range;
}

/** Compiles to three values; an atom on an absent fact is unknown under `strict` (`absence.ts`). */
function compileTruth(expr: Expr, context: ConditionContext): Judge {
  switch (expr.op) {
    case 'all': {
      const parts = expr.of.map((part) => compileTruth(part, context));
      return (facts) => strongest(parts, facts, no, yes);
    }
    case 'any': {
      const parts = expr.of.map((part) => compileTruth(part, context));
      return (facts) => strongest(parts, facts, yes, no);
    }
    case 'not': {
      const inner = compileTruth(expr.of, context);
      return (facts) => not(inner(facts));
    }
    case 'endpoint':
    case 'identity':
    case 'namedPort':
      if (context.registryAtom !== undefined) return context.registryAtom(expr);
      break;
    default:
  }
  const holds = compileAtom(expr);
  if (context.absence === 'upstream' || !isUnknownWhenAbsent(expr)) return (facts) => (holds(facts) ? yes : no);
  return (facts) => (isAbsent(expr, facts) ? unknown : holds(facts) ? yes : no);
}

/** Kleene's conjunction (`decides` = no) or disjunction (`decides` = yes). */
function strongest(parts: readonly Judge[], facts: Facts, decides: Truth, otherwise: Truth): Truth {
  let result = otherwise;
  for (const part of parts) {
    const truth = part(facts);
    if (truth === decides) return decides;
    if (truth === unknown) result = unknown;
  }
  return result;
}
