/**
 * What can pass between classes, plane by plane: the policies of one model, for those who call and are called.
 * @module
 */
import { parseIp } from '../../lib/ip-address.ts';
import type { Destination, IpAddress } from '../../policy/facts.ts';
import { sourcesOf } from '../../policy/meaning/network-sources.ts';
import { createRegistryContext, type RegistryContext } from '../../policy/meaning/registry-context.ts';
import { selectTokens } from '../../policy/meaning/token-stage.ts';
import type { Plane, PlaneId, PolicyModel, RuleStage, TokenRule } from '../../policy/model.ts';
import { type Endpoint, emptyRegistry } from '../../policy/registry/registry.ts';
import { ALL, type Diagrams, NONE } from '../regions/diagrams.ts';
import type { RequestSpace } from '../regions/request-space.ts';
import { factsBetween, type Party } from '../universe/party.ts';
import type { Resident } from '../universe/resident.ts';
import { type Conditions, createConditions } from './conditions.ts';
import { createGrouping } from './groups.ts';
import { type Selected, type StageScene, selectStages, type Verdict } from './plane-regions.ts';

/** A plane as it is asked: its verdict on each pair of a calling and a called party. */
export interface PlaneView {
  readonly id: PlaneId;
  /** By places among `World.sources` and `World.destinations`. */
  verdictOf(source: number, destination: number): Verdict;
}

/** Who calls with what. */
export interface Caller {
  readonly party: Party;
  /** Its place among the residents. */
  readonly resident: number;
  /** Of its resident's addresses. */
  readonly address: number;
  readonly showsCertificate: boolean;
}

/** Who is called at which of its addresses. */
export interface Called {
  /** By which the workload accepts tokens. */
  readonly tokens: readonly TokenRule[];
  readonly party: Party;
  readonly resident: number;
  readonly address: number;
}

/** All that can be asked of one model. */
export interface World {
  readonly sources: readonly Caller[];
  readonly destinations: readonly Called[];
  readonly planes: readonly PlaneView[];
}

/** Whom a world is asked about. */
export interface WorldRoles {
  /** Whether a resident ever calls, is ever called. */
  calls(resident: number): boolean;
  isCalled(resident: number): boolean;
  /** Callers show the certificate that they have. */
  readonly showsAlways: boolean;
}

const everybody: WorldRoles = { calls: () => true, isCalled: () => true, showsAlways: false };

/** Makes the world of a model. What concerns a workload is put together when it is first asked about. */
export function createWorld(
  model: PolicyModel,
  planes: readonly Plane[],
  residents: readonly (Resident | undefined)[],
  space: RequestSpace,
  { calls, isCalled, showsAlways }: WorldRoles = everybody,
): World {
  const context = createRegistryContext(model.registry ?? emptyRegistry, model.absence, model.hops);
  const conditions = createConditions(space, context, model.absence);
  const scene: StageScene = { space, conditions, context };
  const sources = residents.flatMap((one, resident) =>
    one === undefined || !calls(resident) ? [] : callersOf(one, resident, showsAlways),
  );
  const called = residents.flatMap((one, resident) =>
    one?.endpoint === undefined || !isCalled(resident)
      ? []
      : partiesOf(one).map((party, address) => ({ party, resident, address })),
  );
  const workloads = called.map(({ party, resident }) => workloadAt(residents[resident]!, party, context));
  const destinations = called.map((each, i): Called => ({ ...each, tokens: tokensAt(planes, workloads[i]!, context) }));
  const matrix = createMatrices(sources, destinations, workloads, scene);
  return {
    sources,
    destinations,
    planes: planes.map((plane) =>
      plane.id === 'l4'
        ? networkView(plane, matrix, scene)
        : plane.id === 'site'
          ? layersView(plane, matrix, scene)
          : stageView(plane, matrix),
    ),
  };
}

const addressOf = (text: string): IpAddress | undefined => {
  const bytes = parseIp(text);
  return bytes && { bytes, text };
};

/** A resident with each of its addresses. */
export function partiesOf(one: Resident): Party[] {
  const principal = one.endpoint === undefined ? '' : one.principal;
  const addresses = one.addresses.length === 0 ? [undefined] : one.addresses.map(addressOf);
  return addresses.map((address) => ({ address, principal }));
}

/** A resident with each of its addresses, with its certificate and, unless it always shows it, without. */
export function callersOf(one: Resident, resident: number, showsAlways = false): Caller[] {
  return partiesOf(one).flatMap((party, address) => {
    const bare = { party: { ...party, principal: '' }, resident, address, showsCertificate: false };
    if (party.principal === '') return [bare];
    const own = { party, resident, address, showsCertificate: true };
    return showsAlways ? [own] : [own, bare];
  });
}

/** The rules by which a workload accepts tokens. */
function tokensAt(planes: readonly Plane[], workload: Destination, context: RegistryContext): readonly TokenRule[] {
  return planes.flatMap(({ stages }) =>
    stages.flatMap((stage) => (stage.kind === 'token' ? selectTokens(stage, workload, context).rules : [])),
  );
}

/** The workload as a request finds it: by its address, else as it says of itself. */
export function workloadAt(one: Resident, { address, principal }: Party, context: RegistryContext): Destination {
  const endpoint = one.endpoint!; // only pods are called
  const { namespace, serviceAccount, labels } = endpoint;
  const told = labels.length === 0 ? undefined : new Map(labels); // a request cannot say that there are none
  return context.locate({ spiffeId: principal, namespace, serviceAccount, labels: told }, address);
}

/** Verdicts of stages on all pairs, as far as they were asked for. */
interface Matrices {
  /** What the stages say as the called workload has them. */
  ofCalled(stages: Plane['stages']): (source: number, destination: number) => Verdict;
  /** What the stages of a calling pod say of whom it calls. */
  ofCalling(stages: Plane['stages']): (endpoint: Endpoint, source: number, destination: number) => Verdict;
  readonly sources: readonly Caller[];
  readonly destinations: readonly Called[];
}

function createMatrices(
  sources: readonly Caller[],
  destinations: readonly Called[],
  workloads: readonly Destination[],
  scene: StageScene,
): Matrices {
  const { conditions, context } = scene;
  const callers = sources.map(({ party }) => party);
  const called = destinations.map(({ party }) => party);
  const groupCallers = createGrouping(callers, conditions, ({ principal }) => (principal === '' ? 0 : 1));
  const groupCalled = createGrouping(called, conditions, () => 0);
  return {
    sources,
    destinations,
    ofCalled(stages) {
      const columns: ((source: number) => Verdict)[] = [];
      const columnOf = (destination: number) => {
        const selected = selectStages(stages, workloads[destination]!, 'source', scene);
        const { of, firsts } = groupCallers(selected.atoms);
        const verdicts = firsts.map((first) => selected.verdictOf(callers[first]!, called[destination]!));
        return (source: number) => verdicts[of[source]!]!;
      };
      return (source, destination) => {
        const column = columns[destination] ?? columnOf(destination);
        columns[destination] = column;
        return column(source);
      };
    },
    ofCalling(stages) {
      const selections = new Map<Endpoint, Selected>();
      const rows = new Map<Endpoint, Map<string, (destination: number) => Verdict>>();
      const bySource = new Map<Endpoint, ((destination: number) => Verdict)[]>();
      const selectedBy = (endpoint: Endpoint): Selected => {
        const made =
          selections.get(endpoint) ?? selectStages(stages, context.destinationOf(endpoint), 'destination', scene);
        selections.set(endpoint, made);
        return made;
      };
      const rowOf = (endpoint: Endpoint, source: number) => {
        const selected = selectedBy(endpoint);
        const own = ownTruths(selected, callers[source]!, conditions);
        const known = rows.get(endpoint) ?? new Map<string, (destination: number) => Verdict>();
        rows.set(endpoint, known);
        let row = known.get(own);
        if (row === undefined) {
          const { of, firsts } = groupCalled(selected.atoms);
          const verdicts = firsts.map((first) => selected.verdictOf(callers[source]!, called[first]!));
          row = (destination) => verdicts[of[destination]!]!;
          known.set(own, row);
        }
        return row;
      };
      return (endpoint, source, destination) => {
        const known = bySource.get(endpoint) ?? [];
        bySource.set(endpoint, known);
        const row = known[source] ?? rowOf(endpoint, source);
        known[source] = row;
        return row(destination);
      };
    },
  };
}

/** What the conditions of its own stages say of a caller, as a name. */
function ownTruths({ ownAtoms }: Selected, party: Party, conditions: Conditions): string {
  return ownAtoms
    .map((atom) => {
      const { yes, no } = conditions.ofParty(atom, party);
      return `${yes} ${no}`;
    })
    .join();
}

const stageView = (plane: Plane, matrix: Matrices): PlaneView => ({
  id: plane.id,
  verdictOf: matrix.ofCalled(plane.stages),
});

/** The network asks both ends: the egress of each pod that the source may be, and the ingress of the destination. */
function networkView(plane: Plane, matrix: Matrices, { space, context }: StageScene): PlaneView {
  const { diagrams } = space;
  const half = (direction: 'ingress' | 'egress') =>
    plane.stages.filter((stage) => ((stage as RuleStage).direction ?? 'ingress') === direction); // tiers only
  const into = matrix.ofCalled(half('ingress'));
  const out = matrix.ofCalling(half('egress'));
  const places = matrix.sources.map(({ party }) => sourcesOf(factsBetween(party, party), context));
  const joined = createJoin(diagrams);
  return {
    id: plane.id,
    verdictOf(source, destination) {
      const place = places[source]!;
      if (place === 'mismatch') return refused;
      let verdict = into(source, destination);
      if (verdict.allowed === NONE) return verdict;
      for (const endpoint of place) verdict = joined(out(endpoint, source, destination), verdict);
      return verdict;
    },
  };
}

/** Each layer has to let a request pass. */
function layersView(plane: Plane, matrix: Matrices, { space: { diagrams } }: StageScene): PlaneView {
  const layers = plane.stages.map((stage) => matrix.ofCalled([stage]));
  const joined = createJoin(diagrams);
  return {
    id: plane.id,
    verdictOf: (source, destination) =>
      layers.map((layer) => layer(source, destination)).reduce((a, b) => joined(a, b), anything),
  };
}

/** Joins verdicts of which each has to allow; the same two make the same one. */
function createJoin(diagrams: Diagrams): (a: Verdict, b: Verdict) => Verdict {
  const joint = new Map<Verdict, Map<Verdict, Verdict>>();
  return (a, b) => {
    const known = joint.get(a) ?? new Map<Verdict, Verdict>();
    joint.set(a, known);
    const made = known.get(b) ?? { allowed: diagrams.and(a.allowed, b.allowed), by: [...a.by, ...b.by] };
    known.set(b, made);
    return made;
  };
}

const anything: Verdict = { allowed: ALL, by: [] };
const refused: Verdict = { allowed: NONE, by: [] };
