/**
 * Calico's policies: NetworkPolicy, GlobalNetworkPolicy, and their staged forms.
 * @module
 */
import type { FindingCode } from '../../documents/codes/finding-codes.ts';
import type { PolicyDocument } from '../../documents/document.ts';
import type { Reporter } from '../../documents/finding.ts';
import { ownerOf } from '../../documents/owner.ts';
import { listOf, object, type Shape, text } from '../../documents/shape.ts';
import { fieldOf, listAt, type MapValue, mapAt, textAt, textsAt } from '../../documents/value.ts';
import { type LabelExpr, withKeyPrefix } from '../../meaning/labels.ts';
import type { Subject } from '../../model.ts';
import type { Contribution, DialectOptions, KindReader } from '../contribution.ts';
import { checkForeignAccounts } from './foreign-accounts.ts';
import { lintDirections, lintTieredRules } from './lint-policy.ts';
import { readSelector } from './read-selector.ts';
import { type Direction, readRule, ruleShape } from './rule.ts';
import type { TieredPolicy, TieredRule } from './tiered-policy.ts';

const shared: Readonly<Record<string, Shape>> = {
  tier: text,
  order: { is: 'number', fraction: true },
  selector: text,
  serviceAccountSelector: text,
  types: listOf({ is: 'text', oneOf: ['Ingress', 'Egress'] }),
  ingress: listOf(ruleShape, 1024),
  egress: listOf(ruleShape, 1024),
  performanceHints: listOf({ is: 'text', oneOf: ['AssumeNeededOnEveryNode'] }),
};

const globalOnly: Readonly<Record<string, Shape>> = {
  namespaceSelector: text,
  doNotTrack: { is: 'boolean' },
  preDNAT: { is: 'boolean' },
  applyOnForward: { is: 'boolean' },
};

/** `spec.stagedAction` of the staged kinds. */
export const stagedAction: Shape = { is: 'text', oneOf: ['Set', 'Delete', 'Learn', 'Ignore'] };

/** A staged Delete has no rules that could be tried, and what is ignored is not tried: Calico leaves them out likewise. */
export const isIdleStage = (spec: MapValue | undefined): boolean =>
  ['Delete', 'Ignore'].includes(textAt(spec, 'stagedAction') ?? '');

interface Form {
  readonly kind: string;
  readonly namespaced: boolean;
  readonly staged: boolean;
}

const forms: readonly Form[] = [
  { kind: 'NetworkPolicy', namespaced: true, staged: false },
  { kind: 'GlobalNetworkPolicy', namespaced: false, staged: false },
  { kind: 'StagedNetworkPolicy', namespaced: true, staged: true },
  { kind: 'StagedGlobalNetworkPolicy', namespaced: false, staged: true },
];

/** The API groups in which Calico's documents come: its own, and that of its CRDs. */
export const calicoGroups = [
  { group: 'projectcalico.org', versions: ['v3'] },
  { group: 'crd.projectcalico.org', versions: ['v1'] },
] as const;

/** Readers of NetworkPolicy, GlobalNetworkPolicy and their staged kinds, in every API group of Calico. */
export const calicoPolicyReaders: readonly KindReader[] = calicoGroups.flatMap(({ group, versions }) =>
  forms.map((form) => ({
    dialect: 'calico' as const,
    group,
    versions,
    kind: form.kind,
    namespaced: form.namespaced,
    fields: {
      spec: object({ ...shared, ...(form.namespaced ? {} : globalOnly), ...(form.staged ? { stagedAction } : {}) }),
    },
    read: (document: PolicyDocument, { othersLetIn = false }: DialectOptions, report: Reporter) => {
      if (othersLetIn) checkForeignAccounts(mapAt(document.root, 'spec'), report);
      return read(document, form, report);
    },
  })),
);

function read(document: PolicyDocument, form: Form, report: Reporter): Contribution {
  const spec = mapAt(document.root, 'spec');
  checkOnly(spec, report);
  if (form.staged && textAt(spec, 'stagedAction') === 'Delete') {
    const others = [...(spec?.entries.keys() ?? [])].filter((field) => field !== 'stagedAction' && field !== 'tier');
    if (others.length > 0)
      report.error(
        fieldOf(spec, others[0]!)!,
        'staged-delete',
        `spec.${others[0]}`,
        'a staged Delete may hold nothing but its tier',
        'remove the other fields',
      ); // it is among the entries
  }
  const rules = (direction: Direction): readonly TieredRule[] =>
    (listAt(spec, direction)?.items ?? []).flatMap((rule, i) =>
      rule.is === 'map'
        ? [
            readRule(rule, i, `spec.${direction}[${i}]`, {
              file: document.file,
              direction,
              namespace: form.namespaced ? document.namespace : undefined,
              report,
            }),
          ]
        : [],
    );
  const ingress = rules('ingress');
  const egress = rules('egress');
  const order = fieldOf(spec, 'order');
  const types = typesOf(spec, report);
  const acts = (type: string, otherwise: boolean): boolean => (types.length > 0 ? types.includes(type) : otherwise);
  const policy: TieredPolicy = {
    ref: { dialect: 'calico', kind: document.kind, namespace: document.namespace, name: document.name },
    position: { file: document.file, ...document.place },
    owner: ownerOf(document),
    tier: textAt(spec, 'tier') || 'default',
    order: order?.is === 'number' ? Number(order.text) : Infinity,
    sortKey: `${document.name}/${document.namespace}/${document.kind}`,
    staged: form.staged,
    origin: 'calico',
    subject: subjectOf(document, spec, form, report),
    ingress: acts('Ingress', ingress.length > 0 || egress.length === 0) ? ingress : undefined,
    egress: acts('Egress', egress.length > 0) ? egress : undefined,
  };
  lintDirections(spec, 'types', report);
  lintTieredRules(policy, true, report);
  const isIdle = form.staged && isIdleStage(spec);
  return isForHosts(spec, report) || isIdle ? { to: 'calico' } : { to: 'tiers', policy };
}

function typesOf(spec: MapValue | undefined, report: Reporter): readonly string[] {
  const types = textsAt(spec, 'types');
  const repeated = types.find((type, i) => types.findIndex(({ text: other }) => other === type.text) !== i);
  if (repeated !== undefined)
    report.error(repeated, 'type-repeated', 'spec.types', `${repeated.text} stands there twice`, 'remove one');
  return types.map((type) => type.text);
}

/** Policies with one of these concern host endpoints alone: Calico gives them to no workload. */
const forHosts = ['preDNAT', 'doNotTrack'] as const;

const isTrueIn = (spec: MapValue | undefined, field: string): boolean => {
  const value = fieldOf(spec, field);
  return value?.is === 'boolean' && value.value;
};

/** Whether workloads are spared; said where it is so. */
function isForHosts(spec: MapValue | undefined, report: Reporter): boolean {
  const field = forHosts.find((each) => isTrueIn(spec, each));
  if (field === undefined) return false;
  report.warning(
    fieldOf(spec, field)!, // isTrueIn
    'not-enforceable-here',
    `spec.${field}`,
    `with ${field} the policy acts on host endpoints alone: it decides nothing for pods`,
    `keep it for the network; leave ${field} out for a policy of pods`,
  );
  return true;
}

/** The rules of preDNAT, doNotTrack and applyOnForward themselves. */
function checkOnly(spec: MapValue | undefined, report: Reporter): void {
  const isTrue = (field: string): boolean => isTrueIn(spec, field);
  const say = (field: string, code: FindingCode, message: string, fix: string): void =>
    report.error(fieldOf(spec, field)!, code, `spec.${field}`, message, fix); // isTrue
  if (isTrue('preDNAT') && isTrue('doNotTrack'))
    say('preDNAT', 'pre-dnat-do-not-track', 'preDNAT and doNotTrack cannot both be true', 'keep one');
  for (const field of forHosts) {
    if (isTrue(field) && !isTrue('applyOnForward'))
      say(field, 'needs-apply-on-forward', `${field} needs applyOnForward: true`, 'add applyOnForward: true');
  }
  if (isTrue('preDNAT') && (listAt(spec, 'egress')?.items.length ?? 0) > 0)
    say('preDNAT', 'pre-dnat-egress', 'a preDNAT policy may have no egress rules', 'remove them');
}

function subjectOf(document: PolicyDocument, spec: MapValue | undefined, form: Form, report: Reporter): Subject {
  const parts: LabelExpr[] = [];
  const add = (field: string, keyPrefix: string): void => {
    const selector = readSelector(fieldOf(spec, field), `spec.${field}`, report);
    if (selector !== undefined) parts.push(keyPrefix === '' ? selector.expr : withKeyPrefix(selector.expr, keyPrefix));
  };
  add('selector', '');
  add('serviceAccountSelector', 'pcsa.');
  add('namespaceSelector', 'pcns.');
  return {
    namespace: form.namespaced ? document.namespace : undefined,
    labels: [],
    selector: { op: 'all', of: parts },
  };
}
