/**
 * Random policies whose every condition can be written as a formula, and what the analysis says of their regions.
 * @module
 */
import fc from 'fast-check';
import { createMap, type ReachMap } from '../../../src/analysis/proofs/map/map.ts';
import { createWitnesses } from '../../../src/analysis/proofs/witness.ts';
import { BoundMet } from '../../../src/analysis/regions/bound.ts';
import { NONE, type Region } from '../../../src/analysis/regions/diagrams.ts';
import type { RequestSpace } from '../../../src/analysis/regions/request-space.ts';
import type { UniverseClass } from '../../../src/analysis/universe/universe.ts';
import { withAddresses } from '../../../src/analysis/universe/with-addresses.ts';
import type { Atom, Expr, Plane, PolicyModel, Rule, RuleStage } from '../../../src/policy/model.ts';
import { arbitraryModelOfAll } from '../../property/policy/arbitrary-model.ts';

/** A region of the analysis, changed to see if the judge sees it. */
export type Fault = (region: Region, space: RequestSpace) => Region;

/** A world, and the questions that it asks the judge. */
export interface World {
  readonly space: RequestSpace;
  readonly pairs: readonly Pair[];
  /** One line of the judge's input. */
  readonly question: string;
}

/** Who calls whom, and what the analysis says of it. */
export interface Pair {
  readonly from: { readonly address: string; readonly principal: string };
  readonly to: { readonly address: string; readonly namespace: string; readonly labels: object };
  readonly region: Region;
  readonly empty: boolean;
  readonly witness?: unknown;
}

/** Values of one header that are told apart at most, beside one for each condition. */
const MORE_LINES = 2;

/** Makes the worlds of a seed, each when it is asked for. */
export function* createWorlds(seed: number, count: number, fault: Fault): Generator<World> {
  for (const given of fc.sample(arbitraryModelOfAll, { seed, numRuns: count })) yield createWorld(plain(given), fault);
}

function createWorld(model: PolicyModel, fault: Fault): World {
  const { planes } = model;
  const map = createMap({ side: { model, trustDomain: 'cluster.local', workloads: [] }, planes, allowEmpty: true });
  const { space } = map;
  const witnesses = createWitnesses({ space, prefersHttp: true, trustedHops: 0 });
  const pairs = map.classes.flatMap((from) => map.classes.flatMap((to) => pairOf(from, to, { map, witnesses, fault })));
  const lists = Object.fromEntries(
    ['h1', 'h2'].map((name) => [name, (space.listOf({ of: 'header', name })?.domain.kinds.length ?? 0) + MORE_LINES]),
  );
  const told = { lists, pairs, caseOfHost: space.options.caseOfHost, planes: planes.map(({ stages }) => stages) };
  return { space, pairs, question: JSON.stringify(told) };
}

interface Scene {
  readonly map: ReachMap;
  readonly witnesses: ReturnType<typeof createWitnesses>;
  readonly fault: Fault;
}

function pairOf(from: UniverseClass, to: UniverseClass, { map, witnesses, fault }: Scene): readonly Pair[] {
  const [source, goal] = [from.residents[0]!, to.residents[0]!];
  if (goal.endpoint === undefined) return [];
  const region = fault(map.pairs.regionOf(map.placeOf(from), map.placeOf(to)), map.space);
  const { namespace, labels } = goal.endpoint;
  return [
    {
      from: { address: source.addresses[0]!, principal: source.endpoint === undefined ? '' : source.principal },
      to: { address: goal.addresses[0]!, namespace, labels },
      ...{ region, empty: region === NONE, ...witnessOf() },
    },
  ];

  function witnessOf() {
    try {
      return region === NONE ? {} : { witness: witnesses.of(region, source, goal).request };
    } catch (thrown) {
      if (thrown instanceof BoundMet) return {}; // it cannot be written, and the analysis says so
      throw thrown;
    }
  }
}

/** Of one address each that nobody else has, since a request tells pods by it; and conditions on requests alone. */
function plain(given: PolicyModel): PolicyModel {
  const taken = new Set<string>();
  const endpoints = given.registry!.endpoints.map((one) => {
    const addresses = one.addresses.filter((address) => !taken.has(address)).slice(0, 1);
    for (const address of addresses) taken.add(address);
    return { ...one, addresses, hostNetwork: false };
  });
  const planes = given.planes
    .filter(({ id }) => id === 'istio' || id === 'calico')
    .map((plane): Plane => ({ ...plane, mode: 'enforce', stages: plane.stages.flatMap(plainStage) }));
  const registry = { ...given.registry!, endpoints, networkSets: [] };
  return withAddresses({ ...given, absence: 'upstream', hops: [], registry, planes });
}

function plainStage(stage: Plane['stages'][number]): readonly RuleStage[] {
  if (stage.kind === 'transport' || stage.kind === 'token') return [];
  const rule = (one: Rule): Rule => ({ ...one, http: plainExpr(one.http), tcp: one.tcp && plainExpr(one.tcp) });
  const policies = stage.policies.slice(0, 3).map((one) => ({ ...one, rules: one.rules.slice(0, 3).map(rule) }));
  return [{ ...stage, policies }];
}

function plainExpr(expr: Expr): Expr {
  if (expr.op === 'not') return { op: 'not', of: plainExpr(expr.of) };
  return expr.op === 'all' || expr.op === 'any' ? { ...expr, of: expr.of.map(plainExpr) } : plainAtom(expr);
}

/** What asks the registry or a token asks something else. */
function plainAtom(atom: Atom): Atom {
  if (atom.op === 'text') return atom.fact.of === 'claim' ? { ...atom, fact: { of: 'header', name: 'h1' } } : atom;
  const range = (from: number, to: number): Atom => ({ op: 'port', fact: 'destinationPort', any: [{ from, to }] });
  if (atom.op === 'endpoint') return atom.byHops ? range(8000, 8100) : range(1, 1023);
  if (atom.op === 'identity') return { op: 'protocol', any: [132] };
  return atom.op === 'namedPort' ? range(8081, 8081) : atom;
}
