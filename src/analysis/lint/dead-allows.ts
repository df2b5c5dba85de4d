/**
 * What one plane lets in and the network does not: a rule of layer 7 that no request can use.
 * @module
 */

import type { StageTrace } from '../../policy/evaluate/trace.ts';
import type { PlaneId, Policy } from '../../policy/model.ts';
import type { Replay } from './scene/asker.ts';
import type { LintFinding } from './scene/lint-finding.ts';
import { decidedBy, effectIn, formOf, type LintScene, nameOfRule, placeOf } from './scene/lint-scene.ts';
import type { Party } from './scene/party.ts';
import type { PlacedRule } from './scene/placed-rule.ts';
import { asksHttp, namesSource, requestsFor } from './scene/requests.ts';

interface Passage {
  readonly from: Party;
  readonly to: Party;
  readonly replay: Replay;
}

/** One finding a rule: for the callers that it names and that cannot come, or if none of its callers can. */
export function deadAllows(scene: LintScene): LintFinding[] {
  const layer7 = scene.rules.filter(
    ({ plane, stage, rule }) =>
      (plane === 'istio' && stage.kind === 'any-allow') ||
      (plane === 'calico' && rule.effect === 'allow' && asksHttp(rule.http)),
  );
  return scene.eachRule('l7-allow-l4-deny', layer7, (placed) => deadIn(placed, scene));
}

function deadIn(placed: PlacedRule, scene: LintScene): LintFinding[] {
  const dead = new Map<string, Passage>();
  const alive = new Set<string>();
  const areNamed = namesSource(placed.rule.http);
  for (const passage of passagesOf(placed, scene)) {
    const isAlive = deniedBelow(passage.replay) === undefined;
    if (isAlive && !areNamed) return []; // it lets somebody in, and nobody was promised more
    for (const from of scene.alike(passage.from)) {
      const caller = from.principal || from.name;
      if (isAlive) alive.add(caller);
      else if (!dead.has(caller) && from !== passage.to) dead.set(caller, { ...passage, from });
    }
  }
  const lost = [...dead].filter(([caller]) => !alive.has(caller)).map(([, passage]) => passage);
  const inOrder = lost.toSorted((a, b) => scene.orderOf(a.from) - scene.orderOf(b.from));
  return lost.length > 0 ? [finding(placed, inOrder, scene)] : [];
}

/** Requests that the rule itself lets through its own plane. */
function* passagesOf(placed: PlacedRule, scene: LintScene): Generator<Passage> {
  const requests = requestsFor(placed.rule.http);
  const callers = scene.callersOf(placed.rule.http);
  for (const to of scene.someOf(placed.policy)) {
    const ports = to.endpoint!.ports.length > 0 ? to.endpoint!.ports.map(({ port }) => port) : scene.ports; // pods only
    for (const from of scene.besides(to, callers)) {
      if (scene.isSpent()) return;
      for (const request of requests) {
        for (const port of request.port === undefined ? ports : [request.port]) {
          const form = formOf(from, to, { ...request, port });
          const own = scene.replay(form, placed.plane);
          if (effectIn(own, placed.plane) !== 'allow') break; // another port is seldom another verdict of layer 7
          if (decidedBy(own, placed)) yield { from, to, replay: scene.replay(form) };
        }
      }
    }
  }
}

function finding(placed: PlacedRule, lost: readonly Passage[], scene: LintScene): LintFinding {
  const { policy, rule, plane } = placed;
  const [{ from, to, replay: asked }] = lost as [Passage]; // never empty
  const { principal, address } = from;
  const source = { ...(principal !== '' && { principal }), address, port: 40_000 };
  const replay = { ...asked, form: { ...asked.form, source } }; // as one of its class was answered
  const { said, policies } = deniedBelow(asked) === 'site' ? blameSite(asked, scene) : blame(asked, scene, from, to);
  const { port } = replay.form.destination ?? {};
  const wish = `${replay.form.http?.method ?? 'TCP'} ${replay.form.http?.path ?? ''}`.trim();
  const named = lost
    .slice(0, 3)
    .map(({ from }) => from.name)
    .join(', ');
  const callers = lost.length > 3 ? `${named} and ${lost.length - 3} more` : named;
  return {
    ...rule.position,
    severity: 'error',
    code: 'l7-allow-l4-deny',
    path: '',
    message: `${nameOfRule(placed)} (${plane}) lets ${callers} ask ${to.name} for ${wish} on port ${port}, but the network does not: ${said}`,
    fix: `let ${callers} reach ${to.name} on port ${port} in the network policy, or take the caller out of this rule`,
    witness: scene.witness(replay),
    owners: scene.owners(policy, ...policies),
  };
}

interface Blame {
  readonly said: string;
  readonly policies: readonly Pick<Policy, 'ref' | 'position' | 'owner'>[];
}

/** The plane below layer 7 that keeps a request out. */
const deniedBelow = (replay: Replay): PlaneId | undefined =>
  (['l4', 'site'] as const).find((plane) => effectIn(replay, plane) === 'deny');

/** Which rule of the site's own layer keeps the request out. */
function blameSite(replay: Replay, scene: LintScene): Blame {
  const placed = scene.rules.find((each) => each.plane === 'site' && decidedBy(replay, each));
  if (placed === undefined) return { said: "the site's own layer denies it", policies: [] };
  const { stage, rule, policy } = placed;
  return {
    said: `the site's own layer, ${stage.name}: rule ${rule.index} (${placeOf(rule.position)}) denies it`,
    policies: [policy],
  };
}

/** Which policies of the network keep the request out, and where they stand. */
function blame(replay: Replay, scene: LintScene, ...ends: readonly Party[]): Blame {
  const plane = scene.traceOf(replay.form, ...ends);
  const stage = plane?.stages.find(({ decision }) => decision?.effect === 'deny');
  if (stage === undefined) return { said: 'it denies', policies: [] };
  const side = stage.direction === 'egress' ? "the caller's egress" : 'ingress';
  const decided = stage.policies.find(({ policy }) => policy === stage.decision?.policy);
  const standing = decided === undefined ? stage.policies.filter(({ applies }) => applies === 'yes') : [decided];
  const policies = standing.map(({ policy, position, owner }) => ({ ref: policy, position, owner }));
  const names = policies.map(({ ref, position }) => `${ref.kind} ${qualified(ref)} (${placeOf(position)})`).join(', ');
  return {
    said: saidOf(stage, side, decided?.rules.find(({ index }) => index === stage.decision?.rule)?.index, names),
    policies,
  };
}

function saidOf({ name, kind, said }: StageTrace, side: string, rule: number | undefined, names: string): string {
  if (kind === 'place') return said;
  return rule === undefined
    ? `${side}, tier ${name}: no rule of ${names} allows it`
    : `${side}, tier ${name}: rule ${rule} of ${names} denies it`;
}

const qualified = ({ namespace, name }: { readonly namespace: string; readonly name: string }): string =>
  namespace === '' ? name : `${namespace}/${name}`;
