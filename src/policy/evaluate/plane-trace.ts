/**
 * The stages of one plane, in order: the first that decides ends it.
 * @module
 */
import type { Decision } from '../decision.ts';
import { envoyId } from '../meaning/envoy-id.ts';
import { applies } from '../meaning/subject.ts';
import { selectTokens } from '../meaning/token-stage.ts';
import { selectTransport } from '../meaning/transport-stage.ts';
import type { Plane, Policy, PolicyRef, TokenStage, TransportStage } from '../model.ts';
import { evaluateRules } from './rule-stage-trace.ts';
import { made, type Scene } from './scene.ts';
import type { PlaneTrace, StageTrace } from './trace.ts';

/** Evaluates the stages of a plane for one workload, with what dry-run and audit policies say. */
export function evaluateStages(plane: Plane, scene: Scene): PlaneTrace {
  const stages: StageTrace[] = [];
  const mode = modeOf(plane);
  const undecided = undecidedPolicy(plane, scene);
  if (undecided !== undefined) {
    const decision: Decision = { ...made('deny', 'labels_unknown', undecided), plane: plane.id };
    return { plane: plane.id, mode, stages, decision };
  }
  const enforced = walk(plane, scene, stages);
  const hasDryRun = stagesWithDryRun(plane, scene);
  const rehearsed = hasDryRun ? walk(plane, { ...scene, rehearsing: true }, []) : undefined;
  const decision: Decision = {
    ...enforced,
    plane: plane.id,
    dryRun: rehearsed && { effect: rehearsed.effect, policy: rehearsed.policy },
    audit: auditOf(plane, scene),
  };
  return { plane: plane.id, mode, stages, decision };
}

const modeOf = ({ mode }: Plane): PlaneTrace['mode'] => (mode === 'observe' ? 'observe' : 'enforce');

function walk(plane: Plane, scene: Scene, stages: StageTrace[]): Decision {
  for (const stage of plane.stages) {
    const traced =
      stage.kind === 'transport'
        ? evaluateTransport(stage, scene)
        : stage.kind === 'token'
          ? evaluateTokens(stage, scene)
          : evaluateRules(stage, scene);
    stages.push(traced);
    if (traced.decision !== undefined) return traced.decision;
  }
  return made('allow', 'no_policy_applies');
}

/** The first policy, root policies first, that may apply or not: the workload's labels are unknown. */
function undecidedPolicy(plane: Plane, scene: Scene): PolicyRef | undefined {
  for (const stage of plane.stages) {
    if (stage.kind === 'audit') continue;
    if (stage.kind === 'transport') {
      const { undecided } = selectTransport(stage, scene.destination, scene.registry);
      if (undecided !== undefined) return undecided;
    } else {
      const found = (stage.policies as readonly Pick<Policy, 'ref' | 'subject' | 'mode' | 'providerAskedBy'>[])
        .filter(({ mode, providerAskedBy }) => mode !== 'dry-run' && providerAskedBy !== 'envoy')
        .toSorted((a, b) => Number(a.subject.namespace !== undefined) - Number(b.subject.namespace !== undefined))
        .find(({ subject }) => applies(subject, scene.destination, scene.registry) === 'unknown');
      if (found !== undefined) return found.ref;
    }
  }
  return undefined;
}

function evaluateTransport(stage: TransportStage, { facts, destination, registry }: Scene): StageTrace {
  const { everyPort, ports } = selectTransport(stage, destination, registry);
  const demand = ports.get(facts.destinationPort) ?? everyPort;
  const isNamed = facts.peerNames.some((name) => name !== '');
  const refused = demand.mode === 'strict' && !isNamed;
  return {
    kind: stage.kind,
    name: 'mTLS',
    decision: refused ? made('deny', 'mtls_required', demand.policy) : undefined,
    said: `${facts.destinationPort < 0 ? 'an unknown port' : `port ${facts.destinationPort}`} is ${demand.mode.toUpperCase()}; the caller ${isNamed ? 'has a name' : 'has no certificate'}`,
    policies: [],
  };
}

function evaluateTokens(stage: TokenStage, { facts, destination, registry }: Scene): StageTrace {
  const { rules, policies } = selectTokens(stage, destination, registry);
  const issuers = [...new Set(rules.map(({ issuer }) => issuer))];
  const trace = { kind: stage.kind, name: 'tokens', policies: [], issuers };
  if (rules.length === 0) return { ...trace, decision: undefined, said: 'no RequestAuthentication applies' };
  if (facts.protocol === 'tcp') return { ...trace, decision: undefined, said: 'a TCP connection has no tokens' };
  const verdict = facts.verifyTokens(rules);
  if (verdict.accepted) return { ...trace, decision: undefined, said: 'no token, or an accepted one' };
  const refs = new Set(policies);
  const only = refs.size === 1 ? policies[0] : undefined;
  return { ...trace, decision: made('deny', verdict.reason, only), said: verdict.text };
}

function stagesWithDryRun(plane: Plane, scene: Scene): boolean {
  return plane.stages.some(
    (stage) =>
      stage.kind !== 'transport' &&
      stage.kind !== 'token' &&
      stage.kind !== 'audit' &&
      stage.policies.some(
        ({ mode, subject }) => mode === 'dry-run' && applies(subject, scene.destination, scene.registry) === 'yes',
      ),
  );
}

function auditOf(plane: Plane, scene: Scene): Decision['audit'] {
  for (const stage of plane.stages) {
    if (stage.kind !== 'audit') continue;
    const { policies } = evaluateRules(stage, scene);
    const holding = policies
      .filter(({ mode }) => mode === 'enforce')
      .flatMap(({ policy, rules }) => rules.filter(({ holds }) => holds).map(({ index }) => ({ policy, rule: index })));
    holding.sort((a, b) => (envoyId(a.policy, a.rule) < envoyId(b.policy, b.rule) ? -1 : 1));
    if (holding[0] !== undefined) return holding[0];
  }
  return undefined;
}
