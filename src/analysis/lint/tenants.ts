/**
 * Rules that a tenant can make hold for itself: by a service account of the right name, or by labels on a pod of its own.
 * @module
 */
import { type LabelExpr, type Labels, labelsMatch } from '../../policy/meaning/labels.ts';
import type { Expr, PolicyRef } from '../../policy/model.ts';
import { createLabelIndex } from '../../policy/registry/effective-labels.ts';
import { type Endpoint, emptyRegistry } from '../../policy/registry/registry.ts';
import type { Replay } from './scene/asker.ts';
import type { LintFinding } from './scene/lint-finding.ts';
import { decidedBy, effectIn, formOf, type LintScene, nameOfRule } from './scene/lint-scene.ts';
import type { Party } from './scene/party.ts';
import type { PlacedRule } from './scene/placed-rule.ts';
import { requestsFor } from './scene/requests.ts';

const TENANT = 'some-tenant';
const OF_DOCUMENTATION = 300;

/** An address for each supposed pod: of documentation (RFC 5737), then of benchmarks (RFC 2544). */
function addressOf(i: number): string {
  if (i < OF_DOCUMENTATION) return `198.51.${100 + Math.floor(i / 250)}.${1 + (i % 250)}`;
  const rest = i - OF_DOCUMENTATION;
  return `198.${18 + (rest >> 16)}.${(rest >> 8) & 255}.${rest & 255}`;
}

/** More pods have no address to be supposed at. */
const MOST_ESCAPES = OF_DOCUMENTATION + 2 * 65_536;

interface Escape {
  readonly placed: PlacedRule;
  readonly serviceAccount: string | undefined;
  readonly labels: ReadonlyMap<string, string>;
  readonly address: string;
}

/** `service-account-unscoped` and `tenant-controlled-label`. All the pods that a tenant could make are supposed at once. */
export function tenantEscapes(scene: LintScene): LintFinding[] {
  const hasTwin = twinsOf(scene);
  const rules = scene.rules.filter(
    (placed) =>
      placed.plane !== 'istio' &&
      placed.stage.direction !== 'egress' &&
      placed.rule.effect === 'allow' &&
      scene.selectedBy(placed.policy.subject).length > 0 &&
      !(placed.plane === 'l4' && hasTwin(placed)),
  );
  const escapes = rules.flatMap((placed): Omit<Escape, 'address'>[] => {
    const [serviceAccount] = serviceAccountsOf(placed.rule.http);
    const labels = podLabelsOf(placed.rule.http);
    return serviceAccount === undefined && labels.size === 0 ? [] : [{ placed, serviceAccount, labels }];
  });
  const labelIndex = createLabelIndex(scene.deps.model.registry ?? emptyRegistry);
  const tried = new Map<PlacedRule, Escape>();
  for (const one of escapes.slice(0, MOST_ESCAPES)) {
    const way = { ...one, address: addressOf(tried.size) };
    if (mayBeMet(one.placed.rule.http, labelIndex.ofEndpoint(intruder(way)))) tried.set(one.placed, way);
  }
  if (tried.size === 0) return [];
  const supposed = scene.suppose([...tried.values()].map(intruder));
  return scene.eachRule('tenant-controlled-label', [...tried.keys()], (placed) => {
    const found = findingOf(tried.get(placed)!, scene, supposed); // of the same map
    return found === undefined ? [] : [found];
  });
}

/** Whether what a rule asks of the labels of its callers can be true of these. */
function mayBeMet(expr: Expr, labels: Labels): boolean {
  if (expr.op === 'all') return expr.of.every((part) => mayBeMet(part, labels));
  if (expr.op === 'any') return expr.of.some((part) => mayBeMet(part, labels));
  return expr.op !== 'endpoint' || expr.end !== 'source' || labelsMatch(expr.selector, labels);
}

/** A pod in a namespace of its own, without any label that a platform gives. */
const intruder = ({ serviceAccount = 'default', labels, address }: Escape): Endpoint => ({
  namespace: TENANT,
  name: `pod-${address}`,
  serviceAccount,
  labels: [...labels],
  addresses: [address],
  ports: [],
  hostNetwork: false,
});

/** The same rule stands in the calico plane, where it says more. */
function twinsOf(scene: LintScene): (placed: PlacedRule) => boolean {
  const twins = new Map<PolicyRef, Set<number>>();
  for (const { plane, policy, rule } of scene.rules)
    if (plane === 'calico') twins.set(policy.ref, (twins.get(policy.ref) ?? new Set()).add(rule.index));
  return ({ policy, rule }) => twins.get(policy.ref)?.has(rule.index) ?? false;
}

function findingOf(
  { placed, serviceAccount, labels, address }: Escape,
  scene: LintScene,
  supposed: Pick<LintScene, 'replay'>,
): LintFinding | undefined {
  const [to] = scene.someOf(placed.policy);
  if (to === undefined) return undefined;
  const principal = `spiffe://${scene.deps.trustDomain}/ns/${TENANT}/sa/${serviceAccount ?? 'default'}`;
  const replay = reach(
    placed,
    scene.ports,
    { name: TENANT, namespace: TENANT, principal, address, endpoint: undefined },
    to,
    supposed,
  );
  if (replay === undefined) return undefined;
  const wanted = [...labels].map(([key, value]) => `${key}=${value}`);
  const what = [
    ...(serviceAccount === undefined ? [] : [`service account ${serviceAccount}`]),
    ...(wanted.length === 0 ? [] : [`labels ${wanted.join(', ')}`]),
  ].join(' and ');
  const assuming = `a pod with ${what} in namespace ${TENANT}`;
  return {
    ...placed.rule.position,
    severity: 'warning',
    code: serviceAccount === undefined ? 'tenant-controlled-label' : 'service-account-unscoped',
    path: '',
    message: `${nameOfRule(placed)} lets ${assuming} reach ${to.name}: whoever may create pods in any namespace can make the rule hold`,
    fix: 'add a namespaceSelector on what only the platform sets, e.g. projectcalico.org/name',
    witness: scene.witness(replay, assuming),
    owners: scene.owners(placed.policy),
  };
}

function reach(
  placed: PlacedRule,
  ports: readonly number[],
  from: Party,
  to: Party,
  supposed: Pick<LintScene, 'replay'>,
): Replay | undefined {
  for (const request of requestsFor(placed.rule.http)) {
    for (const port of request.port === undefined ? ports : [request.port]) {
      const replay = supposed.replay(formOf(from, to, { ...request, port }));
      if (effectIn(replay, placed.plane) === 'allow' && decidedBy(replay, placed)) return replay;
    }
  }
  return undefined;
}

function atoms(expr: Expr): readonly Expr[] {
  if (expr.op === 'all' || expr.op === 'any') return expr.of.flatMap(atoms);
  return expr.op === 'not' ? [] : [expr];
}

const serviceAccountsOf = (expr: Expr): readonly string[] =>
  atoms(expr).flatMap((atom) => {
    if (atom.op === 'identity' && atom.end === 'source') return atom.names ?? [];
    return atom.op === 'endpoint' && atom.end === 'source' ? valuesOf(atom.selector, SERVICE_ACCOUNT) : [];
  });

const SERVICE_ACCOUNT = 'projectcalico.org/serviceaccount';

function valuesOf(expr: LabelExpr, key: string): readonly string[] {
  if (expr.op === 'all' || expr.op === 'any') return expr.of.flatMap((part) => valuesOf(part, key));
  return expr.op === 'in' && expr.key === key ? expr.values : [];
}

/** Labels of a pod's own that make the selectors of the caller hold, as far as they name any. */
function podLabelsOf(expr: Expr): Map<string, string> {
  const labels = new Map<string, string>();
  for (const atom of atoms(expr)) if (atom.op === 'endpoint' && atom.end === 'source') collect(atom.selector, labels);
  return labels;
}

function collect(expr: LabelExpr, into: Map<string, string>): void {
  switch (expr.op) {
    case 'all':
      for (const part of expr.of) collect(part, into);
      return;
    case 'any':
      if (expr.of[0] !== undefined) collect(expr.of[0], into);
      return;
    case 'not':
      return;
    default:
      if (/^(projectcalico\.org\/|pcns\.|pcsa\.|service )/.test(expr.key)) return; // the platform's own, or a Service
      if (!into.has(expr.key))
        into.set(expr.key, expr.op === 'has' ? 'x' : expr.op === 'in' ? (expr.values[0] ?? 'x') : expr.text);
  }
}
