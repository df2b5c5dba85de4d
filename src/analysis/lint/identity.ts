/**
 * Rules that ask for the caller's identity where it is not proven: no mTLS, or a trust domain that is not compared.
 * @module
 */
import type { RequestForm } from '../../admin-api/request-form.ts';
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
import { asksIdentity, requestsFor } from './requests.ts';

/** Istio rules on principals at workloads that take plaintext (`identity-without-mtls`). */
export function identityWithoutMtls(scene: LintScene): LintFinding[] {
  return scene.rules
    .filter(({ plane, stage, rule }) => plane === 'istio' && stage.kind !== 'audit' && asksIdentity(rule.http))
    .flatMap((placed) => plaintextPast(placed, scene) ?? []);
}

function plaintextPast(placed: PlacedRule, scene: LintScene): LintFinding | undefined {
  let refused: Replay | undefined;
  for (const { from, to, form } of triesOf(placed, scene)) {
    const named = scene.replay(form, 'istio');
    const plain = scene.replay({ ...form, source: { ...form.source, principal: '' } });
    const holds = decidedBy(named, placed);
    if (effectIn(named, 'istio') === 'deny' && holds && effectIn(plain, 'istio') === 'allow')
      return withoutMtls(
        placed,
        plain,
        `denies ${from.name}, who gets past it to ${to.name} without a certificate`,
        'error',
        scene,
      );
    if (effectIn(plain, 'istio') === 'allow' && decidedBy(plain, placed))
      return withoutMtls(
        placed,
        plain,
        `lets ${from.name} reach ${to.name} without a certificate: whoever has none is none of those it names`,
        'error',
        scene,
      );
    if (holds && effectIn(named, 'istio') === 'allow' && plain.decisions.get('istio')?.reason === 'no_rule_allowed')
      refused ??= plain;
  }
  return (
    refused &&
    withoutMtls(
      placed,
      refused,
      'asks for a principal at a workload that takes plaintext: whoever comes without mTLS is refused by the rule, not by the transport',
      'warning',
      scene,
    )
  );
}

function* triesOf(
  { policy, rule }: PlacedRule,
  scene: LintScene,
): Generator<{ from: Party; to: Party; form: RequestForm }> {
  const requests = requestsFor(rule.http);
  for (const to of scene.someOf(policy))
    for (const from of scene.pods)
      if (from !== to) for (const request of requests) yield { from, to, form: formOf(from, to, request) };
}

function withoutMtls(
  placed: PlacedRule,
  replay: Replay,
  said: string,
  severity: 'error' | 'warning',
  scene: LintScene,
): LintFinding {
  return {
    ...placed.rule.position,
    severity,
    code: 'identity-without-mtls',
    path: '',
    message: `${nameOfRule(placed)} ${said}`,
    fix: 'set PeerAuthentication STRICT for the workload',
    witness: scene.witness(replay),
    owners: scene.owners(placed.policy),
  };
}

const FOREIGN = 'foreign.example';

/** Calico rules on service accounts and namespaces, which hold for the same name in any trust domain (`trust-domain-blind`). */
export function trustDomainBlind(scene: LintScene): LintFinding[] {
  const own = `spiffe://${scene.deps.trustDomain}/`;
  return scene.rules
    .filter(({ plane, rule }) => plane === 'calico' && rule.effect === 'allow' && asksIdentity(rule.http))
    .flatMap((placed) => {
      for (const { from, to, form } of triesOf(placed, scene)) {
        const replay = scene.replay({
          ...form,
          source: { ...form.source, principal: from.principal.replace(own, `spiffe://${FOREIGN}/`) },
        });
        if (effectIn(replay, 'calico') !== 'allow' || !decidedBy(replay, placed)) continue;
        return [
          {
            ...placed.rule.position,
            severity: 'warning' as const,
            code: 'trust-domain-blind',
            path: '',
            message: `${nameOfRule(placed)} lets the service account of ${from.name} reach ${to.name} whatever its trust domain, also ${FOREIGN}`,
            fix: 'set extAuthz.peerTrustDomains: own, or say the trust domain in an AuthorizationPolicy',
            witness: scene.witness(replay),
            owners: scene.owners(placed.policy),
          },
        ];
      }
      return [];
    });
}
