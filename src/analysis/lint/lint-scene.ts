/**
 * What lint looks at: the policies in force, one pod of each kind, and a way to ask every plane about a request for real.
 * @module
 */

import type { RequestForm } from '../../admin-api/request-form.ts';
import { nameOf } from '../../authz/answer/respond.ts';
import { createTokenVerifier } from '../../authz/jwt/verifier.ts';
import { Question, type QuestionOptions } from '../../authz/question.ts';
import type { DecisionState } from '../../authz/state.ts';
import { compileSnapshot } from '../../policy/compile/compile-snapshot.ts';
import type { Decision } from '../../policy/decision.ts';
import { evaluate } from '../../policy/evaluate/evaluate.ts';
import type { Trace } from '../../policy/evaluate/trace.ts';
import { createRegistryContext } from '../../policy/meaning/registry-context.ts';
import { applies } from '../../policy/meaning/subject.ts';
import type { Plane, PlaneId, Policy, PolicyModel, Rule, RuleStage } from '../../policy/model.ts';
import type { Owned, OwnerOf } from '../../policy/owners.ts';
import { type Endpoint, emptyRegistry } from '../../policy/registry/registry.ts';
import { encodeRequestForm } from '../request-form.ts';
import type { Witness } from './lint-finding.ts';
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
}

/** A sender or a destination; `endpoint` is undefined for one that is in no registry. */
export interface Party {
  readonly name: string;
  readonly namespace: string;
  readonly principal: string;
  readonly address: string;
  readonly endpoint: Endpoint | undefined;
}

/** One rule with everything that it stands in. */
export interface PlacedRule {
  readonly plane: PlaneId;
  readonly stage: RuleStage;
  readonly policy: Policy;
  readonly rule: Rule;
}

/** What each plane said. */
export interface Replay {
  readonly form: RequestForm;
  readonly decisions: ReadonlyMap<PlaneId, Decision>;
}

export interface LintScene {
  readonly deps: LintDeps;
  /** Pods that have an address, one of each kind. */
  readonly pods: readonly Party[];
  /** The pods, a peer from outside, and an address in each net of a network set. */
  readonly callers: readonly Party[];
  /** Rules of enforced policies. */
  readonly rules: readonly PlacedRule[];
  /** Ports that policies or pods name. */
  readonly ports: readonly number[];
  /** The pods that a policy is about. */
  selectedBy(policy: Policy): readonly Party[];
  /** A few of them: enough to show something. */
  someOf(policy: Policy): readonly Party[];
  /** Asks the planes, all unless some are named; none once the budget is spent. */
  replay(form: RequestForm, ...planes: readonly PlaneId[]): Replay;
  replayStrict(form: RequestForm, ...planes: readonly PlaneId[]): Replay;
  /** Gives the next check its budget of requests. */
  refill(): void;
  /** Whether requests were left unasked because there were too many. */
  readonly isUnfinished: boolean;
  traceOf(form: RequestForm): Trace;
  witness(replay: Replay, assuming?: string): Witness;
  owners(...owned: readonly (Owned | undefined)[]): readonly string[];
  /** The same with more pods. */
  suppose(endpoints: readonly Endpoint[]): LintScene;
}

const MOST_CALLERS = 400;
const SOME = 3;
/** Requests that one check asks at most: a second or two. */
const BUDGET = 20_000;
const OUTSIDE = '203.0.113.9';
const never = { sequence: 0, spiffeIds: new Set<string>(), serials: new Set<string>(), spkis: new Set<string>() };

/** Sets the scene. */
export function createLintScene(deps: LintDeps): LintScene {
  const { model, strict, trustDomain, ownerOf } = deps;
  const registry = model.registry ?? emptyRegistry;
  const context = createRegistryContext(registry, model.absence, model.hops);
  const pods = partiesOf(registry.endpoints, trustDomain);
  const rules = rulesOf(model.planes);
  const ask = createAsker(model, deps.options);
  const askStrict = createAsker(strict, deps.options);
  const selected = new Map<Policy, readonly Party[]>();
  const selectedBy = (policy: Policy): readonly Party[] => {
    let those = selected.get(policy);
    those ??= pods.filter(
      ({ endpoint }) => applies(policy.subject, context.destinationOf(endpoint!), context) === 'yes',
    ); // a pod is one
    selected.set(policy, those);
    return those;
  };
  return {
    deps,
    pods,
    rules,
    callers: [...pods.slice(0, MOST_CALLERS), ...strangers(registry.networkSets.flatMap(({ nets }) => nets))],
    ports: portsOf(registry.endpoints, rules),
    selectedBy,
    someOf: (policy) => selectedBy(policy).slice(0, SOME),
    refill() {
      ask.refill();
      askStrict.refill();
    },
    get isUnfinished() {
      return ask.isUnfinished || askStrict.isUnfinished;
    },
    replay: ask.replay,
    replayStrict: askStrict.replay,
    traceOf: ask.trace,
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
    suppose: (endpoints) =>
      createLintScene({ ...deps, model: withEndpoints(model, endpoints), strict: withEndpoints(strict, endpoints) }),
  };
}

/** The new ones come first, so that they are not beyond what is looked at. */
function withEndpoints(model: PolicyModel, endpoints: readonly Endpoint[]): PolicyModel {
  const registry = model.registry ?? emptyRegistry;
  return { ...model, registry: { ...registry, endpoints: [...endpoints, ...registry.endpoints] } };
}

/** Pods that every selector treats alike count once. */
function partiesOf(endpoints: readonly Endpoint[], trustDomain: string): readonly Party[] {
  const kinds = new Map<string, Party>();
  for (const endpoint of endpoints) {
    const { namespace, name, serviceAccount, labels, ports, addresses, hostNetwork } = endpoint;
    const address = addresses[0]?.split('/', 1)[0];
    if (address === undefined || hostNetwork) continue;
    const kind = JSON.stringify([namespace, serviceAccount, labels.toSorted(([a], [b]) => (a < b ? -1 : 1)), ports]);
    if (kinds.has(kind)) continue;
    const principal = `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
    kinds.set(kind, { name: `${namespace}/${name}`, namespace, principal, address, endpoint });
  }
  return [...kinds.values()];
}

function strangers(nets: readonly string[]): readonly Party[] {
  const outside = { namespace: '', principal: '', endpoint: undefined };
  const some = [...new Set(nets)].slice(0, MOST_CALLERS);
  return [
    { ...outside, name: 'outside', address: OUTSIDE },
    ...some.map((net) => ({ ...outside, name: `network ${net}`, address: net.split('/', 1)[0] ?? net })),
  ];
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

/** Asks each plane alone, as if it were enforced, about a request that is read as a Check reads it. */
function createAsker(model: PolicyModel, options: QuestionOptions) {
  const allowEmpty = { allowEmpty: true };
  const enforced = model.planes.map((plane): Plane => ({ ...plane, mode: 'enforce' }));
  const snapshots = enforced.map(
    (plane) => [plane.id, compileSnapshot({ ...model, planes: [plane] }, allowEmpty)] as const,
  );
  const state: DecisionState = {
    snapshot: compileSnapshot(model, allowEmpty),
    keySets: { generation: 0, sets: new Map() },
    revocations: never,
    bundles: undefined,
  };
  const question = new Question(options, createTokenVerifier(), {
    unverifiedPeers: 0,
    ambiguousRequests: 0,
    peersWithCertificate: 0,
    peersWithout: 0,
  });
  const read = (form: RequestForm): boolean =>
    question.read(encodeRequestForm(form), { local: true }, state, 0) === undefined;
  let left = BUDGET;
  let isUnfinished = false;
  return {
    refill() {
      left = BUDGET;
    },
    get isUnfinished() {
      return isUnfinished;
    },
    replay(form: RequestForm, ...planes: readonly PlaneId[]): Replay {
      const decisions = new Map<PlaneId, Decision>();
      if (left <= 0) isUnfinished = true;
      if (left-- <= 0 || !read(form)) return { form, decisions };
      for (const [id, snapshot] of snapshots)
        if (planes.length === 0 || planes.includes(id)) decisions.set(id, snapshot.decide(question.facts));
      return { form, decisions };
    },
    trace(form: RequestForm): Trace {
      return read(form) ? evaluate({ ...model, planes: enforced }, question.facts, allowEmpty).trace : { planes: [] };
    },
  };
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
export const placeOf = ({ file, line }: { readonly file: string; readonly line: number }): string => `${file}:${line}`;
