/**
 * The truth of one condition for one request, and the clauses that make it so.
 * @module
 */
import { ipInRange, parseCidr, unmapped, unmappedRange } from '../../lib/ip-address.ts';
import type { Facts } from '../facts.ts';
import { isUnknownWhenAbsent, no, not, type Truth, unknown, yes } from '../meaning/absence.ts';
import { addressReader, isAbsent, valuesOf } from '../meaning/fact-values.ts';
import type { RegistryAtom } from '../meaning/registry-atom.ts';
import type { Atom, Expr } from '../model.ts';
import { matches } from './plain-match.ts';
import type { Scene } from './scene.ts';
import type { ClauseTrace } from './trace.ts';

/** The truth of a condition (Kleene's logic; unknown only under `strict` or from the registry). */
export function truthOf(expr: Expr, scene: Scene): Truth {
  switch (expr.op) {
    case 'all': {
      const parts = expr.of.map((part) => truthOf(part, scene));
      return parts.includes(no) ? no : parts.includes(unknown) ? unknown : yes;
    }
    case 'any': {
      const parts = expr.of.map((part) => truthOf(part, scene));
      return parts.includes(yes) ? yes : parts.includes(unknown) ? unknown : no;
    }
    case 'not':
      return not(truthOf(expr.of, scene));
    default:
      return truthOfAtom(expr, scene);
  }
}

function truthOfAtom(atom: Atom, { facts, absence, registry }: Scene): Truth {
  if (atom.op === 'endpoint' || atom.op === 'identity' || atom.op === 'namedPort')
    return registry.registryAtom(atom)(facts);
  if (absence === 'strict' && isUnknownWhenAbsent(atom) && isAbsent(atom, facts)) return unknown;
  switch (atom.op) {
    case 'text':
      return valuesOf(atom.fact, facts).some((value) => atom.any.some((pattern) => matches(pattern, value))) ? yes : no;
    case 'address': {
      const address = addressReader(atom.fact)(facts);
      if (address === undefined) return no;
      const ranges = atom.any.map(({ text }) => parseCidr(text)!);
      const held =
        atom.unmap === true
          ? ranges.some((range) => ipInRange(unmapped(address.bytes), unmappedRange(range)))
          : ranges.some((range) => ipInRange(address.bytes, range));
      return held ? yes : no;
    }
    case 'port':
      return atom.any.some(({ from, to }) => facts[atom.fact] >= from && facts[atom.fact] <= to) ? yes : no;
    default:
      return atom.any.includes(facts.ipProtocol) ? yes : no;
  }
}

/**
 * The clauses that keep a condition from holding (`met` false), or that make it so (`met` true). Of several
 * alternatives the one with the fewest.
 */
export function clauses(expr: Expr, negated: boolean, met: boolean, scene: Scene): ClauseTrace[] {
  if (expr.op === 'not') return clauses(expr.of, !negated, met, scene);
  if (expr.op !== 'all' && expr.op !== 'any') {
    const holds = (truthOf(expr, scene) === yes) !== negated;
    return holds === met ? [clauseOf(expr, negated, scene)] : [];
  }
  const parts = expr.of.map((part) => clauses(part, negated, met, scene));
  const together = (expr.op === 'all') !== negated; // every part counts, or any one would do
  if (together) return parts.flat();
  const holding = expr.of.filter((part) => (truthOf(part, scene) === yes) !== negated);
  const some = met ? parts.filter((_, i) => holding.includes(expr.of[i]!)) : parts;
  return some.toSorted((a, b) => a.length - b.length)[0] ?? [];
}

function clauseOf(atom: Atom, negated: boolean, scene: Scene): ClauseTrace {
  const clause = { atom, negated, values: shownValues(atom, scene.facts) };
  return atom.op === 'endpoint' || atom.op === 'identity' || atom.op === 'namedPort'
    ? { ...clause, found: foundOf(atom, scene) }
    : clause;
}

/** What the registry knows of that end of the request. */
function foundOf({ op, end }: RegistryAtom, { facts, registry }: Scene): readonly string[] {
  const isSource = end === 'source';
  const principal = isSource ? facts.sourcePrincipal : facts.destinationPrincipal;
  if (op === 'namedPort') {
    const port = isSource ? facts.sourcePort : facts.destinationPort;
    return port < 0 ? [] : [String(port)];
  }
  if (op === 'identity') {
    const account = registry.accountOf(principal);
    return account === undefined ? [] : [`${account.namespace}/${account.serviceAccount}`];
  }
  const address = isSource ? facts.sourceAddress : facts.destinationAddress;
  const pods = registry.isBehindHop(address) ? registry.endpointsNamed(principal) : registry.endpointsAt(address);
  return (pods ?? []).map(({ namespace, name, labels }) => {
    const shown = labels.map(([key, value]) => `${key}=${value}`).join(', ');
    return `${namespace}/${name} (${shown === '' ? 'no labels' : shown})`;
  });
}

function shownValues(atom: Atom, facts: Facts): readonly string[] {
  switch (atom.op) {
    case 'text':
      return valuesOf(atom.fact, facts);
    case 'address': {
      const address = addressReader(atom.fact)(facts);
      return address === undefined ? [] : [address.text];
    }
    case 'port':
      return facts[atom.fact] < 0 ? [] : [String(facts[atom.fact])];
    case 'protocol':
      return [String(facts.ipProtocol)];
    default:
      return [];
  }
}
