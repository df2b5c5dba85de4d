/**
 * AuthorizationPolicy (security.istio.io/v1, v1beta1) → policy of the model.
 * @module
 */
import type { PolicyDocument } from '../../../documents/document.ts';
import { hasErrors, type Reporter } from '../../../documents/finding.ts';
import { ownerOf } from '../../../documents/owner.ts';
import { fieldOf, listAt, type MapValue, mapAt, textAt, textsAt, type Value } from '../../../documents/value.ts';
import type { Effect, Policy, PolicyRef, Rule } from '../../../model.ts';
import type { Contribution, DialectOptions, IstioRuleStage, KindReader } from '../../contribution.ts';
import { checkForeignNamespaces } from '../checks/foreign-namespaces.ts';
import { checkCustomRule, checkRule } from '../checks/rule-checks.ts';
import { lintRule, lintRules } from '../lint/lint.ts';
import { checkReservedAnnotations, dryRunOf } from './annotations.ts';
import type { AttributeContext } from './attribute.ts';
import { type Condition, conditionOf, exprFor, type RuleConditions } from './condition.ts';
import { never } from './expr.ts';
import {
  authorizationPolicyFields,
  operationFields,
  type RuleField,
  sourceFields,
  writtenFields,
} from './rule-shape.ts';
import { checkAttachment, hasTargets, subjectOf, warnOfTargets } from './subject.ts';

/** Reader of AuthorizationPolicy. */
export const authorizationPolicyReader: KindReader = {
  dialect: 'istio',
  group: 'security.istio.io',
  kind: 'AuthorizationPolicy',
  versions: ['v1', 'v1beta1'],
  namespaced: true,
  fields: authorizationPolicyFields,
  read,
};

const stageOf: ReadonlyMap<string, IstioRuleStage> = new Map(
  Object.entries<IstioRuleStage>({
    ALLOW: 'any-allow',
    DENY: 'any-deny',
    AUDIT: 'audit',
    CUSTOM: 'delegate',
  }),
);

function read(document: PolicyDocument, options: DialectOptions, report: Reporter): Contribution | undefined {
  const spec = mapAt(document.root, 'spec');
  const action = textAt(spec, 'action') ?? 'ALLOW';
  const rules = listAt(spec, 'rules')?.items ?? [];
  checkReservedAnnotations(document, report);
  checkAttachment(spec, report);
  checkAction(spec ?? document.root, action, rules.length, report);
  const dryRun = dryRunOf(document, action, report);
  const { trustDomain, trustDomainAliases, othersLetIn = false } = options;
  const context = { namespace: document.namespace, trustDomains: [trustDomain, ...trustDomainAliases], othersLetIn };
  const said = report.findings.length;
  const built = rules.flatMap((rule, i) =>
    rule.is === 'map' ? [readRule(rule, i, action, context, document.file, report)] : [],
  );
  // What rules say of each other counts once each says what was meant.
  if (!hasErrors(report.findings.slice(said))) lintRules(built, rules, action, report);
  const stage = stageOf.get(action);
  if (stage === undefined) return undefined;
  if (spec !== undefined && hasTargets(spec)) {
    warnOfTargets(spec, report);
    return undefined;
  }
  const policy: Policy = {
    ref: refOf(document),
    position: { file: document.file, ...document.place },
    owner: ownerOf(document),
    mode: dryRun ? 'dry-run' : 'enforce',
    subject: subjectOf(document, spec, options),
    rules: built,
    ...(stage === 'delegate' ? providerOf(spec, options, report) : {}),
  };
  return { to: 'istio-rules', stage, policy };
}

/** Names a document of the Istio dialect. */
export function refOf(document: PolicyDocument): PolicyRef {
  return { dialect: 'istio', kind: document.kind, namespace: document.namespace, name: document.name };
}

function checkAction(spec: MapValue, action: string, ruleCount: number, report: Reporter): void {
  const provider = fieldOf(spec, 'provider');
  const name = textAt(provider, 'name') ?? '';
  const place = fieldOf(spec, 'action') ?? spec;
  if ((action === 'DENY' || action === 'CUSTOM') && ruleCount === 0) {
    const message = `${action} without rules would never do anything`;
    report.error(place, 'rules-missing', 'spec.rules', message, 'add rules; an empty rule, {}, matches every request');
  }
  if (action === 'CUSTOM' && name === '') {
    report.error(
      provider ?? place,
      'provider-missing',
      'spec.provider.name',
      'action CUSTOM needs a provider',
      'set provider.name',
    );
  }
  if (action !== 'CUSTOM' && provider !== undefined) {
    report.error(
      provider,
      'provider-unexpected',
      'spec.provider',
      `action ${action} has no provider`,
      'remove provider, or use action CUSTOM',
    );
  }
}

function providerOf(
  spec: Value | undefined,
  options: DialectOptions,
  report: Reporter,
): Pick<Policy, 'provider' | 'providerAskedBy'> {
  const value = fieldOf(fieldOf(spec, 'provider'), 'name');
  const provider = value?.is === 'text' ? value.text : '';
  const known = Object.hasOwn(options.customProviders, provider);
  if (!known && value !== undefined) {
    const message = `nobody asks provider ${JSON.stringify(provider)}: what the policy matches is denied (custom_unavailable)`;
    report.warning(
      value,
      'provider-unavailable',
      'spec.provider.name',
      message,
      `if Envoy asks it, say so: policies.customProviders: { ${provider}: envoy }`,
    );
  }
  return { provider, providerAskedBy: known ? 'envoy' : 'nobody' };
}

function readRule(
  rule: MapValue,
  index: number,
  action: string,
  context: AttributeContext & { readonly othersLetIn: boolean },
  file: string,
  report: Reporter,
): Rule {
  const path = `spec.rules[${index}]`;
  checkRule(rule, path, report);
  if (action === 'CUSTOM') checkCustomRule(rule, path, report);
  const conditions = conditionsOf(rule, context);
  const narrows = action === 'ALLOW';
  const built: Rule = {
    index,
    position: { file, line: rule.line, column: rule.column },
    effect: effectOf(action),
    http: exprFor(conditions, 'http', narrows) ?? never,
    tcp: exprFor(conditions, 'tcp', narrows),
  };
  if (context.othersLetIn) checkForeignNamespaces(rule, built, context.trustDomains[0]!, path, report);
  lintRule(rule, built, action, context.trustDomains, path, report);
  return built;
}

function effectOf(action: string): Effect {
  if (action === 'ALLOW') return 'allow';
  return action === 'AUDIT' ? 'log' : 'deny';
}

function conditionsOf(rule: MapValue, context: AttributeContext): RuleConditions {
  const when = (listAt(rule, 'when')?.items ?? []).flatMap((entry) => {
    const condition = conditionOf(
      textAt(entry, 'key') ?? '',
      textsOf(entry, 'values'),
      textsOf(entry, 'notValues'),
      context,
    );
    return condition === undefined ? [] : [condition];
  });
  return {
    from: alternatives(rule, 'from', 'source', sourceFields, context),
    to: alternatives(rule, 'to', 'operation', operationFields, context),
    when,
  };
}

function alternatives(
  rule: MapValue,
  list: 'from' | 'to',
  inner: 'source' | 'operation',
  fields: readonly RuleField[],
  context: AttributeContext,
): readonly (readonly Condition[])[] | undefined {
  const items = listAt(rule, list)?.items ?? [];
  if (items.length === 0) return undefined;
  return items.map((item) => {
    const content = mapAt(item, inner);
    return writtenFields(content, fields).flatMap(({ name, not, key }) => {
      const condition = conditionOf(key, textsOf(content, name), textsOf(content, not), context);
      return condition === undefined ? [] : [condition];
    });
  });
}

const textsOf = (of: Value | undefined, name: string): readonly string[] =>
  textsAt(of, name).map((value) => value.text);
