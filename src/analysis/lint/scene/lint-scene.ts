/**
 * What lint looks at: the policies in force, one pod of each class, and a way to ask every plane about a request for real.
 * @module
 */

import type { RequestForm } from '../../../admin-api/request-form.ts';
import { nameOf } from '../../../authz/answer/respond.ts';
import type { CallerName } from '../../../authz/http/dialect.ts';
import type { QuestionOptions } from '../../../authz/question.ts';
import type { Decision } from '../../../policy/decision.ts';
import { placeText } from '../../../policy/documents/position.ts';
import type { PlaneTrace } from '../../../policy/evaluate/trace.ts';
import type { Plane, PlaneId, Policy, PolicyModel, Rule } from '../../../policy/model.ts';
import type { Owned, OwnerOf } from '../../../policy/owners.ts';
import { type Endpoint, emptyRegistry } from '../../../policy/registry/registry.ts';
import { type Asker, createAsker, type PolicyPair, type Replay } from './asker.ts';
import { type Budget, createBudget } from './budget.ts';
import type { Witness } from './lint-finding.ts';
import type { Party } from './party.ts';
import type { LintCode, PlacedRule } from './placed-rule.ts';
import { createPopulation, type Population } from './population.ts';
import type { Asked } from './requests.ts';

/** What lint looks at. */
export interface LintDeps {
  readonly model: PolicyModel;
  /** The same policies, read so that what is absent never allows. */
  readonly strict: PolicyModel;
  readonly options: QuestionOptions;
  readonly trustDomain: string;
  readonly ownerOf: OwnerOf;
  /** Kinds of the documents that were skipped on reading, as the summary counts them. */
  readonly unread?: readonly string[];
  /** A proxy that asks by HTTP; absent: Envoy asks, by gRPC. */
  readonly proxy?: CallerName;
  /** Hears what is asked about, and how far that is. */
  readonly progress?: (code: LintCode, done: number, of: number) => void;
  /** `each` asks of every workload by itself, to compare with; absent: one of each class. */
  readonly by?: 'class' | 'each';
  /** Of so many classes of those that a policy selects one pod is asked about; absent: a few. */
  readonly someClasses?: number;
}

export interface LintScene
  extends Population,
    Pick<Budget, 'eachRule' | 'take' | 'isSpent' | 'giveUp' | 'unasked'>,
    Pick<Asker, 'decidesAlone'> {
  readonly deps: LintDeps;
  /** Rules of enforced policies. */
  readonly rules: readonly PlacedRule[];
  /** Ports that policies or pods name. */
  readonly ports: readonly number[];
  /** The policies of all planes that select a pod; those in a dry run too. */
  policiesOf(party: Party): readonly Policy[];
  /** Pods that a policy selects, of a few classes: enough to show something. */
  someOf(policy: Policy): readonly Party[];
  /** Those of some callers that may call a pod: of its own class another one, if there is one. */
  besides(to: Party, callers: readonly Party[]): readonly Party[];
  /** Asks the planes, all unless some are named; none once the rule has had its share of the budget. */
  replay(form: RequestForm, ...planes: readonly PlaneId[]): Replay;
  replayStrict(form: RequestForm, ...planes: readonly PlaneId[]): Replay;
  /** Asks all planes whatever the budget: for what is told already. */
  show(form: RequestForm): Replay;
  /** How the network derives its verdict on a request between two parties. */
  traceOf(form: RequestForm, ...ends: readonly Party[]): PlaneTrace | undefined;
  /** The same if each of two policies were asked at the place of the other. */
  traceSwapped(form: RequestForm, swapped: PolicyPair, ...ends: readonly Party[]): PlaneTrace | undefined;
  witness(replay: Replay, assuming?: string): Witness;
  owners(...owned: readonly (Owned | undefined)[]): readonly string[];
  /** The same with more pods, to be asked. */
  suppose(endpoints: readonly Endpoint[]): Pick<LintScene, 'replay'>;
}

const SOME = 3;

/** Sets the scene. */
export function createLintScene(deps: LintDeps): LintScene {
  const { model, strict, trustDomain, options, ownerOf, by = 'class', someClasses = SOME } = deps;
  const registry = model.registry ?? emptyRegistry;
  const population = createPopulation(model, options, trustDomain, by);
  const rules = rulesOf(model.planes);
  const budget = createBudget(deps.progress ?? (() => undefined));
  const few = <M extends PolicyModel>(of: M): M => ({ ...of, registry: { ...registry, endpoints: population.asked } });
  const ask = createAsker(few(model), options);
  const askStrict = createAsker(few(strict), options);
  const aboutOf = policiesBy(model, population);
  const within =
    (replay: LintScene['replay']): LintScene['replay'] =>
    (form, ...planes) =>
      budget.take() ? replay(form, ...planes) : { form, decisions: new Map() };
  return {
    ...population,
    eachRule: budget.eachRule,
    take: budget.take,
    giveUp: budget.giveUp,
    isSpent: budget.isSpent,
    unasked: budget.unasked,
    deps,
    rules,
    ports: portsOf(registry.endpoints, rules),
    policiesOf: aboutOf,
    someOf: ({ subject }) => population.selectedBy(subject).slice(0, someClasses),
    besides: (to, callers) =>
      callers.flatMap((from) => (from === to ? (population.alike(to).find((each) => each !== to) ?? []) : from)),
    replay: within(ask.replay),
    replayStrict: within(askStrict.replay),
    show: (form) => ask.replay(form),
    decidesAlone: ask.decidesAlone,
    traceOf: (form, ...ends) => ask.traceNetwork(form, new Set(ends.flatMap(aboutOf))),
    traceSwapped: (form, swapped, ...ends) => ask.traceNetwork(form, new Set(ends.flatMap(aboutOf)), swapped),
    witness: ({ form, decisions }, assuming = '') => ({
      request: form,
      assuming,
      planes: [...decisions].map(([plane, { effect, reason, policy, rule }]) => ({
        plane,
        decision: effect,
        reason,
        policy: nameOf(policy) ?? null,
        rule: rule ?? null,
      })),
    }),
    owners: (...owned) => [...new Set(owned.flatMap((one) => (one && ownerOf(one)) ?? []))],
    suppose: (endpoints) => ({ replay: within(createAsker(withEndpoints(few(model), endpoints), options).replay) }),
  };
}

function withEndpoints(model: PolicyModel, endpoints: readonly Endpoint[]): PolicyModel {
  const registry = model.registry ?? emptyRegistry;
  return { ...model, registry: { ...registry, endpoints: [...endpoints, ...registry.endpoints] } };
}

/** The policies that select a pod. */
function policiesBy({ planes }: PolicyModel, population: Population): (party: Party) => readonly Policy[] {
  let known: Map<Party, Policy[]> | undefined;
  const fill = (): Map<Party, Policy[]> => {
    const made = new Map<Party, Policy[]>();
    for (const { stages } of planes)
      for (const stage of stages)
        if (stage.kind !== 'transport' && stage.kind !== 'token')
          for (const policy of stage.policies)
            for (const party of population.selectedBy(policy.subject))
              if (!made.get(party)?.push(policy)) made.set(party, [policy]);
    return made;
  };
  return (party) => {
    known ??= fill();
    return known.get(population.alike(party)[0]!) ?? []; // at least the party itself
  };
}

function rulesOf(planes: readonly Plane[]): readonly PlacedRule[] {
  return planes.flatMap(({ id, stages }) =>
    stages.flatMap((stage) =>
      stage.kind === 'transport' || stage.kind === 'token'
        ? []
        : stage.policies
            .filter(({ mode }) => mode === 'enforce')
            .flatMap((policy) => policy.rules.map((rule) => ({ plane: id, stage, policy, rule }))),
    ),
  );
}

function portsOf(endpoints: readonly Endpoint[], rules: readonly PlacedRule[]): readonly number[] {
  const ports = new Set([80, 8080]);
  for (const endpoint of endpoints) for (const { port } of endpoint.ports) ports.add(port);
  const walk = (expr: Rule['http']): void => {
    if (expr.op === 'all' || expr.op === 'any') expr.of.forEach(walk);
    else if (expr.op === 'not') walk(expr.of);
    else if (expr.op === 'port' && expr.fact === 'destinationPort') for (const { from } of expr.any) ports.add(from);
  };
  for (const { rule } of rules) walk(rule.http);
  return [...ports].slice(0, 40);
}

/** The request of one party to another. */
export function formOf(
  from: Party,
  to: Party,
  { port = 8080, ...http }: Asked,
  protocol: 'http' | 'tcp' = 'http',
): RequestForm {
  const { method = 'GET', path = '/', host, headers } = http;
  return {
    source: { ...(from.principal !== '' && { principal: from.principal }), address: from.address, port: 40_000 },
    destination: { principal: to.principal, address: to.address, port },
    ...(protocol === 'http' && {
      http: {
        method,
        path,
        ...(host !== undefined && { host }),
        ...(headers && Object.keys(headers).length > 0 && { headers }),
      },
    }),
  };
}

/** Whether a plane's decision was made by this very rule. */
export function decidedBy({ decisions }: Replay, { plane, policy, rule }: PlacedRule): boolean {
  const made = decisions.get(plane);
  return made?.policy === policy.ref && made.rule === rule.index;
}

export const effectIn = ({ decisions }: Replay, plane: PlaneId): Decision['effect'] | undefined =>
  decisions.get(plane)?.effect;

/** `rule 0 of default/viewer`, for messages. */
export const nameOfRule = ({ policy: { ref }, rule }: PlacedRule): string =>
  `rule ${rule.index} of ${ref.kind} ${nameOf(ref)}`;

/** `file:line`. */
export const placeOf = ({ file, line }: { readonly file: string; readonly line: number }): string =>
  placeText({ file, line });
