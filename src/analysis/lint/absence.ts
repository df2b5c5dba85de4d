/**
 * Rules whose verdict hangs on how something absent is read: as the policy's own system reads it, or so that it never allows.
 * @module
 */
import type { RequestForm } from '../../admin-api/request-form.ts';
import { identityWithoutMtls } from './identity.ts';
import type { Replay } from './scene/asker.ts';
import type { LintFinding } from './scene/lint-finding.ts';
import { effectIn, formOf, type LintScene, nameOfRule } from './scene/lint-scene.ts';
import type { Party } from './scene/party.ts';
import type { PlacedRule } from './scene/placed-rule.ts';
import { requestsFor } from './scene/requests.ts';

/** What may be absent, and how a request looks without it. */
interface Corner {
  readonly of: string;
  readonly fix: string;
  /** The caller's own name is still there. */
  readonly keepsName?: true;
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
    keepsName: true,
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
  const rules = scene.rules.filter(
    ({ plane, stage, rule }) => plane !== 'l4' && plane !== 'site' && stage.kind !== 'audit' && rule.effect !== 'log',
  );
  return scene.eachRule('absence-dependent', rules, (placed) => {
    const { file, line, column } = placed.rule.position;
    const asked = told.has(`${file}:${line}:${column}`) ? corners.slice(1) : corners;
    const shown = asked.flatMap((corner) => dependentOn(placed, corner, scene) ?? []);
    return shown.length === 0 ? [] : [finding(placed, shown, scene)];
  });
}

function dependentOn(placed: PlacedRule, corner: Corner, scene: LintScene): Shown | undefined {
  const { plane, policy, rule } = placed;
  const [request = {}] = requestsFor(rule.http);
  const groups = groupsOf(placed, corner, scene);
  for (const to of scene.someOf(policy)) {
    const formFrom = (from: Party): RequestForm => formOf(from, to, { port: scene.ports[0] ?? 8080, ...request });
    for (const group of groups) {
      if (scene.isSpent()) return undefined;
      const callers = scene.besides(to, group);
      const [first] = callers;
      if (first === undefined) continue;
      const form = corner.without(formFrom(first));
      const upstream = scene.replay(form, plane);
      const strict = scene.replayStrict(form, plane);
      if (!differ(upstream, strict, plane) || (!isAbout(placed, upstream) && !isAbout(placed, strict))) continue;
      const from = callers.find((each) => {
        const whole = formFrom(each);
        return !differ(scene.replay(whole, plane), scene.replayStrict(whole, plane), plane); // else something else is absent
      });
      if (from !== undefined) return { corner, upstream: scene.show(corner.without(formFrom(from))), strict };
    }
  }
  return undefined;
}

/** Callers of whom one is as good as the other once that thing is absent. */
function groupsOf({ plane, rule }: PlacedRule, corner: Corner, scene: LintScene): readonly (readonly Party[])[] {
  if (corner.keepsName) return scene.callersOf(rule.http).map((each) => [each]);
  return plane === 'istio' ? scene.places : scene.callersOf(rule.http, 'place').map((each) => [each]);
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
