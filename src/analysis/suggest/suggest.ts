/**
 * The least policies that allow what was seen, beside those in force; proved to allow that and nothing else.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import { joinPolicies } from '../../policy/load.ts';
import { applies } from '../../policy/meaning/subject.ts';
import type { PlaneId, PolicyModel, RuleStage } from '../../policy/model.ts';
import { readPolicies } from '../../policy/read-policies.ts';
import type { Endpoint } from '../../policy/registry/registry.ts';
import { type Difference, type DiffSide, differenceOf } from '../proofs/diff/diff.ts';
import { createReplay } from '../proofs/replay.ts';
import { labelsOf } from './pod-labels.ts';
import { authorizationPolicy, type Callee, literalPolicy, networkPolicy } from './policy-text.ts';
import { requestOf } from './sample-request.ts';
import type { SeenEdge } from './seen-edges.ts';

/** What is suggested. */
export interface Suggestion {
  /** One document each. */
  readonly documents: readonly {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly text: string;
  }[];
  /** What is not suggested, and why: sentences. */
  readonly notes: readonly string[];
  /** What changes by it. */
  readonly difference: Difference;
}

/** What is in force, and how it is asked. */
export interface SuggestSide extends Omit<DiffSide, 'replay'> {
  readonly options: Parameters<typeof createReplay>[1];
  readonly rootNamespace: string;
}

/**
 * Suggests policies for workloads.
 *
 * @throws BoundMet if it cannot be said what changes; GatehouseError `internal` if a suggestion is not exactly what was seen
 */
export function suggest(
  side: SuggestSide,
  edges: readonly SeenEdge[],
  progress: (done: number, of: number) => void,
): Suggestion {
  const notes: string[] = [];
  const callees = calleesOf(side, edges, notes);
  const allowing = callees
    .map((callee) => ({ ...callee, edges: lacking(side, callee, notes) }))
    .filter(({ edges: some }) => some.length > 0);
  prove(side, allowing);
  const documents = [
    ...allowing.map((callee) => ({
      kind: 'AuthorizationPolicy',
      namespace: callee.namespace,
      name: callee.name,
      text: authorizationPolicy(callee),
    })),
    ...callees.flatMap((callee) => networkDocument(side, callee, notes)),
  ];
  const difference = differenceOf(
    asked(side),
    asked(
      withDocuments(
        side,
        documents.map(({ text }) => text),
      ),
    ),
    progress,
  );
  return { documents, notes, difference };
}

/** By workload; those whose labels are not known are noted. */
function calleesOf(
  { model, rootNamespace }: SuggestSide,
  edges: readonly SeenEdge[],
  notes: string[],
): readonly Callee[] {
  const endpoints = model.registry?.endpoints ?? [];
  return [
    ...Map.groupBy(edges, ({ namespace, serviceAccount }) => JSON.stringify([namespace, serviceAccount])).values(),
  ].flatMap((some) => {
    const { namespace, serviceAccount } = some[0]!; // groups have members
    if (namespace === rootNamespace) {
      notes.push(
        `nothing for ${namespace}/${serviceAccount}: a policy of the root namespace would mean all namespaces`,
      );
      return [];
    }
    const labels = labelsOf({ namespace, serviceAccount }, endpoints);
    if (typeof labels !== 'string')
      return [{ namespace, name: nameFor(model, namespace, serviceAccount), labels, edges: some }];
    notes.push(labels);
    return [];
  });
}

/** A name that no policy there has. */
function nameFor({ planes }: PolicyModel, namespace: string, serviceAccount: string): string {
  const taken = new Set(
    planes.flatMap(({ stages }) =>
      stages.flatMap(({ policies }) => policies.flatMap(({ ref }) => (ref.namespace === namespace ? [ref.name] : []))),
    ),
  );
  let name = `seen-${serviceAccount}`;
  for (let i = 2; taken.has(name) || taken.has(`default.${name}`); i++) name = `seen-${serviceAccount}-${i}`;
  return name;
}

/** All edges of a workload that no ALLOW policy speaks of; of another those that are denied now, though they were allowed. */
function lacking(side: SuggestSide, callee: Callee, notes: string[]): readonly SeenEdge[] {
  const { namespace, serviceAccount } = callee.edges[0]!; // it was called
  const name = `${namespace}/${serviceAccount}`;
  const pods = (side.model.registry?.endpoints ?? []).filter(
    (each) => each.namespace === namespace && each.serviceAccount === serviceAccount,
  );
  const istio = side.planes.filter(({ id }) => id === 'istio');
  const governed = pods.filter((pod) => isGoverned(istio, pod));
  if (governed.length === 0) return callee.edges;
  if (governed.length < pods.length) {
    notes.push(`nothing for ${name}: ALLOW policies speak of some of its pods and not of others`);
    return [];
  }
  const replay = createReplay({ ...side.model, planes: istio }, side.options, side.allowEmpty);
  const isDenied = (edge: SeenEdge): boolean =>
    pods.some((pod) => replay({ request: requestOf(edge, pod, side) })?.effect !== 'allow');
  const denied = callee.edges.filter(isDenied);
  const left = callee.edges.length - denied.length;
  if (left > 0) notes.push(`${left} edges to ${name} are allowed by policies in force`);
  return denied;
}

/** Whether an ALLOW policy in force speaks of a pod, or may. */
function isGoverned(planes: SuggestSide['planes'], { namespace, serviceAccount, labels }: Endpoint): boolean {
  const destination = { spiffeId: '', namespace, serviceAccount, labels: new Map(labels) };
  return planes.some(({ stages }) =>
    stages.some(
      (stage) =>
        stage.kind === 'any-allow' &&
        stage.policies.some(({ mode, subject }) => mode === 'enforce' && applies(subject, destination, {}) !== 'no'),
    ),
  );
}

/** Holds what was put together against a rule an edge. */
function prove(side: SuggestSide, callees: readonly Callee[]): void {
  if (callees.length === 0) return;
  const bare: SuggestSide = { ...side, model: { ...side.model, planes: [] }, planes: [] };
  const [seen, suggested] = [literalPolicy, authorizationPolicy].map((text) =>
    asked(withDocuments(bare, callees.map(text))),
  );
  const { added, removed } = differenceOf(seen!, suggested!, () => {}); // there are two
  if (added.length + removed.length === 0) return;
  const [first] = [...added, ...removed];
  throw new GatehouseError(
    'internal',
    `what would be suggested is not what was seen: ${first?.from.members[0] ?? 'somebody outside'} to ${first?.to.members[0]}`,
  );
}

function networkDocument({ model }: SuggestSide, callee: Callee, notes: string[]): Suggestion['documents'] {
  const name = `${callee.namespace}/${callee.name}`;
  const governed = model.planes.some(
    ({ id, stages }) =>
      (id === 'l4' || id === 'calico') && stages.some((stage) => isIngressOf(stage as RuleStage, callee.namespace)), // tiers only
  );
  if (governed) {
    notes.push(`no NetworkPolicy ${name}: others stand there already, and what was seen passed them`);
    return [];
  }
  const labels = new Map<string, ReturnType<typeof callerOf>>();
  for (const { caller } of callee.edges) labels.set(caller, callerOf(model, caller));
  const unknown = [...labels].find(([, found]) => typeof found === 'string');
  if (unknown !== undefined) {
    notes.push(`no NetworkPolicy ${name}: the caller ${unknown[0]} cannot be selected: ${unknown[1] as string}`); // that was found
    return [];
  }
  const text = networkPolicy(
    callee,
    ({ caller }) => labels.get(caller) as Exclude<ReturnType<typeof callerOf>, string>,
  ); // none is unknown
  return [{ kind: 'NetworkPolicy', namespace: callee.namespace, name: callee.name, text }];
}

const isIngressOf = ({ direction = 'ingress', policies }: RuleStage, namespace: string): boolean =>
  direction === 'ingress' &&
  policies.some(({ subject }) => subject.namespace === undefined || subject.namespace === namespace);

const SERVICE_ACCOUNT = /\/ns\/([^/]+)\/sa\/([^/]+)$/;

function callerOf({ registry }: PolicyModel, caller: string) {
  const [, namespace, serviceAccount] = SERVICE_ACCOUNT.exec(caller) ?? [];
  if (namespace === undefined || serviceAccount === undefined) return 'it is no service account of this cluster';
  const labels = labelsOf({ namespace, serviceAccount }, registry?.endpoints ?? []);
  return typeof labels === 'string' ? labels : { namespace, labels };
}

/** The same with more policies. @throws GatehouseError `internal` if a document cannot be read */
function withDocuments(side: SuggestSide, texts: readonly string[]): SuggestSide {
  const { absence, registry, hops } = side.model;
  const dialect = {
    trustDomain: side.trustDomain,
    trustDomainAliases: [],
    rootNamespace: side.rootNamespace,
    customProviders: {},
  };
  const file = readPolicies('suggested.yaml', texts.join('---\n'), dialect);
  const error = file.findings.find(({ severity }) => severity === 'error');
  if (error !== undefined)
    throw new GatehouseError('internal', `what would be suggested cannot be read: ${error.message}`);
  const made = joinPolicies([file], {
    ...{ generation: 1, absence, rootNamespace: dialect.rootNamespace },
    planes: { calico: 'off', l4: 'enforce' },
  }).model;
  const planes = merged(
    side.planes,
    made.planes.filter(({ mode }) => mode === 'enforce'),
  );
  const model = { ...side.model, planes, ...(registry && { registry }), ...(hops && { hops }) };
  return { ...side, model, planes };
}

/** Planes of both: stages of one name are one. */
function merged(own: SuggestSide['planes'], more: SuggestSide['planes']): SuggestSide['planes'] {
  const ids = new Set<PlaneId>([...own, ...more].map(({ id }) => id));
  return [...ids].flatMap((id) => {
    const [a, b] = [own, more].map((planes) => planes.find((plane) => plane.id === id));
    if (a === undefined || b === undefined) return [a ?? b!]; // one of them has it
    const nameOf = (stage: (typeof a.stages)[number]): string =>
      JSON.stringify([stage.kind, 'name' in stage && stage.name, 'direction' in stage && stage.direction]);
    const fresh = new Map(b.stages.map((stage) => [nameOf(stage), stage]));
    const stages = a.stages.map((stage) => {
      const other = fresh.get(nameOf(stage));
      fresh.delete(nameOf(stage));
      return other === undefined
        ? stage
        : ({ ...stage, policies: [...stage.policies, ...other.policies] } as typeof stage); // of one kind
    });
    return [{ ...a, stages: [...stages, ...fresh.values()] }];
  });
}

function asked(side: SuggestSide): DiffSide {
  return { ...side, replay: createReplay(side.model, side.options, side.allowEmpty) };
}
