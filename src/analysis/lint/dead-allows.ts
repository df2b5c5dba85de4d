/**
 * What one plane lets in and the network does not: a rule of layer 7 that no request can use.
 * @module
 */

import { type OtherRule, otherRule, withOthers } from '../../policy/documents/other-rule.ts';
import type { StageTrace } from '../../policy/evaluate/trace.ts';
import type { Expr, PlaneId, Policy, PortRange } from '../../policy/model.ts';
import { disagrees } from '../proofs/replay.ts';
import { BoundMet } from '../regions/bound.ts';
import { NONE, type Region } from '../regions/diagrams.ts';
import { type BetweenPods, createBetweenPods, type Passage } from './exact/between-pods.ts';
import type { Replay } from './scene/asker.ts';
import type { LintFinding } from './scene/lint-finding.ts';
import { decidedBy, effectIn, type LintScene, nameOfRule, placeOf } from './scene/lint-scene.ts';
import type { Party } from './scene/party.ts';
import { otherOf, type PlacedRule } from './scene/placed-rule.ts';
import { asksHttp, namesSource } from './scene/requests.ts';

/** A caller whom the network keeps out, and where. */
interface Lost {
  readonly from: Party;
  readonly to: Party;
  readonly passage: Passage;
}

/**
 * Callers that a rule names and the network never lets through, or all if it lets nobody; else ports that it names and that nobody gets to.
 * Worked out for all requests between the pods of today. One finding a rule.
 */
export function deadAllows(scene: LintScene): LintFinding[] {
  const layer7 = scene.rules.filter(
    ({ plane, stage, rule }) =>
      (plane === 'istio' && stage.kind === 'any-allow') ||
      (plane === 'calico' && rule.effect === 'allow' && asksHttp(rule.http)),
  );
  if (layer7.length === 0) return [];
  let between: BetweenPods | undefined;
  return scene.eachRule('l7-allow-l4-deny', layer7, (placed) => {
    try {
      between ??= createBetweenPods(scene);
      return deadIn(placed, between, scene);
    } catch (thrown) {
      if (!(thrown instanceof BoundMet)) throw thrown;
      scene.giveUp();
      return [];
    }
  });
}

function deadIn(placed: PlacedRule, between: BetweenPods, scene: LintScene): LintFinding[] {
  const { diagrams } = between;
  const areNamed = namesSource(placed.rule.http);
  const ports = portsNamed(placed.rule.http).map((range) => ({ range, region: between.atPorts([range]) }));
  const shut = new Map(ports.length > 1 ? ports.map((each) => [each, undefined as Lost | undefined]) : []);
  const dead = new Map<string, Lost>();
  const alive = new Set<string>();
  for (const { from, to, passage } of passagesOf(placed, between, scene)) {
    const isAlive = passage.open !== NONE;
    for (const [each] of shut) {
      if (diagrams.and(passage.open, each.region) !== NONE) shut.delete(each);
      else if (diagrams.and(passage.own, each.region) !== NONE) shut.set(each, shut.get(each) ?? { from, to, passage });
    }
    if (isAlive && !areNamed && shut.size === 0) return []; // it lets somebody in, and nobody was promised more
    for (const one of scene.alike(from)) {
      const caller = one.principal || one.name;
      if (isAlive) alive.add(caller);
      else if (!dead.has(caller) && one !== to) dead.set(caller, { from: one, to, passage });
    }
  }
  if (scene.isSpent()) return []; // who was not asked about may come through
  const lost =
    areNamed || alive.size === 0 ? [...dead].flatMap(([caller, each]) => (alive.has(caller) ? [] : each)) : [];
  if (lost.length > 0) {
    const inOrder = lost.toSorted((a, b) => scene.orderOf(a.from) - scene.orderOf(b.from));
    return [finding(placed, inOrder, scene)];
  }
  const closed = [...shut].flatMap(([{ range, region }, one]) => (one === undefined ? [] : [{ range, region, one }]));
  return closed.length > 0 ? [portFinding(placed, closed, between, scene)] : [];
}

/** Ways from one to another on which the rule itself lets something through its own plane. */
function* passagesOf(placed: PlacedRule, between: BetweenPods, scene: LintScene): Generator<Lost> {
  const callers = scene.callersOf(placed.rule.http);
  for (const to of scene.selectedBy(placed.policy.subject))
    for (const from of scene.besides(to, callers)) {
      if (!scene.take()) return;
      for (const passage of between.passages(placed, from, to)) yield { from, to, passage };
    }
}

function portsNamed(expr: Expr): readonly PortRange[] {
  if (expr.op === 'all' || expr.op === 'any') return expr.of.flatMap(portsNamed);
  return expr.op === 'port' && expr.fact === 'destinationPort' ? expr.any : [];
}

/** The real decision about a request of a region; undefined where it cannot be written. @throws GatehouseError `internal` if it disagrees */
function replayed({ plane }: PlacedRule, { passage }: Lost, region: Region, scene: LintScene): Replay | undefined {
  const witness = written(() => passage.witness(region));
  if (witness === undefined || witness.claims !== undefined) return undefined; // a token of ours would not be believed
  const replay = scene.show(witness.request);
  const own = effectIn(replay, plane);
  if (own !== 'allow' || deniedBelow(replay) === undefined)
    throw disagrees(witness, `allow (${plane}), deny below`, own);
  return replay;
}

function finding(placed: PlacedRule, lost: readonly Lost[], scene: LintScene): LintFinding {
  const [first] = lost as readonly [Lost, ...Lost[]]; // never empty
  const { from, to } = first;
  const named = lost
    .slice(0, 3)
    .map((one) => one.from.name)
    .join(', ');
  const callers = lost.length > 3 ? `${named} and ${lost.length - 3} more` : named;
  const replay = asCaller(replayed(placed, first, first.passage.own, scene), from);
  const { said, policies, others } = replay === undefined ? nothingSaid : blamed(replay, scene, from, to);
  const what = replay === undefined ? '' : ` for ${wishOf(replay)} on port ${replay.form.destination?.port}`;
  return {
    ...placed.rule.position,
    severity: 'error',
    code: 'l7-allow-l4-deny',
    path: '',
    message: `${nameOfRule(placed)} (${placed.plane}) lets ${callers} ask ${to.name}${what}, but the network does not: ${said}`,
    fix: `let ${callers} reach ${to.name} in the network policy, or take the caller out of this rule`,
    ...withOthers(others),
    witness: replay === undefined ? null : scene.witness(replay),
    owners: scene.owners(placed.policy, ...policies),
  };
}

interface Closed {
  readonly range: PortRange;
  readonly region: Region;
  readonly one: Lost;
}

/** Some of the ports that a rule names nobody gets to. */
function portFinding(
  placed: PlacedRule,
  closed: readonly Closed[],
  { diagrams }: BetweenPods,
  scene: LintScene,
): LintFinding {
  const [{ one, region }] = closed as readonly [Closed, ...Closed[]]; // never empty
  const { from, to, passage } = one;
  const replay = replayed(placed, one, diagrams.and(passage.own, region), scene);
  const { said, policies, others } = replay === undefined ? nothingSaid : blamed(replay, scene, from, to);
  const ports = closed.map(({ range }) => (range.from === range.to ? `${range.from}` : `${range.from}-${range.to}`));
  return {
    ...placed.rule.position,
    severity: 'warning',
    code: 'l7-allow-l4-deny',
    path: '',
    message: `${nameOfRule(placed)} (${placed.plane}) lets callers in on port ${ports.join(', ')}, where the network lets none of them through, such as ${from.name} to ${to.name}: ${said}`,
    fix: 'open the port in the network policy, or take it out of this rule',
    ...withOthers(others),
    witness: replay === undefined ? null : scene.witness(replay),
    owners: scene.owners(placed.policy, ...policies),
  };
}

/** The same request by one of the class that was asked about. */
function asCaller(replay: Replay | undefined, { principal, address }: Party): Replay | undefined {
  if (replay === undefined) return undefined;
  const isShown = replay.form.source?.principal !== undefined && principal !== '';
  const source = { ...replay.form.source, ...(isShown && { principal }), address };
  return { ...replay, form: { ...replay.form, source } };
}

const wishOf = ({ form: { http } }: Replay): string => (http === undefined ? 'TCP' : `${http.method} ${http.path}`);

interface Blame {
  readonly said: string;
  readonly policies: readonly Pick<Policy, 'ref' | 'position' | 'owner'>[];
  /** The rule that denies, or the policies of which none allows. */
  readonly others: readonly OtherRule[];
}

const nothingSaid: Blame = { said: 'no policy of it allows it', policies: [], others: [] };

const blamed = (replay: Replay, scene: LintScene, from: Party, to: Party): Blame =>
  deniedBelow(replay) === 'site' ? blameSite(replay, scene) : blame(replay, scene, from, to);

/** The plane below layer 7 that keeps a request out. */
const deniedBelow = (replay: Replay): PlaneId | undefined =>
  (['l4', 'site'] as const).find((plane) => effectIn(replay, plane) === 'deny');

/** Which rule of the site's own layer keeps the request out. */
function blameSite(replay: Replay, scene: LintScene): Blame {
  const placed = scene.rules.find((each) => each.plane === 'site' && decidedBy(replay, each));
  if (placed === undefined) return { said: "the site's own layer denies it", policies: [], others: [] };
  const { stage, rule, policy } = placed;
  return {
    said: `the site's own layer, ${stage.name}: rule ${rule.index} (${placeOf(rule.position)}) denies it`,
    policies: [policy],
    others: [otherOf(placed)],
  };
}

/** Which policies of the network keep the request out, and where they stand. */
function blame(replay: Replay, scene: LintScene, ...ends: readonly Party[]): Blame {
  const plane = scene.traceOf(replay.form, ...ends);
  const stage = plane?.stages.find(({ decision }) => decision?.effect === 'deny');
  if (stage === undefined) return { said: 'it denies', policies: [], others: [] };
  const side = stage.direction === 'egress' ? "the caller's egress" : 'ingress';
  const decided = stage.policies.find(({ policy }) => policy === stage.decision?.policy);
  const standing = decided === undefined ? stage.policies.filter(({ applies }) => applies === 'yes') : [decided];
  const policies = standing.map(({ policy, position, owner }) => ({ ref: policy, position, owner }));
  const names = policies.map(({ ref, position }) => `${ref.kind} ${qualified(ref)} (${placeOf(position)})`).join(', ');
  const rule = decided?.rules.find(({ index }) => index === stage.decision?.rule);
  const others = policies.map(({ ref, position }) => otherRule(ref, rule?.position ?? position, rule?.index));
  return { said: saidOf(stage, side, rule?.index, names), policies, others };
}

function saidOf({ name, kind, said }: StageTrace, side: string, rule: number | undefined, names: string): string {
  if (kind === 'place') return said;
  return rule === undefined
    ? `${side}, tier ${name}: no rule of ${names} allows it`
    : `${side}, tier ${name}: rule ${rule} of ${names} denies it`;
}

const qualified = ({ namespace, name }: { readonly namespace: string; readonly name: string }): string =>
  namespace === '' ? name : `${namespace}/${name}`;

/** Undefined for a request that we cannot write. */
function written<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (thrown) {
    if (thrown instanceof BoundMet) return undefined;
    throw thrown;
  }
}
