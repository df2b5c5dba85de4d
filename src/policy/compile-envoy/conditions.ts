/**
 * What a condition comes to in a tree. What no tree can say is widened: it counts as holding, and whoever uses it asks.
 * @module
 */
import { isUnknownWhenAbsent } from '../meaning/absence.ts';
import type { Absence, Atom, Expr } from '../model.ts';
import { type ClientContext, clientIn } from './client-address.ts';
import { type TextValues, textValues } from './text-values.ts';
import type { TokenContext } from './tokens/token-context.ts';
import { allOf, anyOf, isPresent, literal, notOf, type Said, testOf } from './tree/predicates.ts';
import type { Input, Predicate } from './tree/tree.ts';

/** What the meaning of a condition in a tree depends on. */
export interface SayContext extends ClientContext {
  readonly absence: Absence;
  /** Whether an unknown condition counts as holding; only `strict` has one. */
  readonly unknownHolds: boolean;
  readonly trustDomains: readonly string[];
  /** False: of callers who showed no certificate. */
  readonly isNamed: boolean;
  readonly tokens: TokenContext;
  /** In what respect requests are known to be plain (`plain-requests.ts`); absent: in none. */
  readonly plain?: ReadonlySet<'remote' | 'sni'>;
}

/** What a condition reads, which the guards before the rules must know. */
export interface Uses {
  readonly inputs: Set<Input>;
  readsNamespaces: boolean;
  /** What could not be said, and so was widened. */
  readonly unsayable: Set<string>;
}

/** Nothing used yet. */
export const noUses = (): Uses => ({ inputs: new Set(), readsNamespaces: false, unsayable: new Set() });

/** Translates a condition; `uses` learns of what it reads. */
export function sayCondition(expr: Expr, context: SayContext, uses: Uses, negated = false): Said {
  switch (expr.op) {
    case 'all':
    case 'any': {
      const parts = expr.of.map((part) => sayCondition(part, context, uses, negated));
      return (expr.op === 'all') === negated ? anyOf(parts) : allOf(parts);
    }
    case 'not':
      return sayCondition(expr.of, context, uses, !negated);
    default:
      return sayAtom(expr, context, uses, negated);
  }
}

type TextAtom = Extract<Atom, { op: 'text' }>;

/** The values of a text or port that is asked for as it stands, so that rules can be filed by them; undefined if they cannot. */
export function keysOf(atom: Atom, context: SayContext): TextValues | undefined {
  const { absence, unknownHolds } = context;
  if (absence === 'strict' && unknownHolds && isUnknownWhenAbsent(atom)) return undefined;
  if (atom.op === 'port') {
    const exact = portTexts(atom);
    if (exact === undefined) return undefined;
    return { input: 'port', exact, prefixes: [], tests: [], present: isPresent('port'), readsNamespaces: false };
  }
  if (atom.op !== 'text' || isNever(atom, context)) return undefined;
  const values = textValues(atom, context);
  return 'field' in values || values.exact.length + values.prefixes.length === 0 ? undefined : values;
}

/** More texts than this are one regular expression: the input is written once, and looked at once. */
const MOST_TESTS = 3;

/** Any of the values. */
export function valuesHold({ input, exact, prefixes, tests }: TextValues): Said {
  const oneOf = (is: 'exact' | 'prefix', values: readonly string[], tail: string): readonly Predicate[] =>
    values.length > MOST_TESTS
      ? [testOf(input, { is: 'regex', source: `(?:${values.map(literal).join('|')})${tail}` })]
      : values.map((value) => testOf(input, { is, value }));
  return anyOf([...oneOf('exact', exact, ''), ...oneOf('prefix', prefixes, '\\C*'), ...tests]);
}

function note(uses: Uses, { input, readsNamespaces }: TextValues): void {
  uses.inputs.add(input);
  uses.readsNamespaces ||= readsNamespaces;
}

function sayAtom(atom: Atom, context: SayContext, uses: Uses, negated: boolean): Said {
  switch (atom.op) {
    case 'text':
      return sayTextAtom(atom, context, uses, negated);
    case 'port':
      return sayPort(atom, context, uses, negated);
    case 'address':
      return sayAddress(atom, context, uses, negated);
    default:
      return widened(uses, `${atom.op}`);
  }
}

function widened(uses: Uses, field: string): Said {
  uses.unsayable.add(field);
  return 'always';
}

/** Who shows no certificate has no name, on a TCP connection there is nothing of HTTP, and where no token is verified there are no claims. */
function isNever(atom: TextAtom, { protocol, isNamed, tokens }: SayContext): boolean {
  const { of } = atom.fact;
  if (of === 'peerName') return !isNamed;
  return (of === 'claim' && !tokens.hasClaims) || (protocol === 'tcp' && of !== 'sni' && of !== 'metadata');
}

function sayTextAtom(atom: TextAtom, context: SayContext, uses: Uses, negated: boolean): Said {
  if (isNever(atom, context)) return readAbsence('never', 'never', { atom, context, negated });
  const values = textValues(atom, context);
  if ('field' in values) return widened(uses, values.field);
  note(uses, values);
  return readAbsence(valuesHold(values), values.present, { atom, context, negated });
}

/** A condition that holds by `said`, which is false where the fact is absent, as absence is to be read (`meaning/absence.ts`). */
function readAbsence(
  said: Said,
  present: Said,
  { atom, context, negated }: { readonly atom: Atom; readonly context: SayContext; readonly negated: boolean },
): Said {
  const made = negated ? notOf(said) : said;
  if (context.absence === 'upstream' || !isUnknownWhenAbsent(atom)) return made;
  return context.unknownHolds ? anyOf([made, notOf(present)]) : allOf([made, present]);
}

/** More ports than this in one condition are not written out. */
const MOST_PORTS = 256;

/** The ports of a condition as texts; undefined if no tree can say them. */
function portTexts(atom: Extract<Atom, { op: 'port' }>): readonly string[] | undefined {
  const count = atom.any.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  if (atom.fact === 'sourcePort' || count > MOST_PORTS) return undefined;
  return atom.any.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => String(from + i)));
}

function sayPort(atom: Extract<Atom, { op: 'port' }>, context: SayContext, uses: Uses, negated: boolean): Said {
  const texts = portTexts(atom);
  if (texts === undefined)
    return widened(uses, atom.fact === 'sourcePort' ? 'source port' : `a range of more than ${MOST_PORTS} ports`);
  uses.inputs.add('port');
  const said = anyOf(texts.map((value) => testOf('port', { is: 'exact', value })));
  return readAbsence(said, isPresent('port'), { atom, context, negated });
}

function sayRemote(atom: Extract<Atom, { op: 'address' }>, context: SayContext, uses: Uses, negated: boolean): Said {
  if (context.plain?.has('remote') !== true || atom.unmap === true) return widened(uses, 'remote address');
  uses.inputs.add('sourceIp');
  const cidrs = atom.any.map(({ text }) => text);
  return readAbsence(clientIn(cidrs, context), isPresent('sourceIp'), {
    atom,
    context,
    negated,
  });
}

function sayAddress(atom: Extract<Atom, { op: 'address' }>, context: SayContext, uses: Uses, negated: boolean): Said {
  if (atom.fact === 'remote') return sayRemote(atom, context, uses, negated);
  if (atom.unmap === true) return widened(uses, `${atom.fact} address, mapped to IPv6 or not`);
  const input = atom.fact === 'source' ? 'sourceIp' : 'destinationIp';
  uses.inputs.add(input);
  const cidrs = atom.any.map(({ text }) => text);
  const said: Said = cidrs.length === 0 ? 'never' : testOf(input, { is: 'ranges', cidrs });
  return readAbsence(said, isPresent(input), { atom, context, negated });
}
