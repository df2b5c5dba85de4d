/**
 * Policies that select no workload of the registry, and what is known of why.
 * @module
 */
import type { LabelExpr } from '../../policy/meaning/labels.ts';
import type { Policy, Subject, TokenPolicy, TransportPolicy } from '../../policy/model.ts';
import { createLabelSlips, type LabelSlips } from './scene/label-slips.ts';
import type { LintFinding } from './scene/lint-finding.ts';
import type { LintScene } from './scene/lint-scene.ts';
import { slipOfNamespace } from './scene/slips.ts';
import { makesPods, type Workloads, workloadsOf } from './scene/workloads.ts';

type Selecting = TokenPolicy | TransportPolicy | Policy;

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
  const idle = [...policies.values()].filter(({ subject }) => scene.workloadsSelectedBy(subject).length === 0);
  const populated = new Set([...workloads.all, ...workloads.onHost].map(({ namespace }) => namespace));
  const isUnseen = ({ subject: { namespace } }: Selecting): boolean =>
    namespace !== undefined &&
    !populated.has(namespace) &&
    (workloads.declared.has(namespace) || slipOfNamespace(namespace, [...populated]) === undefined);
  const unseen = Map.groupBy(idle.filter(isUnseen), ({ subject }) => subject.namespace ?? '');
  const slips = createLabelSlips(workloads.all);
  return [
    ...idle.filter((policy) => !isUnseen(policy)).map((policy) => selectsNone(policy, { workloads, slips }, scene)),
    ...[...unseen].map(([namespace, those]) => unseenNamespace(namespace, those, scene)),
  ];
}

const nameOfPolicy = ({ ref: { kind, namespace, name } }: Selecting): string =>
  `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;

type Words = Pick<LintFinding, 'severity' | 'message' | 'fix'>;

const finding = (policy: Selecting, words: Words, scene: LintScene): LintFinding => ({
  ...policy.position,
  code: 'selects-nothing',
  path: 'spec',
  witness: null,
  owners: scene.owners(policy),
  ...words,
});

interface Known {
  readonly workloads: Workloads;
  readonly slips: LabelSlips;
}

function selectsNone(policy: Selecting, { workloads, slips }: Known, scene: LintScene): LintFinding {
  const { subject } = policy;
  const none = `${nameOfPolicy(policy)} selects no pod of the registry`;
  const [host] = workloads.hostsSelectedBy(subject);
  if (host !== undefined) {
    const message = `${nameOfPolicy(policy)} selects pods on the network of their host alone, such as ${host.name}: no policy acts on them`;
    const fix = 'remove the policy, or hostNetwork from the pods';
    return finding(policy, { severity: 'warning', message, fix }, scene);
  }
  const near = slips.of(
    demandedOf(subject),
    subject.namespace === undefined ? undefined : new Set([subject.namespace]),
  );
  if (near !== undefined) {
    const fix = `did you mean ${near}? Else correct the namespace, or remove the policy`;
    return finding(policy, { severity: 'warning', message: none, fix }, scene);
  }
  const makers = scene.deps.unread?.filter(makesPods) ?? [];
  if (makers.length > 0) {
    const message = `${none}; the paths also hold ${makers.slice(0, 3).join(', ')}, and what they make is not seen here`;
    const fix =
      'give what is made of them (kustomize build, helm template, kubectl get -o yaml), or correct the selector';
    return finding(policy, { severity: 'hint', message, fix }, scene);
  }
  const fix = 'correct the selector or the namespace, or remove the policy';
  return finding(policy, { severity: 'warning', message: none, fix }, scene);
}

/** Of a namespace that the registry says nothing of it is not known what its policies select. */
function unseenNamespace(namespace: string, policies: readonly Selecting[], scene: LintScene): LintFinding {
  const [first] = policies as readonly [Selecting, ...Selecting[]]; // a group has one at least
  const those = policies.length === 1 ? nameOfPolicy(first) : `the ${policies.length} policies there`;
  const message = `the registry has no workload of namespace ${namespace}: whether ${those} select any is not known`;
  const fix = 'give the workloads of the namespace too, or correct its name';
  return finding(first, { severity: 'hint', message, fix }, scene);
}

/** The labels that a policy selects by, as one condition. */
const demandedOf = ({ labels, selector }: Subject): LabelExpr => ({
  op: 'all',
  of: [
    ...labels.map(([key, value]): LabelExpr => ({ op: 'in', key, values: [value] })),
    ...(selector === undefined ? [] : [selector]),
  ],
});
