/**
 * Rules that a tenant can make hold for itself: by a service account of the right name, or by labels on a pod of its own.
 * @module
 */
import type { LabelExpr } from '../../policy/meaning/labels.ts';
import type { Expr } from '../../policy/model.ts';
import type { Endpoint } from '../../policy/registry/registry.ts';
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
import { requestsFor } from './requests.ts';

const TENANT = 'some-tenant';
/** Documentation addresses, one for each supposed pod. */
const addressOf = (i: number): string => `198.51.${100 + Math.floor(i / 250)}.${1 + (i % 250)}`;

interface Escape {
  readonly placed: PlacedRule;
  readonly serviceAccount: string | undefined;
  readonly labels: ReadonlyMap<string, string>;
  readonly address: string;
}

/** `service-account-unscoped` and `tenant-controlled-label`. All the pods that a tenant could make are supposed at once. */
export function tenantEscapes(scene: LintScene): LintFinding[] {
  const rules = scene.rules.filter(
    (placed) =>
      placed.plane !== 'istio' &&
      placed.stage.direction !== 'egress' &&
      placed.rule.effect === 'allow' &&
      scene.selectedBy(placed.policy).length > 0 &&
      !(placed.plane === 'l4' && hasTwin(placed, scene)),
  );
  const escapes = rules.flatMap((placed): Omit<Escape, 'address'>[] => {
    const [serviceAccount] = serviceAccountsOf(placed.rule.http);
    const labels = podLabelsOf(placed.rule.http);
    return serviceAccount === undefined && labels.size === 0 ? [] : [{ placed, serviceAccount, labels }];
  });
  const tried = escapes.slice(0, MOST_ESCAPES).map((one, i): Escape => ({ ...one, address: addressOf(i) }));
  if (tried.length === 0) return [];
  const supposed = scene.suppose(tried.map(intruder));
  return tried.flatMap((one) => findingOf(one, scene, supposed) ?? []);
}

const MOST_ESCAPES = 300;

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
const hasTwin = ({ policy, rule }: PlacedRule, scene: LintScene): boolean =>
  scene.rules.some(
    (each) => each.plane === 'calico' && each.policy.ref === policy.ref && each.rule.index === rule.index,
  );

function findingOf(
  { placed, serviceAccount, labels, address }: Escape,
  scene: LintScene,
  supposed: LintScene,
): LintFinding | undefined {
  const [to] = scene.someOf(placed.policy);
  if (to === undefined) return undefined;
  const principal = `spiffe://${scene.deps.trustDomain}/ns/${TENANT}/sa/${serviceAccount ?? 'default'}`;
  const replay = reach(
    placed,
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
    witness: supposed.witness(replay, assuming),
    owners: scene.owners(placed.policy),
  };
}

function reach(placed: PlacedRule, from: Party, to: Party, scene: LintScene): Replay | undefined {
  for (const request of requestsFor(placed.rule.http)) {
    for (const port of request.port === undefined ? scene.ports : [request.port]) {
      const replay = scene.replay(formOf(from, to, { ...request, port }));
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
