/**
 * What no policy covers and what policies cover nothing: gaps of default deny, policies that select no workload, ports without a name.
 * @module
 */

import { nearest } from '../../lib/nearest.ts';
import type { Policy, TokenPolicy, TransportPolicy } from '../../policy/model.ts';
import { emptyRegistry } from '../../policy/registry/registry.ts';
import type { LintFinding } from './lint-finding.ts';
import { effectIn, formOf, type LintScene, nameOfRule, type Party } from './lint-scene.ts';
import { asksHttp, mentions, requestsFor } from './requests.ts';
import { workloadsOf } from './workloads.ts';

/** Policies of any kind, with rules or without, that select no workload of the registry (`selects-nothing`). */
export function selectsNothing(scene: LintScene): LintFinding[] {
  const workloads = workloadsOf(scene.deps.model);
  if (workloads.all.length === 0) return [];
  const stages = scene.deps.model.planes.flatMap(({ stages: all }) => all);
  const enforced = stages.flatMap((stage): readonly Selecting[] =>
    stage.kind === 'token' || stage.kind === 'transport'
      ? stage.policies.filter(({ subject }) => subject.labels.length > 0)
      : stage.policies.filter(({ mode }) => mode === 'enforce'),
  );
  const policies = new Map(enforced.map((policy) => [JSON.stringify(policy.ref), policy]));
  const idle = [...policies.values()].filter(({ subject }) => workloads.selectedBy(subject).length === 0);
  const populated = new Set(workloads.all.map(({ namespace }) => namespace));
  const isUnseen = ({ subject: { namespace } }: Selecting): boolean =>
    namespace !== undefined && !populated.has(namespace) && nearest(namespace, [...populated]) === undefined;
  const unseen = Map.groupBy(idle.filter(isUnseen), ({ subject }) => subject.namespace ?? '');
  return [
    ...idle.filter((policy) => !isUnseen(policy)).map((policy) => selectsNone(policy, scene)),
    ...[...unseen].map(([namespace, those]) => unseenNamespace(namespace, those, scene)),
  ];
}

type Selecting = TokenPolicy | TransportPolicy | Policy;

const nameOfPolicy = ({ ref: { kind, namespace, name } }: Selecting): string =>
  `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;

function selectsNone(policy: Selecting, scene: LintScene): LintFinding {
  return {
    ...policy.position,
    severity: 'warning',
    code: 'selects-nothing',
    path: 'spec',
    message: `${nameOfPolicy(policy)} selects no pod of the registry`,
    fix: 'correct the selector or the namespace, or remove the policy',
    witness: null,
    owners: scene.owners(policy),
  };
}

/** Of a namespace that the registry says nothing of it is not known what its policies select. */
function unseenNamespace(namespace: string, policies: readonly Selecting[], scene: LintScene): LintFinding {
  const [first] = policies as readonly [Selecting, ...Selecting[]]; // a group has one at least
  const those = policies.length === 1 ? nameOfPolicy(first) : `the ${policies.length} policies there`;
  return {
    ...selectsNone(first, scene),
    severity: 'hint',
    message: `the registry has no workload of namespace ${namespace}: whether ${those} select any is not known`,
    fix: 'give the workloads of the namespace too, or correct its name',
  };
}

/** Rules on a named port that no pod has (`named-port-unknown`). */
export function namedPortUnknown(scene: LintScene): LintFinding[] {
  const { endpoints } = scene.deps.model.registry ?? emptyRegistry;
  const known = new Set(
    endpoints.flatMap(({ ports, behind = [] }) => [
      ...ports.map(({ name }) => name),
      ...behind.map(({ service }) => service),
    ]),
  );
  return scene.rules
    .filter(({ plane }) => plane === 'l4')
    .flatMap((placed) => {
      const names: string[] = [];
      mentions(placed.rule.http, (atom) => {
        if (atom.op === 'namedPort' && !known.has(atom.name)) names.push(atom.name);
        return false;
      });
      return [...new Set(names)].map((name) => ({
        ...placed.rule.position,
        severity: 'warning' as const,
        code: 'named-port-unknown',
        path: '',
        message: name.startsWith('service ')
          ? `${nameOfRule(placed)} names ${name}, behind which no pod of the registry stands: it matches nothing`
          : `${nameOfRule(placed)} names port ${JSON.stringify(name)}, which no pod of the registry has: it matches nothing`,
        fix: name.startsWith('service ')
          ? 'add the Service to the registry, or correct its name'
          : 'name a port of the container, or write its number',
        witness: null,
        owners: scene.owners(placed.policy),
      }));
    });
}

/**
 * Pods that the network leaves open in one direction (`default-deny-gap`): one finding a namespace and direction. Nobody misses what
 * nobody uses: a direction on which no network policy acts at all is no gap, and a namespace without any is only a hint.
 */
export function defaultDenyGaps(scene: LintScene): LintFinding[] {
  return (['ingress', 'egress'] as const).flatMap((direction) => {
    const covered = new Set(selectorsOf(scene, direction).flatMap((policy) => scene.selectedBy(policy)));
    if (covered.size === 0) return [];
    const guarded = new Set([...covered].map(({ namespace }) => namespace));
    const open = scene.pods.filter((pod) => !covered.has(pod));
    return [...Map.groupBy(open, ({ namespace }) => namespace)].flatMap(([namespace, pods]) =>
      gap(namespace, direction, pods, guarded.has(namespace) ? 'warning' : 'hint', scene),
    );
  });
}

/** Enforced policies of the network that act in a direction, those without rules too. */
function selectorsOf(scene: LintScene, direction: 'ingress' | 'egress'): readonly Policy[] {
  const plane = scene.deps.model.planes.find(({ id }) => id === 'l4');
  return (plane?.stages ?? []).flatMap((stage) =>
    stage.kind === 'first-match' && (stage.direction ?? 'ingress') === direction
      ? stage.policies.filter(({ mode }) => mode === 'enforce')
      : [],
  );
}

function gap(
  namespace: string,
  direction: 'ingress' | 'egress',
  pods: readonly Party[],
  severity: 'warning' | 'hint',
  scene: LintScene,
): LintFinding[] {
  const [first] = pods;
  const position = first?.endpoint?.position;
  if (first === undefined || position === undefined) return [];
  const other =
    scene.callers.find((each) => each !== first && each.namespace !== namespace) ??
    scene.callers.find((each) => each !== first);
  if (other === undefined) return [];
  const form = direction === 'ingress' ? formOf(other, first, {}) : formOf(first, other, {});
  const replay = other.endpoint === undefined && direction === 'egress' ? undefined : scene.replay(form);
  const names =
    pods
      .slice(0, 5)
      .map(({ name }) => name)
      .join(', ') + (pods.length > 5 ? ` and ${pods.length - 5} more` : '');
  return [
    {
      ...position,
      severity,
      code: 'default-deny-gap',
      path: '',
      message: `no network policy acts on the ${direction} of ${names}: the network lets everything ${direction === 'ingress' ? 'in' : 'out'}`,
      fix: `give namespace ${namespace} a policy that denies ${direction} by default`,
      witness: replay === undefined || effectIn(replay, 'l4') === 'deny' ? null : scene.witness(replay),
      owners: scene.owners({ ref: { namespace }, position, owner: '' }),
    },
  ];
}

/** How a port's name says that it is not HTTP, as Istio reads it. */
const OTHER_PROTOCOL = /^(tcp|udp|tls|mongo|mysql|redis|postgres|kafka|amqp)(-|$)/;

/** Rules with methods, paths, hosts or headers that meet a port which is not HTTP by its name (`http-rule-on-other-port`). */
export function httpOnOtherPorts(scene: LintScene): LintFinding[] {
  return scene.rules
    .filter(({ plane, stage, rule }) => plane !== 'l4' && stage.kind !== 'audit' && asksHttp(rule.http))
    .flatMap((placed) => {
      const [request] = requestsFor(placed.rule.http);
      for (const to of scene.someOf(placed.policy)) {
        const ports = to.endpoint?.ports ?? [];
        const wanted = request?.port === undefined ? ports : ports.filter(({ port }) => port === request.port);
        const other = wanted.find(({ name }) => OTHER_PROTOCOL.test(name));
        // A rule for every port is no mistake while one of them is HTTP.
        if (
          other === undefined ||
          (request?.port === undefined && ports.some(({ name }) => !OTHER_PROTOCOL.test(name)))
        )
          continue;
        const from = scene.callers.find((each) => each !== to);
        if (from === undefined) continue;
        const replay = scene.replay(formOf(from, to, { port: other.port }, 'tcp'));
        return [
          {
            ...placed.rule.position,
            severity: 'warning' as const,
            code: 'http-rule-on-other-port',
            path: '',
            message: `${nameOfRule(placed)} asks about HTTP, but port ${other.port} of ${to.name} is ${JSON.stringify(other.name)}: on a connection without HTTP plane ${placed.plane} says ${effectIn(replay, placed.plane)}`,
            fix: 'leave method, path, host and headers out of the rule, or name the HTTP port',
            witness: scene.witness(replay),
            owners: scene.owners(placed.policy),
          },
        ];
      }
      return [];
    });
}
