/**
 * The smallest change of a policy file that turns a verdict round. What is proposed was tried: the file was read again with the
 * change in it, and the same request decided by what it says then.
 * @module
 */
import { createTwoFilesPatch } from 'diff';
import type { Decision } from '../../policy/decision.ts';
import type { DialectOptions } from '../../policy/dialects/contribution.ts';
import type { Position } from '../../policy/documents/position.ts';
import { type EvaluateOptions, evaluate } from '../../policy/evaluate/evaluate.ts';
import type { ClauseTrace, PlaneTrace, RuleTrace, StageTrace } from '../../policy/evaluate/trace.ts';
import type { Facts } from '../../policy/facts.ts';
import type { PolicyModel, PolicyRef } from '../../policy/model.ts';
import { readPolicies } from '../../policy/read-policies.ts';
import { tokenCarriers } from '../../policy/token-carriers.ts';
import { redactValue } from '../explain-clause.ts';
import type { PolicyFiles } from '../source/policy-files.ts';
import { clausePath, ruleSource } from '../source/rule-source.ts';
import {
  add,
  allowPlainText,
  type Candidate,
  exclude,
  narrow,
  type Place,
  remove,
  type SeenRule,
  widen,
} from './candidate.ts';
import { isSame, withDocument } from './with-document.ts';
import { applyEdits, type Edit, editable } from './yaml-edit.ts';

/** The decision that a patch is to turn round, and all that it was made of. */
export interface PatchSubject {
  readonly model: PolicyModel;
  readonly facts: Facts;
  readonly options: EvaluateOptions;
  readonly decision: Decision;
  readonly planes: readonly PlaneTrace[];
  readonly dialect: DialectOptions;
  readonly files: PolicyFiles;
}

/** A change of one document that turns the decision round. */
export interface PolicyPatch {
  readonly policy: PolicyRef;
  readonly rule: number | undefined;
  /** The first line that changes. */
  readonly position: Position;
  /** What the document itself says of its owner. */
  readonly owner: string;
  /** After `would be allowed if`. */
  readonly summary: string;
  /** A unified diff of the file. */
  readonly diff: string;
  readonly becomes: Decision;
}

/** Trying is cheap, but not free: a set of 10,000 rules has many near misses. */
const MOST_TRIED = 96;
const MOST_CLAUSES = 3;

/** Finds the change, or undefined if none that we can think of does it. */
export function proposePatch(subject: PatchSubject): PolicyPatch | undefined {
  let tried = 0;
  for (const candidate of candidatesOf(subject)) {
    const place = placeOf(candidate, subject);
    if (place === undefined) continue;
    for (const edits of candidate.write(place)) {
      if (tried++ >= MOST_TRIED) return undefined;
      const patch = tryEdits(candidate, edits, place, subject);
      if (patch !== undefined) return patch;
    }
  }
  return undefined;
}

function placeOf({ ref, position }: Candidate, { files, dialect, facts, model }: PatchSubject): Place | undefined {
  const document = files.open(position.file, ref);
  if (document === undefined) return undefined;
  const carriers = tokenCarriers(model);
  const source = (index: number, direction: StageTrace['direction']) => ruleSource(document, index, direction, dialect);
  return {
    chunk: editable(document.chunk),
    document,
    facts,
    model,
    isSecret: (atom, value) => atom.op === 'text' && redactValue(atom, value, carriers) !== value,
    rulePath: (index, direction) => source(index, direction)?.path,
    clausePath(index, direction, { atom }) {
      const rule = source(index, direction);
      return rule && clausePath(rule, atom, dialect);
    },
  };
}

function tryEdits(
  candidate: Candidate,
  edits: readonly Edit[],
  { chunk, document }: Place,
  subject: PatchSubject,
): PolicyPatch | undefined {
  const { model, facts, options, decision, dialect, files } = subject;
  const { ref, position, rule, summary } = candidate;
  const changed = applyEdits(chunk.text, edits);
  const file = readPolicies(position.file, changed, dialect);
  const said = file.documents.find((each) =>
    isSame({ ...ref, dialect: each.dialect, kind: each.kind, namespace: each.namespace, name: each.name }, ref),
  );
  if (file.hasErrors || said?.contribution === undefined) return undefined;
  const becomes = evaluate(withDocument(model, ref, said.contribution), facts, options).decision;
  if (becomes.effect === decision.effect) return undefined;
  const before = files.text(position.file) ?? '';
  const after = before.replace(document.chunk.text, () => changed);
  const diff = unifiedDiff(position.file, before, after);
  const line = firstDifference(before, after);
  return {
    policy: ref,
    rule,
    position: { file: position.file, line, column: 1 },
    owner: ownerIn(model, ref),
    summary,
    diff,
    becomes,
  };
}

function ownerIn({ planes }: PolicyModel, ref: PolicyRef): string {
  for (const policy of planes.flatMap(({ stages }) => stages.flatMap((stage) => [...stage.policies])))
    if (isSame(policy.ref, ref)) return policy.owner;
  return '';
}

/** The first line that is another one. */
function firstDifference(before: string, after: string): number {
  const lines = after.split('\n');
  const index = before.split('\n').findIndex((line, i) => line !== lines[i]);
  return index < 0 ? 1 : index + 1;
}

function unifiedDiff(file: string, before: string, after: string): string {
  const diff = createTwoFilesPatch(file, file, before, after, undefined, undefined, { context: 3 });
  return diff.slice(diff.indexOf('--- '));
}

/** Changes that might do it, the gentlest first. */
function* candidatesOf(subject: PatchSubject): Generator<Candidate> {
  const { decision, planes, facts } = subject;
  const stages = planes.filter(({ mode }) => mode === 'enforce').flatMap((plane) => plane.stages);
  const rules = stages.filter(({ kind }) => kind !== 'audit').flatMap(rulesIn);
  const near = rules
    .filter(({ rule }) => !rule.holds && rule.failed.length > 0)
    .toSorted((a, b) => a.rule.failed.length - b.rule.failed.length);
  const wanted = decision.effect === 'allow' ? 'deny' : 'allow';
  const would = ({ stage, rule }: SeenRule): boolean =>
    stage.kind === (wanted === 'allow' ? 'any-allow' : 'any-deny') ||
    (stage.kind === 'first-match' && rule.effect === wanted);
  if (decision.reason === 'mtls_required') yield* transportOf(subject, facts.destinationPort);
  const holding = rules.filter(({ rule, stage }) => rule.holds && decides(stage, rule, decision));
  const wantsToken = wanted === 'allow' && asksForToken([...near.filter(would), ...holding]);
  if (decision.effect === 'deny') for (const each of holding) yield* wantsToken ? [] : [exclude(each), narrow(each)];
  const mayHold = near.filter(would).filter(wanted === 'allow' ? isKept(rules) : () => true);
  for (const each of mayHold) if (each.rule.failed.length === 1) yield widen(each);
  if (decision.effect === 'allow') for (const each of holding) yield* [narrow(each), exclude(each)];
  const further = mayHold.filter(({ rule }) => rule.failed.length > 1 && rule.failed.length <= MOST_CLAUSES);
  // A rule that takes another caller and another path takes the others' paths for the caller, too: a rule of its own takes no more.
  const [crossing, others] = [true, false].map((crosses) => further.filter((each) => isCrossing(each) === crosses));
  yield* others!.map(widen); // one of each
  if (wantsToken) return;
  for (const stage of stages.toReversed()) {
    const fits = stage.kind === 'first-match' || stage.kind === (wanted === 'allow' ? 'any-allow' : 'any-deny');
    if (!fits) continue;
    for (const policy of stage.policies.toReversed())
      if (policy.applies === 'yes' && policy.mode === 'enforce') yield add(stage, policy, wanted);
  }
  yield* crossing!.map(widen); // one of each
  for (const each of holding) yield remove(each);
}

/**
 * Whether it is a claim that the rules want: what a caller's token lacks is no reason to let the caller in without, and through a gateway
 * everybody with it.
 */
const asksForToken = (rules: readonly SeenRule[]): boolean =>
  rules.some(({ rule }) =>
    [...rule.failed, ...rule.met].some(({ atom }) => atom.op === 'text' && atom.fact.of === 'claim'),
  );

/** Whether a clause asks who calls: a name, a token, an address, a pod. */
const asksWho = ({ atom }: ClauseTrace): boolean =>
  atom.op === 'address' ||
  atom.op === 'identity' ||
  atom.op === 'endpoint' ||
  (atom.op === 'text' && (atom.fact.of === 'peerName' || atom.fact.of === 'claim'));

const clausesOf = ({ rule }: SeenRule): readonly ClauseTrace[] => [...rule.failed, ...rule.met];

/** Where rules ask who calls, one that asks nobody is for what is public: whatever it takes, it takes from everybody. */
function isKept(rules: readonly SeenRule[]): (rule: SeenRule) => boolean {
  const guarded = rules.some((each) => clausesOf(each).some(asksWho));
  return (rule) => !guarded || clausesOf(rule).some(asksWho);
}

const isCrossing = ({ rule }: SeenRule): boolean => rule.failed.some(asksWho) && !rule.failed.every(asksWho);

function rulesIn(stage: StageTrace): SeenRule[] {
  return stage.policies
    .filter(({ mode, applies }) => mode === 'enforce' && applies === 'yes')
    .flatMap((policy) => policy.rules.map((rule) => ({ stage, policy, rule })));
}

/** Whether a rule that holds speaks for the verdict. */
function decides(stage: StageTrace, { effect }: RuleTrace, decision: Decision): boolean {
  if (stage.kind === 'any-allow') return decision.effect === 'allow';
  return stage.kind === 'first-match' ? effect === decision.effect : decision.effect === 'deny';
}

function transportOf({ model, decision }: PatchSubject, port: number): Candidate[] {
  return model.planes
    .flatMap(({ stages }) => stages)
    .flatMap((stage) => (stage.kind === 'transport' ? stage.policies : []))
    .filter(({ ref }) => decision.policy !== undefined && isSame(ref, decision.policy))
    .map(({ ref, position }) => allowPlainText(ref, position, port));
}
