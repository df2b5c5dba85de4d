/**
 * Keys under which a rule can be indexed: what a request must hit if an atom is to hold.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import { lowerAscii } from '../../../lib/byte-string.ts';
import { type IpRange, parseCidr } from '../../../lib/ip-address.ts';
import { nameOfFact } from '../../meaning/fact-values.ts';
import type { AddressFact, Atom, TextFact, TextPattern } from '../../model.ts';

/** Which fact a key is about. */
export type KeySubject =
  | { readonly of: 'text'; readonly fact: TextFact }
  | { readonly of: 'address'; readonly fact: AddressFact }
  | { readonly of: 'port'; readonly fact: 'destinationPort' | 'sourcePort' };

/**
 * How a key is compared. `afterNs` and `afterSa` take the text between `/ns/` (`/sa/`) and the next slash, `inside` any place of
 * the text; `present` and `absent` ask for a value or for none.
 */
export type KeyKind =
  | 'exact'
  | 'foldedExact'
  | 'prefix'
  | 'foldedPrefix'
  | 'suffix'
  | 'foldedSuffix'
  | 'inside'
  | 'template'
  | 'afterNs'
  | 'afterSa'
  | 'present'
  | 'absent'
  | 'range'
  | 'port';

/** One test that an index can look up: a fact, a way to compare, a value. */
export interface Key {
  /** Equal names, equal fact. */
  readonly dimension: string;
  readonly subject: KeySubject;
  readonly kind: KeyKind;
  readonly value: string;
  /** Of `range` keys. */
  readonly range: IpRange | undefined;
  /** Of `port` keys. */
  readonly port: number;
  /** Equal names, equal key. */
  readonly name: string;
  /** A request that hits the key makes the pattern hold; else a hit is only a hint. */
  readonly isProof: boolean;
}

/** Of each alternative of an atom, the keys of which any one will do. */
export type Choices = readonly (readonly Key[])[];

/** Port ranges wider than this are not worth a key for each port. */
const MOST_PORTS = 32;

const known = new WeakMap<Atom, Choices>();
const none: Choices = [];

/** Returns the keys of an atom, alternative by alternative; undefined if it has none. @throws GatehouseError `policy_invalid` */
export function keysOfAtom(atom: Atom): Choices | undefined {
  let choices = known.get(atom);
  if (choices === undefined) {
    choices = makeKeys(atom) ?? none;
    known.set(atom, choices);
  }
  return choices === none ? undefined : choices;
}

function makeKeys(atom: Atom): Choices | undefined {
  switch (atom.op) {
    case 'text': {
      const dimension = nameOfFact(atom.fact);
      const subject = { of: 'text', fact: atom.fact } as const;
      return atom.any.map((pattern) => keysOfPattern(pattern).map((form) => textKey(dimension, subject, form)));
    }
    case 'address': {
      if (atom.unmap === true) return undefined; // the index stores addresses as they were sent
      const dimension = `address ${atom.fact}`;
      const subject = { of: 'address', fact: atom.fact } as const;
      return atom.any.map(({ text }) => [rangeKey(dimension, subject, text)]);
    }
    case 'port': {
      if (atom.any.some(({ from, to }) => to - from >= MOST_PORTS)) return undefined;
      const subject = { of: 'port', fact: atom.fact } as const;
      return atom.any.flatMap(({ from, to }) =>
        Array.from({ length: to - from + 1 }, (_, i) => [portKey(subject, from + i)]),
      );
    }
    default:
      return undefined; // protocols are too few, the registry is asked by selectors
  }
}

/** The key that stands for the absence of an atom's fact; undefined if it is never absent or that does not matter. */
export function absenceKey(atom: Atom): Key | undefined {
  if (atom.op === 'text') {
    if (atom.fact.of === 'header') return undefined;
    return textKey(
      nameOfFact(atom.fact),
      { of: 'text', fact: atom.fact },
      { kind: 'absent', value: '', isProof: false },
    );
  }
  if (atom.op === 'port') return portKey({ of: 'port', fact: atom.fact }, -1);
  if (atom.op !== 'address') return undefined;
  const dimension = `address ${atom.fact}`;
  const subject = { of: 'address', fact: atom.fact } as const;
  return {
    dimension,
    subject,
    kind: 'absent',
    value: '',
    range: undefined,
    port: -1,
    name: `${dimension} absent`,
    isProof: false,
  };
}

interface Form {
  readonly kind: KeyKind;
  readonly value: string;
  readonly isProof: boolean;
}

function textKey(dimension: string, subject: KeySubject, { kind, value, isProof }: Form): Key {
  return {
    dimension,
    subject,
    kind,
    value,
    range: undefined,
    port: -1,
    name: `${dimension} ${kind} ${value}`,
    isProof,
  };
}

function rangeKey(dimension: string, subject: KeySubject, text: string): Key {
  const range = parseCidr(text);
  if (range === undefined) throw new GatehouseError('policy_invalid', `${JSON.stringify(text)} is not a CIDR range`);
  return {
    dimension,
    subject,
    kind: 'range',
    value: text,
    range,
    port: -1,
    name: `${dimension} ${text}`,
    isProof: true,
  };
}

function portKey(subject: KeySubject & { readonly of: 'port' }, port: number): Key {
  const dimension = subject.fact;
  return {
    dimension,
    subject,
    kind: 'port',
    value: '',
    range: undefined,
    port,
    name: `${dimension} ${port}`,
    isProof: true,
  };
}

function keysOfPattern(pattern: TextPattern): readonly Form[] {
  switch (pattern.is) {
    case 'exact':
    case 'prefix':
    case 'suffix':
      return [literalForm(pattern.is, pattern.value, pattern.ignoreCase === true)];
    case 'under':
      return [{ kind: 'prefix', value: pattern.value, isProof: false }];
    case 'template':
      return [{ kind: 'template', value: pattern.text, isProof: false }];
    case 'serviceAccount':
      return [
        { kind: 'afterSa', value: pattern.serviceAccount, isProof: false },
        { kind: 'afterNs', value: pattern.namespace, isProof: false },
      ];
    case 'glob':
      return keysOfGlob(pattern.parts);
    default:
      return [{ kind: 'present', value: '', isProof: pattern.is === 'present' }];
  }
}

const foldedKind = { exact: 'foldedExact', prefix: 'foldedPrefix', suffix: 'foldedSuffix' } as const;

function literalForm(is: 'exact' | 'prefix' | 'suffix', value: string, ignoreCase: boolean): Form {
  return ignoreCase
    ? { kind: foldedKind[is], value: lowerAscii(value), isProof: true }
    : { kind: is, value, isProof: true };
}

/** Any literal part of a glob will do: a whole `/ns/NAME/`, the ends, and what stands between. */
function keysOfGlob(parts: readonly string[]): readonly Form[] {
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  if (parts.length < 2) return [{ kind: 'exact', value: first, isProof: true }];
  const forms: Form[] = [];
  if (first !== '') forms.push({ kind: 'prefix', value: first, isProof: false });
  if (last !== '') forms.push({ kind: 'suffix', value: last, isProof: false });
  for (const part of parts) {
    const namespace = /\/ns\/([^/]*)\//.exec(part)?.[1];
    if (namespace !== undefined) forms.push({ kind: 'afterNs', value: namespace, isProof: false });
    else if (part.length > 1 && part !== first && part !== last)
      forms.push({ kind: 'inside', value: part, isProof: false });
  }
  return forms.length > 0 ? forms : [{ kind: 'present', value: '', isProof: false }];
}
