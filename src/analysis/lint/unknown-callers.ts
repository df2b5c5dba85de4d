/**
 * Namespaces, service accounts and Services that rules name and the registry does not have: such a rule means nobody.
 * @module
 */
import type { LabelExpr } from '../../policy/meaning/labels.ts';
import type { Expr, TextPattern } from '../../policy/model.ts';
import type { LintFinding } from './scene/lint-finding.ts';
import { type LintScene, nameOfRule } from './scene/lint-scene.ts';
import type { PlacedRule } from './scene/placed-rule.ts';
import { isPlatform, type Workloads, workloadsOf } from './scene/workloads.ts';

/** What a rule names. */
type Named =
  | { readonly is: 'namespace'; readonly namespace: string }
  | { readonly is: 'account'; readonly namespace: string; readonly name: string }
  | { readonly is: 'service'; readonly key: string };

/** One finding a rule and name (`namespace-unknown`, `service-account-unknown`, `service-unknown`). */
export function unknownCallers(scene: LintScene): LintFinding[] {
  const workloads = workloadsOf(scene.deps.model);
  if (workloads.all.length === 0) return [];
  const seen = new Set<string>();
  return scene.rules.flatMap((placed) =>
    namedIn(placed, scene.deps.trustDomain).flatMap((named) => {
      const { ref } = placed.policy;
      const key = JSON.stringify([ref, placed.rule.position, named]); // a rule stands in several planes
      const made = seen.has(key) ? undefined : finding(placed, named, workloads, scene);
      seen.add(key);
      return made ?? [];
    }),
  );
}

function finding(placed: PlacedRule, named: Named, workloads: Workloads, scene: LintScene): LintFinding | undefined {
  const { namespaces, accounts, services } = workloads;
  const say = (
    code: LintFinding['code'],
    what: string,
    fix: string,
    severity: LintFinding['severity'] = 'warning',
  ): LintFinding => ({
    ...placed.rule.position,
    severity,
    code,
    path: '',
    message: `${nameOfRule(placed)} names ${what}: nobody is meant by it`,
    fix,
    witness: null,
    owners: scene.owners(placed.policy),
  });
  if (named.is === 'service') {
    if (services.has(named.key)) return undefined;
    const near = workloads.nearestService(named.key);
    return say(
      'service-unknown',
      `${named.key}, behind which no pod of the registry stands`,
      near === undefined ? 'add the Service to the registry, or correct its name' : `did you mean ${near}?`,
    );
  }
  const { namespace } = named;
  if (!namespaces.has(namespace)) {
    const near = workloads.nearestNamespace(namespace);
    if (near === undefined && isPlatform(namespace)) return undefined;
    const what = `namespace ${JSON.stringify(namespace)}, which the registry does not have`;
    return near === undefined
      ? say('namespace-unknown', what, 'correct it, or add the namespace to the registry', 'hint')
      : say('namespace-unknown', what, `did you mean ${near}?`);
  }
  if (named.is === 'namespace' || accounts.has(`${namespace}/${named.name}`)) return undefined;
  const near = workloads.nearestAccount(namespace, named.name);
  if (near === undefined && isPlatform(namespace)) return undefined;
  // Of a namespace of which the registry has neither workloads nor accounts it cannot tell who lives there.
  const isKnown = near !== undefined || workloads.hasAccounts(namespace);
  return say(
    'service-account-unknown',
    `service account ${JSON.stringify(`${namespace}/${named.name}`)}, which the registry does not have`,
    near === undefined ? 'correct it, or add the account to the registry' : `did you mean ${near}?`,
    isKnown ? 'warning' : 'hint',
  );
}

function namedIn({ policy, rule }: PlacedRule, trustDomain: string): readonly Named[] {
  const found: Named[] = [];
  const walk = (expr: Expr): void => {
    if (expr.op === 'all' || expr.op === 'any') expr.of.forEach(walk);
    else if (expr.op === 'not') walk(expr.of);
    else if (expr.op === 'text' && expr.fact.of === 'peerName')
      found.push(...expr.any.flatMap((one) => inName(one, trustDomain)));
    else if (expr.op === 'identity') found.push(...inIdentity(expr));
    else if (expr.op === 'endpoint') found.push(...inSelector(expr.selector));
  };
  walk(rule.http);
  return policy.mode === 'enforce' ? found : [];
}

const PRINCIPAL = /^spiffe:\/\/([^/]+)\/ns\/([^/]+)\/(?:sa\/([^/]+)$)?/;

/** A caller of another trust domain lives in another registry. */
function inName(pattern: TextPattern, trustDomain: string): readonly Named[] {
  if (pattern.is === 'serviceAccount')
    return [{ is: 'account', namespace: pattern.namespace, name: pattern.serviceAccount }];
  if (pattern.is === 'glob') {
    const [first, middle = '', last] = pattern.parts;
    if (pattern.parts.length === 2 && first === 'spiffe://') return inEnd(middle);
    const match = pattern.parts.length === 3 && first === '' && last === '' ? /^\/ns\/([^/]+)\/$/.exec(middle) : null;
    return match === null ? [] : [{ is: 'namespace', namespace: match[1]! }]; // the only group
  }
  if (pattern.is !== 'exact' && pattern.is !== 'prefix') return [];
  const [, domain, namespace, name] = PRINCIPAL.exec(pattern.value) ?? [];
  if (domain !== trustDomain || namespace === undefined) return [];
  return name === undefined || pattern.is === 'prefix'
    ? [{ is: 'namespace', namespace }]
    : [{ is: 'account', namespace, name }];
}

/** A star in place of the trust domain: the end names a caller whole. */
function inEnd(end: string): readonly Named[] {
  const [, namespace, name] = /\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(end) ?? [];
  return namespace === undefined || name === undefined ? [] : [{ is: 'account', namespace, name }];
}

function inIdentity({ ownNamespace, names = [], namespace }: Extract<Expr, { op: 'identity' }>): readonly Named[] {
  const only = ownNamespace ?? (namespace === undefined ? undefined : singleName(namespace));
  return only === undefined ? [] : names.map((name) => ({ is: 'account', namespace: only, name }));
}

const namespaceKeys = new Set([
  'projectcalico.org/namespace',
  'pcns.projectcalico.org/name',
  'pcns.kubernetes.io/metadata.name',
]);

const singleName = (expr: LabelExpr): string | undefined =>
  expr.op === 'in' &&
  /^(projectcalico\.org\/name|kubernetes\.io\/metadata\.name)$/.test(expr.key) &&
  expr.values.length === 1
    ? expr.values[0]
    : undefined;

function inSelector(expr: LabelExpr): readonly Named[] {
  if (expr.op === 'all' || expr.op === 'any') return expr.of.flatMap(inSelector);
  if (expr.op === 'in' && namespaceKeys.has(expr.key))
    return expr.values.map((namespace) => ({ is: 'namespace', namespace }));
  return expr.op === 'has' && expr.key.startsWith('service ') ? [{ is: 'service', key: expr.key }] : [];
}
