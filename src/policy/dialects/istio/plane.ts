/**
 * Puts all Istio documents together to one plane.
 * @module
 */
import type { Plane, Policy, RuleStage } from '../../model.ts';
import type { Contribution, IstioRuleStage } from '../contribution.ts';

const names: Readonly<Record<IstioRuleStage, string>> = {
  delegate: 'CUSTOM',
  audit: 'AUDIT',
  'any-deny': 'DENY',
  'any-allow': 'ALLOW',
};

/**
 * The stages in the order in which a sidecar walks them: transport, CUSTOM, tokens, AUDIT, DENY, ALLOW. All are always
 * there, so that a compiled program has one form; one without policies selects no workload.
 */
export function istioPlane(contributions: readonly Contribution[]): Plane {
  const rules = new Map<IstioRuleStage, Policy[]>();
  const tokens = [];
  const transport = [];
  for (const contribution of contributions) {
    switch (contribution.to) {
      case 'istio-rules': {
        const policies = rules.get(contribution.stage);
        if (policies === undefined) rules.set(contribution.stage, [contribution.policy]);
        else policies.push(contribution.policy);
        break;
      }
      case 'istio-tokens':
        tokens.push(contribution.policy);
        break;
      case 'istio-transport':
        transport.push(contribution.policy);
        break;
      default:
    }
  }
  const stage = (kind: IstioRuleStage): RuleStage => ({ kind, name: names[kind], policies: rules.get(kind) ?? [] });
  return {
    id: 'istio',
    mode: 'enforce',
    stages: [
      { kind: 'transport', policies: transport },
      stage('delegate'),
      { kind: 'token', policies: tokens },
      stage('audit'),
      stage('any-deny'),
      stage('any-allow'),
    ],
  };
}
