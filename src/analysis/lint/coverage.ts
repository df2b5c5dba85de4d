/**
 * What no policy covers and what rules cover nothing: gaps of default deny, ports without a name.
 * @module
 */

import { nearest } from '../../lib/nearest.ts';
import type { Policy } from '../../policy/model.ts';
import { emptyRegistry } from '../../policy/registry/registry.ts';
import type { LintFinding } from './scene/lint-finding.ts';
import { effectIn, formOf, type LintScene, nameOfRule } from './scene/lint-scene.ts';
import type { Party } from './scene/party.ts';
import type { PlacedRule } from './scene/placed-rule.ts';
import { asksHttp, mentions, requestsFor } from './scene/requests.ts';

/** Rules on a named port that no pod has (`named-port-unknown`). */
export function namedPortUnknown(scene: LintScene): LintFinding[] {
  const { endpoints, networkSets } = scene.deps.model.registry ?? emptyRegistry;
  const known = new Set([
    ...endpoints.flatMap(({ ports }) => ports.map(({ name }) => name)),
    ...[...endpoints, ...networkSets].flatMap(({ behind = [] }) => behind.map(({ service }) => service)),
  ]);
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
        path: '',
        ...(name.startsWith('service ') ? unknownService(placed, name, known) : unknownPort(placed, name)),
        witness: null,
        owners: scene.owners(placed.policy),
      }));
    });
}

type Words = Pick<LintFinding, 'code' | 'message' | 'fix'>;

const unknownPort = (placed: PlacedRule, name: string): Words => ({
  code: 'named-port-unknown',
  message: `${nameOfRule(placed)} names port ${JSON.stringify(name)}, which no pod of the registry has: it matches nothing`,
  fix: 'name a port of the container, or write its number',
});

/** @param known  names of ports, and Services by `service namespace/name` */
function unknownService(placed: PlacedRule, name: string, known: ReadonlySet<string>): Words {
  const near = nearest(
    name,
    [...known].filter((one) => one.startsWith('service ')),
  );
  return {
    code: 'service-unknown',
    message: `${nameOfRule(placed)} names ${name}, behind which no pod of the registry stands: it matches nothing`,
    fix: near === undefined ? 'add the Service to the registry, or correct its name' : `did you mean ${near}?`,
  };
}

/**
 * Pods that the network leaves open in one direction (`default-deny-gap`): one finding a namespace and direction. Nobody misses what
 * nobody uses: a direction on which no network policy acts at all is no gap, and a namespace without any is only a hint.
 */
export function defaultDenyGaps(scene: LintScene): LintFinding[] {
  return (['ingress', 'egress'] as const).flatMap((direction) => {
    const selected = new Set(selectorsOf(scene, direction).flatMap(({ subject }) => scene.selectedBy(subject)));
    const covered = new Set([...selected].flatMap(scene.alike));
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
  const replay = other.endpoint === undefined && direction === 'egress' ? undefined : scene.show(form);
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
        const replay = scene.show(formOf(from, to, { port: other.port }, 'tcp'));
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
