/**
 * What the network lets through and layer 7 never does, or never looks at.
 * @module
 */
import type { LintFinding } from './lint-finding.ts';
import {
  decidedBy,
  effectIn,
  formOf,
  type LintScene,
  nameOfRule,
  type Party,
  type PlacedRule,
  type Replay,
} from './lint-scene.ts';
import { meshOf } from './mesh.ts';
import { type Asked, asksHttp, requestsFor } from './requests.ts';

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
  const asked: readonly Asked[] = [{}, ...layer7.flatMap(({ rule }) => requestsFor(rule.http))].slice(0, 60);
  const holes = scene.rules.filter(
    ({ plane, stage, rule }) => plane === 'l4' && stage.direction !== 'egress' && rule.effect === 'allow',
  );
  const naked = new Set<string>();
  const isMeshed = meshOf(scene);
  return holes.flatMap((placed) => lookThrough(placed, { asked, scene, naked, isMeshed }));
}

interface Looking {
  readonly asked: readonly Asked[];
  readonly scene: LintScene;
  /** Workloads of which it was said already that no policy of layer 7 speaks of them. */
  readonly naked: Set<string>;
  readonly isMeshed: (party: Party) => boolean;
}

function lookThrough(placed: PlacedRule, { asked, scene, naked, isMeshed }: Looking): LintFinding[] {
  const out: LintFinding[] = [];
  let shut: { readonly replay: Replay; readonly from: Party; readonly to: Party } | undefined;
  let isUsed = false;
  for (const { from, to, replay } of openings(placed, scene)) {
    if (!isMeshed(to)) isUsed = true; // layer 7 says nothing about what reaches it
    if (!isMeshed(to)) continue;
    if (!naked.has(to.name) && isNaked(replay, scene)) {
      naked.add(to.name);
      out.push(missing(placed, from, to, replay, scene));
    }
    if (isUsed) continue;
    const port = replay.form.destination?.port ?? 0;
    isUsed = asked
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
  for (const to of scene.someOf(placed.policy)) {
    for (const from of scene.callers) {
      if (from === to) continue;
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
function isNaked({ decisions }: Replay, scene: LintScene): boolean {
  if (decisions.get('istio')?.reason !== 'no_policy_applies') return false;
  const calico = decisions.get('calico');
  return !scene.rules.some(
    ({ plane, policy, rule }) =>
      plane === 'calico' && policy.ref === calico?.policy && rule.index === calico.rule && asksHttp(rule.http),
  );
}

function unused(
  placed: PlacedRule,
  { replay, from, to }: { readonly replay: Replay; readonly from: Party; readonly to: Party },
  scene: LintScene,
): LintFinding {
  const layer7 = scene.rules.filter(
    ({ plane, stage, policy }) =>
      plane === 'istio' && stage.kind === 'any-allow' && scene.selectedBy(policy).includes(to),
  );
  return {
    ...placed.rule.position,
    severity: 'warning',
    code: 'l4-hole-unused',
    path: '',
    message: `${nameOfRule(placed)} lets ${from.name} reach ${to.name} on port ${replay.form.destination?.port}, but no request of any caller that it lets in passes layer 7`,
    fix: 'close the hole, or let the callers in by an ALLOW policy',
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
