/**
 * Decides the plain way: every stage, every policy, every rule, in order, from the model itself. Slow and obvious; it is what
 * compiled programs must equal, and it keeps a record of what it saw.
 * @module
 */
import { ipInRange, parseCidr, unmapped, unmappedRange } from '../../lib/ip-address.ts';
import type { Decision, Reason } from '../decision.ts';
import type { Destination, Facts } from '../facts.ts';
import { isUnknownWhenAbsent, no, not, type Truth, unknown, unknownHolds, yes } from '../meaning/absence.ts';
import { envoyId } from '../meaning/envoy-id.ts';
import { addressReader, isAbsent, valuesOf } from '../meaning/fact-values.ts';
import { joined } from '../meaning/join-decisions.ts';
import { sourcesOf } from '../meaning/network-sources.ts';
import { createRegistryContext, type RegistryContext } from '../meaning/registry-context.ts';
import { applies } from '../meaning/subject.ts';
import { selectTokens } from '../meaning/token-stage.ts';
import { selectTransport } from '../meaning/transport-stage.ts';
import type {
  Absence,
  Atom,
  Expr,
  Plane,
  Policy,
  PolicyModel,
  PolicyRef,
  Rule,
  RuleStage,
  TokenStage,
  TransportStage,
} from '../model.ts';
import { isEmptyModel } from '../model.ts';
import { emptyRegistry, type Registry } from '../registry/registry.ts';
import { matches } from './plain-match.ts';
import type { ClauseTrace, PlaneTrace, PolicyTrace, RuleTrace, StageTrace, Trace } from './trace.ts';

export interface Evaluation {
  readonly decision: Decision;
  readonly trace: Trace;
}

export interface EvaluateOptions {
  readonly allowEmpty: boolean;
}

interface Scene {
  readonly facts: Facts;
  readonly destination: Destination;
  readonly absence: Absence;
  readonly registry: RegistryContext;
  /** Dry-run policies count as enforced. */
  readonly rehearsing: boolean;
}

/** Decides one request and says how. Equal to `compileSnapshot(model, options).decide(facts)`. */
export function evaluate(model: PolicyModel, facts: Facts, options: EvaluateOptions): Evaluation {
  if (!options.allowEmpty && isEmptyModel(model))
    return { decision: made('deny', 'no_policies'), trace: { planes: [] } };
  const registry = contextOf(model);
  const destination = registry.locate(facts.destination, facts.destinationAddress);
  const scene: Scene = { facts, destination, absence: model.absence, registry, rehearsing: false };
  const planes = model.planes.filter(({ mode }) => mode !== 'off').map((plane) => evaluatePlane(plane, scene));
  const decisionsOf = (wanted: PlaneTrace['mode']): Decision[] =>
    planes.filter(({ mode }) => mode === wanted).map(({ decision }) => decision);
  const [enforced, observed] = [decisionsOf('enforce'), decisionsOf('observe')];
  const decision = enforced.length === 1 && observed.length === 0 ? enforced[0]! : joined(enforced, observed);
  return { decision, trace: { planes } };
}

const contexts = new WeakMap<Registry, Pick<PolicyModel, 'absence' | 'hops'> & { readonly context: RegistryContext }>();

/** Indexing a registry takes long; models that differ in their policies share it. */
function contextOf({ registry = emptyRegistry, absence, hops }: PolicyModel): RegistryContext {
  const known = contexts.get(registry);
  if (known?.absence === absence && known.hops === hops) return known.context;
  const context = createRegistryContext(registry, absence, hops);
  contexts.set(registry, { absence, ...(hops && { hops }), context });
  return context;
}

function evaluatePlane(plane: Plane, scene: Scene): PlaneTrace {
  return plane.id === 'l4' ? evaluateNetwork(plane, scene) : evaluateStages(plane, scene);
}

function evaluateStages(plane: Plane, scene: Scene): PlaneTrace {
  const stages: StageTrace[] = [];
  const mode = modeOf(plane);
  const undecided = undecidedPolicy(plane, scene);
  if (undecided !== undefined) {
    const decision: Decision = { ...made('deny', 'labels_unknown', undecided), plane: plane.id };
    return { plane: plane.id, mode, stages, decision };
  }
  const enforced = walk(plane, scene, stages);
  const hasDryRun = stagesWithDryRun(plane, scene);
  const rehearsed = hasDryRun ? walk(plane, { ...scene, rehearsing: true }, []) : undefined;
  const decision: Decision = {
    ...enforced,
    plane: plane.id,
    dryRun: rehearsed && { effect: rehearsed.effect, policy: rehearsed.policy },
    audit: auditOf(plane, scene),
  };
  return { plane: plane.id, mode, stages, decision };
}

const modeOf = ({ mode }: Plane): PlaneTrace['mode'] => (mode === 'observe' ? 'observe' : 'enforce');

/** The network plane asks both ends: the egress of each pod that may be the source, and the ingress of the destination. */
function evaluateNetwork(plane: Plane, scene: Scene): PlaneTrace {
  const { registry, facts } = scene;
  const half = (direction: 'ingress' | 'egress', destination: Destination): PlaneTrace => {
    const stages = plane.stages.filter((stage) => 'name' in stage && (stage.direction ?? 'ingress') === direction);
    return evaluateStages({ ...plane, stages }, { ...scene, destination });
  };
  const sources = sourcesOf(facts, registry);
  const ingress = half('ingress', scene.destination);
  if (sources === 'mismatch') {
    const stages = [placeStage(facts, registry), ...ingress.stages];
    return { ...ingress, stages, decision: { ...made('deny', 'place_mismatch'), plane: plane.id } };
  }
  const egress = sources.map((source) => {
    const asked = half('egress', registry.destinationOf(source));
    const endpoint = `${source.namespace}/${source.name}`;
    return { ...asked, stages: asked.stages.map((stage) => ({ ...stage, endpoint })) };
  });
  return {
    ...ingress,
    stages: [...egress.flatMap(({ stages }) => stages), ...ingress.stages],
    decision: ofBothEnds(
      egress.map(({ decision }) => decision),
      ingress.decision,
    ),
  };
}

/** A denial of the source's end speaks first, then the destination's; of two that allow, the one that a policy made. */
function ofBothEnds(egress: readonly Decision[], ingress: Decision): Decision {
  const denied = [...egress, ingress].find(({ effect }) => effect === 'deny');
  if (denied !== undefined) return denied;
  return ingress.policy === undefined ? (egress[0] ?? ingress) : ingress;
}

function placeStage({ sourceAddress, sourcePrincipal }: Facts, registry: RegistryContext): StageTrace {
  const there = registry.endpointsAt(sourceAddress).map(({ namespace, name }) => `${namespace}/${name}`);
  return {
    kind: 'place',
    name: 'place',
    decision: made('deny', 'place_mismatch'),
    said: `${sourceAddress?.text ?? ''} is the address of ${there.join(', ')}, which is not ${sourcePrincipal}`,
    policies: [],
  };
}

function walk(plane: Plane, scene: Scene, stages: StageTrace[]): Decision {
  for (const stage of plane.stages) {
    const traced =
      stage.kind === 'transport'
        ? evaluateTransport(stage, scene)
        : stage.kind === 'token'
          ? evaluateTokens(stage, scene)
          : evaluateRules(stage, scene);
    stages.push(traced);
    if (traced.decision !== undefined) return traced.decision;
  }
  return made('allow', 'no_policy_applies');
}

function made(effect: Decision['effect'], reason: Reason, policy?: PolicyRef, rule?: number): Decision {
  return {
    effect,
    reason,
    plane: undefined,
    stage: undefined,
    owner: undefined,
    policy,
    rule,
    dryRun: undefined,
    audit: undefined,
  };
}

/** The first policy, root policies first, of which nobody can tell whether it applies. */
function undecidedPolicy(plane: Plane, scene: Scene): PolicyRef | undefined {
  for (const stage of plane.stages) {
    if (stage.kind === 'audit') continue;
    if (stage.kind === 'transport') {
      const { undecided } = selectTransport(stage, scene.destination, scene.registry);
      if (undecided !== undefined) return undecided;
    } else {
      const found = (stage.policies as readonly Pick<Policy, 'ref' | 'subject' | 'mode' | 'providerAskedBy'>[])
        .filter(({ mode, providerAskedBy }) => mode !== 'dry-run' && providerAskedBy !== 'envoy')
        .toSorted((a, b) => Number(a.subject.namespace !== undefined) - Number(b.subject.namespace !== undefined))
        .find(({ subject }) => applies(subject, scene.destination, scene.registry) === 'unknown');
      if (found !== undefined) return found.ref;
    }
  }
  return undefined;
}

function evaluateTransport(stage: TransportStage, { facts, destination, registry }: Scene): StageTrace {
  const { everyPort, ports } = selectTransport(stage, destination, registry);
  const demand = ports.get(facts.destinationPort) ?? everyPort;
  const isNamed = facts.peerNames.some((name) => name !== '');
  const refused = demand.mode === 'strict' && !isNamed;
  return {
    kind: stage.kind,
    name: 'mTLS',
    decision: refused ? made('deny', 'mtls_required', demand.policy) : undefined,
    said: `${facts.destinationPort < 0 ? 'an unknown port' : `port ${facts.destinationPort}`} is ${demand.mode.toUpperCase()}; the caller ${isNamed ? 'has a name' : 'has no certificate'}`,
    policies: [],
  };
}

function evaluateTokens(stage: TokenStage, { facts, destination, registry }: Scene): StageTrace {
  const { rules, policies } = selectTokens(stage, destination, registry);
  const trace = { kind: stage.kind, name: 'tokens', policies: [] };
  if (rules.length === 0) return { ...trace, decision: undefined, said: 'no RequestAuthentication applies' };
  if (facts.protocol === 'tcp') return { ...trace, decision: undefined, said: 'a TCP connection has no tokens' };
  const verdict = facts.verifyTokens(rules);
  if (verdict.accepted) return { ...trace, decision: undefined, said: 'no token, or an accepted one' };
  const refs = new Set(policies);
  const only = refs.size === 1 ? policies[0] : undefined;
  return { ...trace, decision: made('deny', verdict.reason, only), said: verdict.text };
}

/** The rules of a stage that hold, in the stage's order. */
function evaluateRules(stage: RuleStage, scene: Scene): StageTrace {
  const policies = stage.policies
    .filter(({ providerAskedBy }) => providerAskedBy !== 'envoy')
    .map((policy) => tracePolicy(stage, policy, scene));
  const counting = policies.filter(({ applies: is, mode }) => is === 'yes' && (mode === 'enforce' || scene.rehearsing));
  const holding = counting.flatMap((policy) =>
    policy.rules.filter(({ holds }) => holds).map((rule) => ({ policy, rule })),
  );
  const direction = stage.kind === 'first-match' ? { direction: stage.direction ?? 'ingress' } : {};
  const trace = { kind: stage.kind, name: stage.name, ...direction, policies };
  if (stage.kind === 'audit')
    return {
      ...trace,
      decision: undefined,
      said: holding.length === 0 ? 'no rule holds' : `${holding.length} of its rules hold; they decide nothing`,
    };
  if (stage.kind !== 'first-match') {
    holding.sort((a, b) => (envoyId(a.policy.policy, a.rule.index) < envoyId(b.policy.policy, b.rule.index) ? -1 : 1));
  }
  for (const { policy, rule } of holding) {
    const { effect } = rule;
    if (stage.kind === 'first-match' && effect === 'log') continue;
    const named = `rule ${rule.index} of ${policy.policy.namespace}/${policy.policy.name} holds`;
    if (stage.kind === 'first-match' && effect === 'pass')
      return { ...trace, decision: undefined, said: `${named} and passes on` };
    const reason =
      stage.kind === 'delegate' ? 'custom_unavailable' : effect === 'allow' ? 'rule_allowed' : 'rule_denied';
    const decision: Decision = {
      ...made(reason === 'rule_allowed' ? 'allow' : 'deny', reason, policy.policy, rule.index),
      stage: stage.name,
      owner: policy.owner || undefined,
    };
    return { ...trace, decision, said: named };
  }
  return whenNoneHolds(stage, counting.length, trace);
}

function whenNoneHolds(stage: RuleStage, counting: number, trace: Omit<StageTrace, 'decision' | 'said'>): StageTrace {
  if (counting === 0) return { ...trace, decision: undefined, said: 'no policy applies' };
  const onNoMatch =
    stage.kind === 'any-allow' ? 'deny' : stage.kind === 'first-match' ? (stage.onNoMatch ?? 'pass') : 'pass';
  const decision =
    onNoMatch === 'deny'
      ? { ...made('deny', 'no_rule_allowed'), stage: stage.name }
      : onNoMatch === 'allow'
        ? { ...made('allow', 'rule_allowed'), stage: stage.name }
        : undefined;
  return { ...trace, decision, said: `${counted(counting, 'policy', 'policies')} and no rule holds` };
}

const counted = (count: number, one: string, many: string): string =>
  count === 1 ? `one ${one} applies` : `${count} ${many} apply`;

function tracePolicy(stage: RuleStage, policy: Policy, scene: Scene): PolicyTrace {
  const is = applies(policy.subject, scene.destination, scene.registry);
  const { ref, position, mode, owner } = policy;
  const rules = is === 'yes' ? policy.rules.flatMap((rule) => traceRule(stage, rule, scene)) : [];
  return { policy: ref, position, mode, owner, applies: is, rules };
}

function traceRule(stage: RuleStage, rule: Rule, scene: Scene): RuleTrace[] {
  const expr = scene.facts.protocol === 'http' ? rule.http : rule.tcp;
  if (expr === undefined) return [];
  const truth = truthOf(expr, scene);
  const holds = truth === yes || (truth === unknown && unknownHolds(stage.kind, rule.effect));
  return [
    {
      index: rule.index,
      position: rule.position,
      effect: rule.effect,
      holds,
      truth,
      failed: holds ? [] : clauses(expr, false, false, scene),
      met: holds ? clauses(expr, false, true, scene) : [],
    },
  ];
}

/** The truth of a condition (Kleene's logic; unknown only under `strict` or from the registry). */
function truthOf(expr: Expr, scene: Scene): Truth {
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
 * The clauses that keep a condition from being `wanted` (`met` false), or that make it so (`met` true). Of several
 * alternatives the one with the fewest.
 */
function clauses(expr: Expr, negated: boolean, met: boolean, scene: Scene): ClauseTrace[] {
  if (expr.op === 'not') return clauses(expr.of, !negated, met, scene);
  if (expr.op !== 'all' && expr.op !== 'any') {
    const holds = (truthOf(expr, scene) === yes) !== negated;
    return holds === met ? [{ atom: expr, negated, values: shownValues(expr, scene.facts) }] : [];
  }
  const parts = expr.of.map((part) => clauses(part, negated, met, scene));
  const together = (expr.op === 'all') !== negated; // every part counts, or any one would do
  if (together) return parts.flat();
  const holding = expr.of.filter((part) => (truthOf(part, scene) === yes) !== negated);
  const some = met ? parts.filter((_, i) => holding.includes(expr.of[i]!)) : parts;
  return some.toSorted((a, b) => a.length - b.length)[0] ?? [];
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

function stagesWithDryRun(plane: Plane, scene: Scene): boolean {
  return plane.stages.some(
    (stage) =>
      stage.kind !== 'transport' &&
      stage.kind !== 'token' &&
      stage.kind !== 'audit' &&
      stage.policies.some(
        ({ mode, subject }) => mode === 'dry-run' && applies(subject, scene.destination, scene.registry) === 'yes',
      ),
  );
}

function auditOf(plane: Plane, scene: Scene): Decision['audit'] {
  for (const stage of plane.stages) {
    if (stage.kind !== 'audit') continue;
    const { policies } = evaluateRules(stage, scene);
    const holding = policies
      .filter(({ mode }) => mode === 'enforce')
      .flatMap(({ policy, rules }) => rules.filter(({ holds }) => holds).map(({ index }) => ({ policy, rule: index })));
    holding.sort((a, b) => (envoyId(a.policy, a.rule) < envoyId(b.policy, b.rule) ? -1 : 1));
    if (holding[0] !== undefined) return holding[0];
  }
  return undefined;
}
