/**
 * What one plane lets in and the network does not: a rule of layer 7 that no request can use.
 * @module
 */

import type { PlaneTrace, StageTrace } from '../../policy/evaluate/trace.ts';
import type { Policy } from '../../policy/model.ts';
import type { LintFinding } from './lint-finding.ts';
import {
  decidedBy,
  effectIn,
  formOf,
  type LintScene,
  nameOfRule,
  type Party,
  type PlacedRule,
  placeOf,
  type Replay,
} from './lint-scene.ts';
import { asksHttp, namesSource, requestsFor } from './requests.ts';

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
  return layer7.flatMap((placed) => deadIn(placed, scene));
}

function deadIn(placed: PlacedRule, scene: LintScene): LintFinding[] {
  const dead = new Map<string, Passage>();
  const alive = new Set<string>();
  for (const passage of passagesOf(placed, scene)) {
    const caller = passage.from.principal || passage.from.name;
    if (effectIn(passage.replay, 'l4') !== 'deny') alive.add(caller);
    else if (!dead.has(caller)) dead.set(caller, passage);
  }
  const lost = [...dead].filter(([caller]) => !alive.has(caller)).map(([, passage]) => passage);
  return lost.length > 0 && (alive.size === 0 || namesSource(placed.rule.http)) ? [finding(placed, lost, scene)] : [];
}

/** Requests that the rule itself lets through its own plane. */
function* passagesOf(placed: PlacedRule, scene: LintScene): Generator<Passage> {
  const requests = requestsFor(placed.rule.http);
  for (const to of scene.someOf(placed.policy)) {
    const ports = to.endpoint!.ports.length > 0 ? to.endpoint!.ports.map(({ port }) => port) : scene.ports; // pods only
    for (const from of scene.callers) {
      if (from === to) continue;
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
  const [{ to, replay }] = lost as [Passage]; // never empty
  const { said, policies } = blame(replay, scene);
  const { port } = replay.form.destination ?? {};
  const asked = `${replay.form.http?.method ?? 'TCP'} ${replay.form.http?.path ?? ''}`.trim();
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
    message: `${nameOfRule(placed)} (${plane}) lets ${callers} ask ${to.name} for ${asked} on port ${port}, but the network does not: ${said}`,
    fix: `let ${callers} reach ${to.name} on port ${port} in the network policy, or take the caller out of this rule`,
    witness: scene.witness(replay),
    owners: scene.owners(policy, ...policies),
  };
}

interface Blame {
  readonly said: string;
  readonly policies: readonly Pick<Policy, 'ref' | 'position' | 'owner'>[];
}

/** Which policies of the network keep the request out, and where they stand. */
function blame(replay: Replay, scene: LintScene): Blame {
  const plane = scene.traceOf(replay.form).planes.find((each): each is PlaneTrace => each.plane === 'l4');
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
