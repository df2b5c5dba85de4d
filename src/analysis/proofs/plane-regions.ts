/**
 * What one plane lets pass between parties, as regions.
 * @module
 */
import type { Destination } from '../../policy/facts.ts';
import { unknownHolds } from '../../policy/meaning/absence.ts';
import type { RegistryContext } from '../../policy/meaning/registry-context.ts';
import { applies } from '../../policy/meaning/subject.ts';
import { selectTokens } from '../../policy/meaning/token-stage.ts';
import { selectTransport } from '../../policy/meaning/transport-stage.ts';
import type { Policy, Rule, RuleStage, Stage, TokenRule } from '../../policy/model.ts';
import { BoundMet } from '../regions/bound.ts';
import { ALL, NONE, type Region } from '../regions/diagrams.ts';
import { type RequestSpace, transport } from '../regions/request-space.ts';
import type { Party } from '../universe/party.ts';
import type { Conditions, NumberedAtom, Prepared } from './conditions.ts';
import { plainlySeen, type Seen } from './request-atoms.ts';

/** A rule that allowed something, and what. */
export interface Allowance {
  readonly policy: Policy;
  readonly rule: Rule;
  readonly region: Region;
}

/** What a plane says of all requests between two parties. */
export interface Verdict {
  readonly allowed: Region;
  /** The rules that allowed it; what no rule allowed, no policy is about. */
  readonly by: readonly Allowance[];
}

/** Stages as they concern one workload. */
export interface Selected {
  /** Atoms about the other party: two of which they say the same get the same verdict. */
  readonly atoms: readonly NumberedAtom[];
  /** Atoms about the workload itself. */
  readonly ownAtoms: readonly NumberedAtom[];
  verdictOf(source: Party, destination: Party): Verdict;
}

/** Where stages are looked at. */
export interface StageScene {
  readonly space: RequestSpace;
  readonly conditions: Conditions;
  readonly context: RegistryContext;
}

interface ReadRule {
  readonly policy: Policy;
  readonly rule: Rule;
  readonly http: Prepared;
  readonly tcp: Prepared | undefined;
}

type Step = (source: Party, destination: Party, open: Open, by: Allowance[]) => Open;

/** What came so far: what is allowed, and what is left to the stages that follow. */
interface Open {
  readonly allowed: Region;
  readonly left: Region;
}

/** Selects what of a plane's stages concerns a workload; `other` is the party that is not it. */
export function selectStages(
  stages: readonly Stage[],
  workload: Destination,
  other: 'source' | 'destination',
  scene: StageScene,
): Selected {
  const steps: Step[] = [];
  const rules: ReadRule[] = [];
  const seen = seenBy(stages, workload, scene.context);
  for (const stage of stages) {
    if (stage.kind === 'transport') {
      const step = transportStep(stage, workload, scene);
      if (step === undefined) return closed;
      steps.push(step);
    } else if (stage.kind === 'token') {
      if (selectTokens(stage, workload, scene.context).undecided !== undefined) return closed;
    } else if (stage.kind !== 'audit') {
      const selection = policiesFor(stage, workload, scene.context);
      if (selection === undefined) return closed;
      if (selection.length === 0) continue;
      const own = selection.flatMap((policy) => policy.rules.map((rule) => read(policy, rule, scene.conditions)));
      rules.push(...own);
      steps.push(rulesStep(stage, own, stage.kind === 'delegate' ? plainlySeen : seen, scene));
    }
  }
  return {
    atoms: [...atomsOf(rules, other).values()],
    ownAtoms: [...atomsOf(rules, other === 'source' ? 'destination' : 'source').values()],
    verdictOf(source, destination) {
      const by: Allowance[] = [];
      let open: Open = { allowed: NONE, left: ALL };
      for (const step of steps) open = step(source, destination, open, by);
      return { allowed: scene.space.diagrams.or(open.allowed, open.left), by };
    },
  };
}

/** Whether a policy concerns the workload is unknown: everything is denied. */
const closed: Selected = { atoms: [], ownAtoms: [], verdictOf: () => ({ allowed: NONE, by: [] }) };

const read = (policy: Policy, rule: Rule, { prepare }: Conditions): ReadRule => ({
  policy,
  rule,
  http: prepare(rule.http),
  tcp: rule.tcp && prepare(rule.tcp),
});

/** The enforced policies of a stage that concern a workload; undefined if that is not known of one. */
function policiesFor(stage: RuleStage, workload: Destination, context: RegistryContext): Policy[] | undefined {
  const out: Policy[] = [];
  for (const policy of stage.policies) {
    if (policy.mode === 'dry-run' || policy.providerAskedBy === 'envoy') continue;
    const answer = applies(policy.subject, workload, context);
    if (answer === 'unknown') return undefined;
    if (answer === 'yes') out.push(policy);
  }
  return out;
}

function atomsOf(rules: readonly ReadRule[], asks: NumberedAtom['asks']): Map<number, NumberedAtom> {
  const out = new Map<number, NumberedAtom>();
  const walk = (condition: Prepared): void => {
    if (condition.op === 'atom') {
      if (condition.asks === asks) out.set(condition.id, condition);
    } else if (condition.op === 'not') walk(condition.of);
    else condition.of.forEach(walk);
  };
  for (const { http, tcp } of rules) {
    walk(http);
    if (tcp !== undefined && tcp !== http) walk(tcp);
  }
  return out;
}

/** Where mTLS is demanded, who shows no certificate gets no further. */
function transportStep(
  stage: Extract<Stage, { kind: 'transport' }>,
  workload: Destination,
  { space, context }: StageScene,
): Step | undefined {
  const { diagrams, port } = space;
  const { everyPort, ports, undecided } = selectTransport(stage, workload, context);
  if (undecided !== undefined) return undefined;
  let strict = everyPort.mode === 'strict' ? ALL : NONE;
  for (const [number, { mode }] of ports) {
    const here = diagrams.where(port.id, port.domain.of([[number, number]]));
    strict = mode === 'strict' ? diagrams.or(strict, here) : diagrams.minus(strict, here);
  }
  return ({ principal }, _, open) =>
    principal === '' ? { allowed: open.allowed, left: diagrams.minus(open.left, strict) } : open;
}

/** How the workload sees requests after the tokens were verified. */
function seenBy(stages: readonly Stage[], workload: Destination, context: RegistryContext): Seen {
  const rules = stages.flatMap((stage) => (stage.kind === 'token' ? selectTokens(stage, workload, context).rules : []));
  return rules.length === 0 ? plainlySeen : { claims: true, rewritten: new Set(rules.flatMap(rewrittenBy)) };
}

/** Headers that a token writes, or that bear it, whether it is taken away or not: what they hold hangs on the token. */
function rewrittenBy(rule: TokenRule): readonly string[] {
  const { outputPayloadToHeader, outputClaimToHeaders, fromHeaders, fromParams, fromCookies } = rule;
  const written = [outputPayloadToHeader, ...outputClaimToHeaders.map(({ header }) => header)];
  const places = [...fromHeaders.map(({ name }) => name), ...(fromCookies.length > 0 ? ['cookie'] : [])];
  const usual = places.length + fromParams.length === 0 ? ['authorization', ':path'] : [];
  const taken = [...places, ...usual, ...(fromParams.length > 0 ? [':path'] : [])];
  return [...written, ...taken].map((name) => name.toLowerCase());
}

function rulesStep(stage: RuleStage, rules: readonly ReadRule[], seen: Seen, scene: StageScene): Step {
  const { diagrams } = scene.space;
  const isHttp = diagrams.where(scene.space.transport, transport.http);
  const heldBy = ({ policy, rule, http, tcp }: ReadRule, source: Party, destination: Party): Region => {
    const counts = unknownHolds(stage.kind, rule.effect);
    const regionOf = (condition: Prepared): Region => {
      const truths = scene.conditions.truthsOf(condition, source, destination, seen);
      return counts ? diagrams.not(truths.no) : truths.yes;
    };
    try {
      if (tcp === http) return regionOf(http);
      const ofHttp = diagrams.and(isHttp, regionOf(http));
      return tcp === undefined ? ofHttp : diagrams.or(ofHttp, diagrams.minus(regionOf(tcp), isHttp));
    } catch (thrown) {
      if (!(thrown instanceof BoundMet)) throw thrown;
      throw thrown.at(policy, rule);
    }
  };
  if (stage.kind === 'first-match') return firstMatchStep(stage, rules, heldBy, scene);
  return (source, destination, { allowed, left }, by) => {
    if (stage.kind !== 'any-allow') {
      let open = left;
      for (const each of rules) open = diagrams.minus(open, heldBy(each, source, destination));
      return { allowed, left: open };
    }
    let out = allowed;
    for (const each of rules) {
      const region = diagrams.and(left, heldBy(each, source, destination));
      if (region === NONE) continue;
      by.push({ policy: each.policy, rule: each.rule, region });
      out = diagrams.or(out, region);
    }
    return { allowed: out, left: NONE };
  };
}

type Held = (rule: ReadRule, source: Party, destination: Party) => Region;

function firstMatchStep(stage: RuleStage, rules: readonly ReadRule[], heldBy: Held, { space }: StageScene): Step {
  const { diagrams } = space;
  return (source, destination, open, by) => {
    let { allowed, left } = open;
    let passed: Region = NONE;
    for (const each of rules) {
      if (left === NONE) break;
      if (each.rule.effect === 'log') continue;
      const region = diagrams.and(left, heldBy(each, source, destination));
      if (region === NONE) continue;
      left = diagrams.minus(left, region);
      if (each.rule.effect === 'pass') passed = diagrams.or(passed, region);
      if (each.rule.effect !== 'allow') continue;
      by.push({ policy: each.policy, rule: each.rule, region });
      allowed = diagrams.or(allowed, region);
    }
    const onNoMatch = stage.onNoMatch ?? 'pass';
    if (onNoMatch === 'allow') allowed = diagrams.or(allowed, left);
    return { allowed, left: onNoMatch === 'pass' ? diagrams.or(passed, left) : passed };
  };
}
