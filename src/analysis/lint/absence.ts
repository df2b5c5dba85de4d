/**
 * Rules whose verdict hangs on how something absent is read: as the policy's own system reads it, or so that it never allows.
 * @module
 */
import type { RequestForm } from '../../admin-api/request-form.ts';
import { identityWithoutMtls } from './identity.ts';
import type { LintFinding } from './lint-finding.ts';
import { effectIn, formOf, type LintScene, nameOfRule, type PlacedRule, type Replay } from './lint-scene.ts';
import { requestsFor } from './requests.ts';

/** What may be absent, and how a request looks without it. */
interface Corner {
  readonly of: string;
  readonly fix: string;
  without(form: RequestForm): RequestForm;
}

const corners: readonly Corner[] = [
  {
    of: 'the caller has no certificate',
    fix: 'demand certificates (PeerAuthentication STRICT)',
    without: (form) => ({ ...form, source: { ...form.source, principal: '' } }),
  },
  {
    of: "the caller's name is not of the form /ns/…/sa/…",
    fix: 'name whom you mean instead of whom you do not mean',
    without: (form) => ({ ...form, source: { ...form.source, principal: 'spiffe://cluster.local/another/form' } }),
  },
  {
    of: 'there is no HTTP',
    fix: 'name the HTTP ports in the rule',
    without: ({ source, destination }) => ({ source, destination }),
  },
];

/** What came out where one thing was absent. */
interface Shown {
  readonly corner: Corner;
  readonly upstream: Replay;
  readonly strict: Replay;
}

/**
 * Allowed as upstream reads it and denied strictly, or the other way round, for want of that one thing alone: with it both agree. One
 * finding a rule; what `identity-without-mtls` says of a rule is not said twice.
 */
export function absenceDependent(scene: LintScene): LintFinding[] {
  const told = new Set(identityWithoutMtls(scene).map(({ file, line, column }) => `${file}:${line}:${column}`));
  return scene.rules
    .filter(({ plane, stage, rule }) => plane !== 'l4' && stage.kind !== 'audit' && rule.effect !== 'log')
    .flatMap((placed) => {
      const { file, line, column } = placed.rule.position;
      const asked = told.has(`${file}:${line}:${column}`) ? corners.slice(1) : corners;
      const shown = asked.flatMap((corner) => dependentOn(placed, corner, scene) ?? []);
      return shown.length === 0 ? [] : [finding(placed, shown, scene)];
    });
}

function dependentOn(placed: PlacedRule, corner: Corner, scene: LintScene): Shown | undefined {
  const { plane, policy, rule } = placed;
  const [request = {}] = requestsFor(rule.http);
  for (const to of scene.someOf(policy)) {
    for (const from of scene.callers) {
      if (from === to) continue;
      const form = formOf(from, to, { port: scene.ports[0] ?? 8080, ...request });
      const upstream = scene.replay(corner.without(form), plane);
      const strict = scene.replayStrict(corner.without(form), plane);
      if (!differ(upstream, strict, plane) || (!isAbout(placed, upstream) && !isAbout(placed, strict))) continue;
      if (differ(scene.replay(form, plane), scene.replayStrict(form, plane), plane)) continue; // something else is absent
      return { corner, upstream: scene.replay(corner.without(form)), strict };
    }
  }
  return undefined;
}

function differ(upstream: Replay, strict: Replay, plane: PlacedRule['plane']): boolean {
  const [is, would] = [effectIn(upstream, plane), effectIn(strict, plane)];
  return is !== undefined && would !== undefined && is !== would;
}

const isAbout = ({ plane, policy, rule }: PlacedRule, { decisions }: Replay): boolean => {
  const made = decisions.get(plane);
  return made?.policy === policy.ref && made.rule === rule.index;
};

function finding(placed: PlacedRule, shown: readonly Shown[], scene: LintScene): LintFinding {
  const { plane, policy, rule } = placed;
  const isAllowed = ({ upstream }: Shown): boolean => effectIn(upstream, plane) === 'allow';
  const worst = shown.some(isAllowed) ? shown.filter(isAllowed) : shown;
  const { upstream, strict } = worst[0]!; // never empty
  const [is, would] = [effectIn(upstream, plane), effectIn(strict, plane)];
  const system = plane === 'istio' ? 'Istio' : 'Calico';
  return {
    ...rule.position,
    severity: is === 'allow' ? 'error' : 'warning',
    code: 'absence-dependent',
    path: '',
    message: `${nameOfRule(placed)}: where ${worst.map(({ corner }) => corner.of).join(', or ')}, plane ${plane} says ${is} as ${system} does, and ${would} when read strictly`,
    fix: `${worst.map(({ corner }) => corner.fix).join('; ')}; or set absence: strict`,
    witness: scene.witness(upstream),
    owners: scene.owners(policy),
  };
}
