/**
 * Policies that read what a proxy that asks by HTTP cannot say: every request to their workloads would be denied (`fact_unknown`).
 * @module
 */
import { cannotSay } from '../../authz/http/unsaid-facts.ts';
import type { Policy, Stage, TokenPolicy, TransportPolicy } from '../../policy/model.ts';
import { type FactName, factsOfPolicy, tokenHeadersOf } from '../../policy/rules/needed-fact.ts';
import type { LintFinding } from './scene/lint-finding.ts';
import type { LintScene } from './scene/lint-scene.ts';

type Reading = readonly [policy: Policy | TokenPolicy | TransportPolicy, fact: FactName, rule: number | undefined];

/** One finding a policy and fact; none where no proxy is named. The network is left out: it is not asked about requests. */
export function unsaidByProxy({ deps, owners }: LintScene): LintFinding[] {
  const { proxy, model } = deps;
  if (proxy === undefined) return [];
  const stages = model.planes.filter(({ id }) => id === 'istio' || id === 'calico').flatMap((plane) => plane.stages);
  return stages.flatMap((stage) =>
    [...readingsOf(stage)].flatMap(([policy, fact, rule]): LintFinding[] => {
      const why = cannotSay(proxy, fact);
      if (why === undefined) return [];
      const { kind, namespace, name } = policy.ref;
      const by = `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}${rule === undefined ? '' : ` rule ${rule}`}`;
      return [
        {
          ...policy.position,
          severity: 'warning',
          code: 'proxy-cannot-say',
          path: 'spec',
          message: `${by} reads ${fact}, and ${proxy} does not say it: every request to its workloads would be denied as fact_unknown`,
          fix: why,
          witness: null,
          owners: owners(policy),
        },
      ];
    }),
  );
}

function* readingsOf(stage: Stage): Iterable<Reading> {
  if (stage.kind === 'audit') return;
  if (stage.kind === 'transport') {
    for (const policy of stage.policies) if (policy.ports.length > 0) yield [policy, 'destination.port', undefined];
    return;
  }
  if (stage.kind === 'token') {
    for (const policy of stage.policies)
      for (const rule of policy.rules) for (const fact of tokenHeadersOf(rule)) yield [policy, fact, undefined];
    return;
  }
  for (const policy of stage.policies) {
    if (policy.mode === 'dry-run') continue;
    for (const [fact, rule] of factsOfPolicy(policy)) yield [policy, fact, rule];
  }
}
