/**
 * Rules whose verdict hangs on how something absent is read: as the policy's own system reads it, or so that it never allows.
 * @module
 */
import type { RequestForm } from '../../admin-api/request-form.ts';
import type { LintFinding } from './lint-finding.ts';
import { effectIn, formOf, type LintScene, nameOfRule, type PlacedRule, type Replay } from './lint-scene.ts';
import { requestsFor } from './requests.ts';

/** What may be absent, and how a request looks without it. */
const corners: readonly { readonly of: string; without(form: RequestForm): RequestForm }[] = [
  { of: 'the caller has no certificate', without: (form) => ({ ...form, source: { ...form.source, principal: '' } }) },
  {
    of: "the caller's name is not of the form /ns/…/sa/…",
    without: (form) => ({ ...form, source: { ...form.source, principal: 'spiffe://cluster.local/another/form' } }),
  },
  {
    of: 'there is no HTTP',
    without: ({ source, destination }) => ({ source, destination }),
  },
];

/** Allowed as upstream reads it and denied strictly, or the other way round: one finding a rule and corner. */
export function absenceDependent(scene: LintScene): LintFinding[] {
  const seen = new Set<string>();
  return scene.rules
    .filter(({ plane, stage, rule }) => plane !== 'l4' && stage.kind !== 'audit' && rule.effect !== 'log')
    .flatMap((placed) => dependentOn(placed, scene, seen));
}

function dependentOn(placed: PlacedRule, scene: LintScene, seen: Set<string>): LintFinding[] {
  const out: LintFinding[] = [];
  const { plane, policy, rule } = placed;
  const [request = {}] = requestsFor(rule.http);
  for (const to of scene.someOf(policy)) {
    for (const from of scene.callers) {
      if (from === to) continue;
      const form = formOf(from, to, { port: scene.ports[0] ?? 8080, ...request });
      for (const { of, without } of corners) {
        const key = JSON.stringify([policy.ref, rule.index, of]);
        if (seen.has(key)) continue;
        const asked = without(form);
        const [upstream, strict] = [scene.replay(asked, plane), scene.replayStrict(asked, plane)];
        const [is, would] = [effectIn(upstream, plane), effectIn(strict, plane)];
        if (is === would || is === undefined || would === undefined) continue;
        if (!isAbout(placed, upstream) && !isAbout(placed, strict)) continue;
        seen.add(key);
        out.push(finding(placed, of, scene.replay(asked), strict, scene));
      }
    }
  }
  return out;
}

const isAbout = ({ plane, policy, rule }: PlacedRule, { decisions }: Replay): boolean => {
  const made = decisions.get(plane);
  return made?.policy === policy.ref && made.rule === rule.index;
};

function finding(placed: PlacedRule, corner: string, upstream: Replay, strict: Replay, scene: LintScene): LintFinding {
  const { plane, policy, rule } = placed;
  const [is, would] = [effectIn(upstream, plane), effectIn(strict, plane)];
  return {
    ...rule.position,
    severity: is === 'allow' ? 'error' : 'warning',
    code: 'absence-dependent',
    path: '',
    message: `${nameOfRule(placed)}: where ${corner}, plane ${plane} says ${is} as ${plane === 'istio' ? 'Istio' : 'Calico'} does, and ${would} when read strictly`,
    fix: 'set absence: strict, or write the rule so that it needs nothing that may be absent',
    witness: scene.witness(upstream),
    owners: scene.owners(policy),
  };
}
