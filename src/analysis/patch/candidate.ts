/**
 * A change of one document that might turn a verdict round; the caller tries it.
 * @module
 */

import type { Position } from '../../policy/documents/position.ts';
import type { ClauseTrace, PolicyTrace, RuleTrace, StageTrace } from '../../policy/evaluate/trace.ts';
import type { Facts } from '../../policy/facts.ts';
import type { Atom, PolicyModel, PolicyRef } from '../../policy/model.ts';
import { nameOfAtom } from '../explain-clause.ts';
import type { OpenDocument, ValuePath } from '../source/open-document.ts';
import { valueAt } from '../source/open-document.ts';
import { rulesFor } from './new-rule.ts';
import { callerOf, spellings } from './spelling.ts';
import {
  addField,
  type Edit,
  type EditableChunk,
  insertItem,
  removeField,
  removeItem,
  scalar,
  setScalar,
} from './yaml-edit.ts';

export interface Candidate {
  readonly ref: PolicyRef;
  readonly position: Position;
  readonly rule: number | undefined;
  /** What it does, after `would be allowed if`. */
  readonly summary: string;
  /** Ways to write it, likeliest first. */
  write(place: Place): readonly (readonly Edit[])[];
}

/** Where a candidate writes. */
export interface Place {
  readonly chunk: EditableChunk;
  readonly document: OpenDocument;
  readonly facts: Facts;
  readonly model: PolicyModel;
  /** Whether a value may not be written where people read it. */
  isSecret(atom: Atom, value: string): boolean;
  /** The rule, from the document's root. */
  rulePath(index: number, direction: StageTrace['direction']): ValuePath | undefined;
  /** The field that makes a clause of a rule. */
  clausePath(index: number, direction: StageTrace['direction'], clause: ClauseTrace): ValuePath | undefined;
}

/** A rule of the trace, with its policy and stage. */
export interface SeenRule {
  readonly stage: StageTrace;
  readonly policy: PolicyTrace;
  readonly rule: RuleTrace;
}

const MOST_SPELLED = 32;

/** Makes a rule that fails hold: each of its failed clauses takes the request too. */
export function widen({ stage, policy, rule }: SeenRule): Candidate {
  const facts = rule.failed.map(({ atom, negated }) =>
    negated ? `no longer excluded this ${nameOfAtom(atom)}` : `took this ${nameOfAtom(atom)} too`,
  );
  return {
    ref: policy.policy,
    position: rule.position,
    rule: rule.index,
    summary: `rule ${rule.index} of ${name(policy.policy)} ${facts.join(' and ')}`,
    write: (place) => {
      const ways = rule.failed.map((clause) => waysToMeet(clause, place, rule.index, stage.direction));
      return product(ways, MOST_SPELLED);
    },
  };
}

function waysToMeet(clause: ClauseTrace, place: Place, index: number, direction: StageTrace['direction']): Edit[] {
  const path = place.clausePath(index, direction, clause);
  if (path === undefined) return [];
  return clause.negated ? removals(path, place) : additions(path, clause, place);
}

function additions(path: ValuePath, clause: ClauseTrace, { chunk, document, facts, isSecret }: Place): Edit[] {
  const own = [...document.path, ...path];
  if (clause.atom.op === 'text' && clause.values.some((value) => isSecret(clause.atom, value))) return [];
  return spellings(String(path.at(-1)), clause.values, facts).flatMap((text) => insertItem(chunk, own, text) ?? []);
}

/** One item out of the list, or the whole list. */
function removals(path: ValuePath, { chunk, document }: Place): Edit[] {
  const own = [...document.path, ...path];
  const list = valueAt(document.root, path);
  const items = list?.is === 'list' ? list.items : [];
  return [
    ...items.flatMap((_, i) => removeItem(chunk, own, i) ?? []),
    ...[removeField(chunk, own)].filter((edit) => edit !== undefined),
  ];
}

/** Makes a rule that holds fail: a list that met the request lets go of it. */
export function narrow({ stage, policy, rule }: SeenRule): Candidate {
  return {
    ref: policy.policy,
    position: rule.position,
    rule: rule.index,
    summary: `rule ${rule.index} of ${name(policy.policy)} no longer took this request`,
    write: (place) =>
      rule.met
        .filter(({ negated }) => !negated)
        .flatMap((clause) => {
          const path = place.clausePath(rule.index, stage.direction, clause);
          const list = path && valueAt(place.document.root, path);
          if (path === undefined || list?.is !== 'list') return [];
          return list.items.flatMap((_, i) => removeItem(place.chunk, [...place.document.path, ...path], i) ?? []);
        })
        .map((edit) => [edit]),
  };
}

/** Makes a rule of Istio's that holds leave out its caller. */
export function exclude({ stage, policy, rule }: SeenRule): Candidate {
  return {
    ref: policy.policy,
    position: rule.position,
    rule: rule.index,
    summary: `rule ${rule.index} of ${name(policy.policy)} left out this caller`,
    write(place) {
      const { chunk, document, facts } = place;
      const path = place.rulePath(rule.index, stage.direction);
      const caller = callerOf(facts);
      const value = path && valueAt(document.root, path);
      if (path === undefined || caller === undefined || policy.policy.dialect !== 'istio' || value?.is !== 'map')
        return [];
      const text = scalar(caller.principal);
      const own = [...document.path, ...path];
      const from = value.entries.get('from')?.value;
      if (from?.is !== 'list')
        return either(addField(chunk, own, 'from', `[{ source: { notPrincipals: [${text}] } }]`));
      const edits = from.items.flatMap((_, i) => {
        const source = [...own, 'from', i, 'source'];
        return (
          insertItem(chunk, [...source, 'notPrincipals'], text) ??
          addField(chunk, source, 'notPrincipals', `[${text}]`) ??
          []
        );
      });
      return edits.length === 0 ? [] : [edits];
    },
  };
}

/** Takes a rule away. */
export function remove({ stage, policy, rule }: SeenRule): Candidate {
  return {
    ref: policy.policy,
    position: rule.position,
    rule: rule.index,
    summary: `rule ${rule.index} of ${name(policy.policy)} were not there`,
    write({ chunk, document, rulePath }) {
      const path = rulePath(rule.index, stage.direction);
      const index = path?.at(-1);
      if (path === undefined || typeof index !== 'number') return [];
      return either(removeItem(chunk, [...document.path, ...path.slice(0, -1)], index));
    },
  };
}

/** Adds a rule for just this request, before all others of its policy in a tier. */
export function add(stage: StageTrace, policy: PolicyTrace, effect: 'allow' | 'deny'): Candidate {
  const direction = stage.direction ?? 'ingress';
  return {
    ref: policy.policy,
    position: policy.position,
    rule: undefined,
    summary: `${name(policy.policy)} had a rule for it`,
    write({ chunk, document, facts, model }) {
      const list = policy.policy.dialect === 'istio' ? 'rules' : direction;
      const before = stage.kind === 'first-match' ? 0 : undefined;
      const spec = [...document.path, 'spec'];
      return rulesFor(policy.policy, effect, direction, facts, model).flatMap((text) =>
        either(insertItem(chunk, [...spec, list], text, before) ?? addField(chunk, spec, list, `[${text}]`)),
      );
    },
  };
}

/** Lets callers without a certificate in. */
export function allowPlainText(ref: PolicyRef, position: Position, port: number): Candidate {
  return {
    ref,
    position,
    rule: undefined,
    summary: `${name(ref)} took callers without a certificate (PERMISSIVE)`,
    write: ({ chunk, document }) => [
      ...either(setScalar(chunk, [...document.path, 'spec', 'portLevelMtls', String(port), 'mode'], 'PERMISSIVE')),
      ...either(setScalar(chunk, [...document.path, 'spec', 'mtls', 'mode'], 'PERMISSIVE')),
    ],
  };
}

const either = (edit: Edit | undefined): Edit[][] => (edit === undefined ? [] : [[edit]]);

const name = ({ namespace, name: own }: PolicyRef): string => (namespace === '' ? own : `${namespace}/${own}`);

/** One of each, in order; none if one of them is empty. */
function product(ways: readonly (readonly Edit[])[], most: number): Edit[][] {
  let out: Edit[][] = [[]];
  for (const each of ways) out = out.flatMap((before) => each.map((edit) => [...before, edit])).slice(0, most);
  return ways.length === 0 ? [] : out;
}
