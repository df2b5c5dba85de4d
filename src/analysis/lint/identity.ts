/**
 * Rules that ask for the caller's identity where it is not proven: no mTLS, or a trust domain that is not compared.
 * @module
 */
import type { RequestForm } from '../../admin-api/request-form.ts';
import type { Replay } from './scene/asker.ts';
import type { LintFinding } from './scene/lint-finding.ts';
import { decidedBy, effectIn, formOf, type LintScene, nameOfRule } from './scene/lint-scene.ts';
import type { Party } from './scene/party.ts';
import type { PlacedRule } from './scene/placed-rule.ts';
import { asksIdentity, requestsFor } from './scene/requests.ts';

/** Istio rules on principals at workloads that take plaintext (`identity-without-mtls`). */
export function identityWithoutMtls(scene: LintScene): readonly LintFinding[] {
  const known = told.get(scene);
  if (known !== undefined) return known;
  const rules = scene.rules.filter(
    ({ plane, stage, rule }) => plane === 'istio' && stage.kind !== 'audit' && asksIdentity(rule.http),
  );
  const found = scene.eachRule('identity-without-mtls', rules, (placed) => plaintextPast(placed, scene) ?? []);
  told.set(scene, found);
  return found;
}

/** Asked once a scene: another check builds on it. */
const told = new WeakMap<LintScene, readonly LintFinding[]>();

function plaintextPast(placed: PlacedRule, scene: LintScene): LintFinding[] | undefined {
  let refused: Replay | undefined;
  for (const { from, to, form, plain } of plainTries(placed, scene)) {
    const outcome = plain.decisions.get('istio');
    // By what came without a certificate alone: what the transport refuses gets past nobody.
    if (outcome?.effect === 'allow' && decidedBy(plain, placed))
      return withoutMtls(
        placed,
        plain,
        `lets ${from.name} reach ${to.name} without a certificate: whoever has none is none of those it names`,
        'error',
        scene,
      );
    if (outcome?.effect !== 'allow' && outcome?.reason !== 'no_rule_allowed') continue;
    const named = scene.replay(form, 'istio');
    if (!decidedBy(named, placed)) continue;
    if (effectIn(named, 'istio') === 'deny' && outcome.effect === 'allow')
      return withoutMtls(
        placed,
        plain,
        `denies ${from.name}, who gets past it to ${to.name} without a certificate`,
        'error',
        scene,
      );
    if (effectIn(named, 'istio') === 'allow' && outcome.reason === 'no_rule_allowed') refused ??= plain;
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

/** Requests with what comes of them without a certificate, which is one for all callers at places of one kind. */
function* plainTries(placed: PlacedRule, scene: LintScene): Generator<Try & { readonly plain: Replay }> {
  const somewhere = scene.places.flatMap((those) => those.find(({ endpoint }) => endpoint !== undefined) ?? []);
  const named = scene.callersOf(placed.rule.http);
  const callers = [...new Set([...somewhere, ...named])].sort((a, b) => scene.orderOf(a) - scene.orderOf(b));
  const plains = new Map<string, Replay>();
  for (const one of triesOf(placed, scene, callers)) {
    const { from, to, form } = one;
    const key = JSON.stringify([to.name, scene.firstAtPlaceOf(from).name, form.http, form.destination?.port]);
    const without = { ...form, source: { ...form.source, principal: '' } };
    const { decisions } = plains.get(key) ?? scene.replay(without, 'istio');
    const plain = { form: without, decisions };
    plains.set(key, plain);
    yield { ...one, plain };
  }
}

interface Try {
  readonly from: Party;
  readonly to: Party;
  readonly form: RequestForm;
}

function* triesOf({ policy, rule }: PlacedRule, scene: LintScene, callers: readonly Party[]): Generator<Try> {
  const requests = requestsFor(rule.http);
  for (const to of scene.someOf(policy))
    for (const from of scene.besides(to, callers))
      if (from.endpoint !== undefined)
        for (const request of requests) yield { from, to, form: formOf(from, to, request) };
}

function withoutMtls(
  placed: PlacedRule,
  replay: Replay,
  said: string,
  severity: 'error' | 'warning',
  scene: LintScene,
): LintFinding[] {
  const finding: LintFinding = {
    ...placed.rule.position,
    severity,
    code: 'identity-without-mtls',
    path: '',
    message: `${nameOfRule(placed)} ${said}`,
    fix: 'set PeerAuthentication STRICT for the workload',
    witness: scene.witness(scene.show(replay.form)),
    owners: scene.owners(placed.policy),
  };
  return [finding];
}

const FOREIGN = 'foreign.example';

/** Calico rules on service accounts and namespaces, which hold for the same name in any trust domain (`trust-domain-blind`). */
export function trustDomainBlind(scene: LintScene): LintFinding[] {
  const own = `spiffe://${scene.deps.trustDomain}/`;
  const rules = scene.rules.filter(
    ({ plane, rule }) => plane === 'calico' && rule.effect === 'allow' && asksIdentity(rule.http),
  );
  return scene.eachRule('trust-domain-blind', rules, (placed) => {
    for (const { from, to, form } of triesOf(placed, scene, scene.callersOf(placed.rule.http))) {
      const principal = from.principal.replace(own, `spiffe://${FOREIGN}/`);
      const replay = scene.replay({ ...form, source: { ...form.source, principal } });
      if (effectIn(replay, 'calico') === 'allow' && decidedBy(replay, placed))
        return [blind(placed, from, to, replay, scene)];
    }
    return [];
  });
}

const blind = (placed: PlacedRule, from: Party, to: Party, replay: Replay, scene: LintScene): LintFinding => ({
  ...placed.rule.position,
  severity: 'warning',
  code: 'trust-domain-blind',
  path: '',
  message: `${nameOfRule(placed)} lets the service account of ${from.name} reach ${to.name} whatever its trust domain, also ${FOREIGN}`,
  fix: 'set extAuthz.peerTrustDomains: own, or say the trust domain in an AuthorizationPolicy',
  witness: scene.witness(replay),
  owners: scene.owners(placed.policy),
});
