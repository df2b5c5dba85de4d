/**
 * What the network lets through and layer 7 never does, or never looks at.
 * @module
 */
import type { Decision } from '../../policy/decision.ts';
import { otherRule, withOthers } from '../../policy/documents/other-rule.ts';
import type { PolicyRef } from '../../policy/model.ts';
import { meshOf } from './mesh.ts';
import type { Replay } from './scene/asker.ts';
import type { LintFinding } from './scene/lint-finding.ts';
import { decidedBy, effectIn, formOf, type LintScene, nameOfRule } from './scene/lint-scene.ts';
import type { Party } from './scene/party.ts';
import type { PlacedRule } from './scene/placed-rule.ts';
import { type Asked, asksHttp, requestsFor } from './scene/requests.ts';

/** Allow rules of the network for whose connections no request passes layer 7 (`l4-hole-unused`), or none is looked at (`l7-missing`). */
export function unusedHoles(scene: LintScene): LintFinding[] {
  const layer7 = scene.rules.filter(
    ({ plane, stage, rule }) =>
      (plane === 'istio' && stage.kind === 'any-allow') || (plane === 'calico' && asksHttp(rule.http)),
  );
  const hasIstio = scene.deps.model.planes.some(
    ({ id, stages }) => id === 'istio' && stages.some((stage) => 'policies' in stage && stage.policies.length > 0),
  ); // one without rules lets nobody in
  const isAsked = hasIstio || scene.rules.some(({ rule }) => asksHttp(rule.http));
  if (!isAsked) return []; // no policy here has layer 7
  const holes = scene.rules.filter(
    ({ plane, stage, rule }) => plane === 'l4' && stage.direction !== 'egress' && rule.effect === 'allow',
  );
  const looking = {
    scene,
    askedOf: askedOf(layer7, scene),
    naked: new Set<string>(),
    isMeshed: meshOf(scene),
    asksHttpIn: httpRulesOf(scene),
  };
  return scene.eachRule('l4-hole-unused', holes, (placed) => lookThrough(placed, looking));
}

interface Looking {
  /** What policies of layer 7 name for a workload. */
  readonly askedOf: (to: Party) => readonly Asked[];
  readonly scene: LintScene;
  /** Workloads of which it was said already that no policy of layer 7 speaks of them. */
  readonly naked: Set<string>;
  readonly isMeshed: (party: Party) => boolean;
  readonly asksHttpIn: (decision: Decision | undefined) => boolean;
}

function lookThrough(placed: PlacedRule, looking: Looking): LintFinding[] {
  const { askedOf: requestsTo, scene, naked, isMeshed } = looking;
  const out: LintFinding[] = [];
  let shut: { readonly replay: Replay; readonly from: Party; readonly to: Party } | undefined;
  let isUsed = false;
  for (const { from, to, replay } of openings(placed, scene)) {
    if (!isMeshed(to)) isUsed = true; // layer 7 says nothing about what reaches it
    if (!isMeshed(to)) continue;
    if (!naked.has(to.name) && isNaked(replay, looking)) {
      naked.add(to.name);
      out.push(missing(placed, from, to, replay, scene));
    }
    if (isUsed) continue;
    const port = replay.form.destination?.port ?? 0;
    isUsed = requestsTo(to)
      .filter((one) => one.port === undefined || one.port === port)
      .some(
        (one) =>
          passes(scene.replay(formOf(from, to, { ...one, port }))) ||
          passes(scene.replay(formOf(from, to, { port }, 'tcp'))),
      );
    if (!isUsed) shut ??= { replay, from, to };
  }
  if (!isUsed && shut !== undefined) out.push(unused(placed, shut, scene));
  return out;
}

/** Connections that this very rule lets through the network. */
function* openings(placed: PlacedRule, scene: LintScene) {
  const [request] = requestsFor(placed.rule.http);
  if (request === undefined) return;
  const callers = scene.callersOf(placed.rule.http);
  for (const to of scene.someOf(placed.policy)) {
    for (const from of scene.besides(to, callers)) {
      if (scene.isSpent()) return;
      for (const port of request.port === undefined ? scene.ports : [request.port]) {
        const form = formOf(from, to, { port });
        const network = scene.replay(form, 'l4');
        if (effectIn(network, 'l4') !== 'allow' || !decidedBy(network, placed)) continue;
        yield { from, to, replay: scene.replay(form) };
        break; // one port a pair shows what there is to see
      }
    }
  }
}

const passes = (replay: Replay): boolean =>
  replay.decisions.size === 0 || // no policy was asked any more
  [...replay.decisions].every(([plane, { effect }]) => plane === 'l4' || effect === 'allow');

/** No policy of layer 7 had a say in it. */
function isNaked({ decisions }: Replay, { asksHttpIn }: Looking): boolean {
  if (decisions.get('istio')?.reason !== 'no_policy_applies') return false;
  return !asksHttpIn(decisions.get('calico'));
}

/** Tells whether a decision of Calico's was made by a rule about HTTP. */
function httpRulesOf(scene: LintScene): Looking['asksHttpIn'] {
  const rules = new Map<PolicyRef, Set<number>>();
  for (const { plane, policy, rule } of scene.rules) {
    if (plane !== 'calico' || !asksHttp(rule.http)) continue;
    rules.set(policy.ref, (rules.get(policy.ref) ?? new Set()).add(rule.index));
  }
  return (decision) =>
    decision?.policy !== undefined && decision.rule !== undefined
      ? (rules.get(decision.policy)?.has(decision.rule) ?? false)
      : false;
}

const MOST_ASKED = 60;

/** What the rules at a workload name first, then what others name. */
function askedOf(layer7: readonly PlacedRule[], scene: LintScene): Looking['askedOf'] {
  const own = new Map<Party, Asked[]>();
  for (const { policy, rule } of layer7)
    for (const to of scene.selectedBy(policy.subject)) {
      const asked = own.get(to) ?? [];
      own.set(to, asked);
      if (asked.length < MOST_ASKED) asked.push(...requestsFor(rule.http));
    }
  const others: Asked[] = [];
  for (const { rule } of layer7) if (others.length < MOST_ASKED) others.push(...requestsFor(rule.http));
  return (to) => [{}, ...(own.get(to) ?? []), ...others].slice(0, MOST_ASKED);
}

function unused(
  placed: PlacedRule,
  { replay, from, to }: { readonly replay: Replay; readonly from: Party; readonly to: Party },
  scene: LintScene,
): LintFinding {
  const layer7 = scene.rules.filter(
    ({ plane, stage, policy }) => plane === 'istio' && stage.kind === 'any-allow' && scene.selects(policy.subject, to),
  );
  return {
    ...placed.rule.position,
    severity: 'warning',
    code: 'l4-hole-unused',
    path: '',
    message: `${nameOfRule(placed)} lets ${from.name} reach ${to.name} on port ${replay.form.destination?.port}, but no request of any caller that it lets in passes layer 7`,
    fix: 'close the hole, or let the callers in by an ALLOW policy',
    ...withOthers(layer7.map(({ policy: { ref, position } }) => otherRule(ref, position))),
    witness: scene.witness(replay),
    owners: scene.owners(placed.policy, ...layer7.map(({ policy }) => policy)),
  };
}

function missing(placed: PlacedRule, from: Party, to: Party, replay: Replay, scene: LintScene): LintFinding {
  return {
    ...placed.rule.position,
    severity: 'warning',
    code: 'l7-missing',
    path: '',
    message: `${nameOfRule(placed)} lets ${from.name} reach ${to.name}, and no policy of layer 7 speaks of ${to.name}: every request passes`,
    fix: `write an AuthorizationPolicy for ${to.name}`,
    witness: scene.witness(replay),
    owners: scene.owners(placed.policy),
  };
}
