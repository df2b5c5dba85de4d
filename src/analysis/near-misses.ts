/**
 * Rules that would have decided otherwise, had a clause or two been met.
 * @module
 */
import { nameOf } from '../authz/answer/respond.ts';
import type { Decision } from '../policy/decision.ts';
import type { DialectOptions } from '../policy/dialects/contribution.ts';
import type { Place } from '../policy/documents/finding.ts';
import type { PlaneTrace, PolicyTrace, RuleTrace, StageTrace } from '../policy/evaluate/trace.ts';
import { type ShownClause, showClause } from './explain-clause.ts';
import type { Showing } from './explain-stage.ts';
import { type ValuePath, valueAt } from './source/open-document.ts';
import type { PolicyFiles } from './source/policy-files.ts';
import { clausePath, ruleSource } from './source/rule-source.ts';
import { siteClause } from './source/site-clause.ts';

/** A rule that almost held. */
export interface NearMiss {
  readonly plane: string;
  readonly stage: string;
  readonly direction?: 'ingress' | 'egress';
  readonly policy: string;
  readonly kind: string;
  readonly owner: string | null;
  readonly rule: number;
  readonly file: string;
  /** Of the rule. */
  readonly line: number;
  /** How many clauses keep it from holding. */
  readonly failedClauses: number;
  readonly first: ShownClause & {
    /** Where the clause stands, e.g. `spec.rules[0].to[0].operation.methods`; null if its file cannot tell. */
    readonly path: string | null;
    readonly line: number | null;
    readonly column: number | null;
  };
}

/** Where documents are read from, and how. */
export interface Sources {
  readonly files: PolicyFiles;
  readonly dialect: DialectOptions;
}

/** As many as a person reads. */
const MOST_NEAR_MISSES = 5;

interface Miss {
  readonly plane: PlaneTrace;
  readonly stage: StageTrace;
  readonly policy: PolicyTrace;
  readonly rule: RuleTrace;
}

/** The nearest ones first. Planes that are only observed count by their own verdict. */
export function nearMissesOf(
  planes: readonly PlaneTrace[],
  decision: Decision,
  showing: Showing,
  sources: Sources,
): NearMiss[] {
  const misses = planes.flatMap((plane) => missesIn(plane, plane.mode === 'enforce' ? decision : plane.decision));
  return misses
    .toSorted((a, b) => a.rule.failed.length - b.rule.failed.length)
    .slice(0, MOST_NEAR_MISSES)
    .map((miss) => show(miss, showing, sources));
}

function missesIn(plane: PlaneTrace, { effect }: Decision): Miss[] {
  const wanted = effect === 'deny' ? 'allow' : 'deny';
  return plane.stages.flatMap((stage) =>
    stage.policies
      .filter(({ applies, mode }) => applies === 'yes' && mode === 'enforce')
      .flatMap((policy) => policy.rules.map((rule) => ({ plane, stage, policy, rule })))
      .filter(({ rule }) => rule.failed.length > 0 && wouldBe(stage, rule) === wanted),
  );
}

/** The verdict that a rule stands for. */
function wouldBe(stage: StageTrace, { effect }: RuleTrace): Decision['effect'] | undefined {
  if (stage.kind === 'any-allow') return 'allow';
  if (stage.kind === 'first-match') return effect === 'allow' || effect === 'deny' ? effect : undefined;
  return stage.kind === 'audit' ? undefined : 'deny';
}

function show({ plane, stage, policy, rule }: Miss, { carriers, ownerOf }: Showing, sources: Sources): NearMiss {
  const { policy: ref, position, owner } = policy;
  return {
    plane: plane.plane,
    stage: stage.name,
    ...(stage.direction && { direction: stage.direction }),
    policy: nameOf(ref) ?? '',
    kind: ref.kind,
    owner: ownerOf({ ref, position, owner }) ?? null,
    rule: rule.index,
    file: position.file,
    line: rule.position.line,
    failedClauses: rule.failed.length,
    first: { ...showClause(rule.failed[0]!, false, carriers), ...placeOf({ plane, stage, policy, rule }, sources) },
  };
}

function placeOf({ stage, policy, rule }: Miss, { files, dialect }: Sources) {
  const nowhere = { path: null, line: null, column: null };
  const { atom } = rule.failed[0]!;
  if (policy.policy.dialect === 'site') {
    const text = files.text(rule.position.file);
    const clause = text === undefined ? undefined : siteClause(text, rule.position, atom);
    return clause === undefined ? nowhere : shownPlace(clause.path, clause.value);
  }
  const document = files.open(policy.position.file, policy.policy);
  const source = document && ruleSource(document, rule.index, stage.direction, dialect);
  const path = source && clausePath(source, atom, dialect);
  const value = path && source && valueAt(source.document.root, path);
  return path === undefined || value === undefined ? nowhere : shownPlace(path, value);
}

function shownPlace(path: ValuePath, { line, column }: Place) {
  const written = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
  return { path: written.replace(/^\./, ''), line, column };
}
