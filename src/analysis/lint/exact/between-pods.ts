/**
 * All requests from one pod of today to another: which of them a rule lets pass in its own plane, and which the planes below it do.
 * @module
 */
import { parseIp } from '../../../lib/ip-address.ts';
import { sourcesOf } from '../../../policy/meaning/network-sources.ts';
import { createRegistryContext } from '../../../policy/meaning/registry-context.ts';
import { selectTokens } from '../../../policy/meaning/token-stage.ts';
import type { Expr, Plane, PlaneId, Policy, PortRange, RuleStage, Stage, TokenRule } from '../../../policy/model.ts';
import { emptyRegistry } from '../../../policy/registry/registry.ts';
import { createConditions } from '../../proofs/conditions.ts';
import { type Selected, type StageScene, selectStages } from '../../proofs/plane-regions.ts';
import { spaceOf } from '../../proofs/space-of.ts';
import { createTokenLimits } from '../../proofs/token-claims.ts';
import { createWitnesses, type Witness } from '../../proofs/witness.ts';
import { callersOf, partiesOf, workloadAt } from '../../proofs/world.ts';
import { ALL, type Diagrams, NONE, type Region } from '../../regions/diagrams.ts';
import { type Party as End, factsBetween } from '../../universe/party.ts';
import type { Resident } from '../../universe/resident.ts';
import type { LintScene } from '../scene/lint-scene.ts';
import type { Party } from '../scene/party.ts';
import type { PlacedRule } from '../scene/placed-rule.ts';

/** What comes one way: from one address to another, with the caller's certificate or without. */
export interface Passage {
  /** What the rule lets pass; never empty. */
  readonly own: Region;
  /** What of that the network and the site let pass too. */
  readonly open: Region;
  /** A request of a region. @throws BoundMet if none can be written */
  witness(region: Region): Witness;
}

/** Asks of one model. */
export interface BetweenPods {
  readonly diagrams: Diagrams;
  /** All requests at some ports. */
  atPorts(ranges: readonly PortRange[]): Region;
  /** The ways on which a rule lets something pass from one to another. @throws BoundMet */
  passages(placed: PlacedRule, from: Party, to: Party): readonly Passage[];
}

const below: readonly PlaneId[] = ['l4', 'site'];

/** Starts; what concerns a pod is put together when it is first asked about. @throws BoundMet */
export function createBetweenPods(scene: LintScene): BetweenPods {
  const { model, options } = scene.deps;
  const space = spaceOf(model.planes, []);
  const { diagrams } = space;
  const registry = { ...(model.registry ?? emptyRegistry), endpoints: scene.asked };
  const context = createRegistryContext(registry, model.absence, model.hops);
  const stageScene: StageScene = { space, context, conditions: createConditions(space, context, model.absence) };
  const limits = createTokenLimits(space);
  const witnesses = createWitnesses({ space, prefersHttp: true, trustedHops: options.trustedHops });
  const stagesOf = createOwnStages(scene);
  const select = createSelect(stageScene);
  const planesBelow = model.planes.filter(({ id }) => below.includes(id));

  const atPorts = (ranges: readonly PortRange[]): Region =>
    diagrams.where(space.port.id, space.port.domain.of(ranges.map(({ from, to }) => [from, to] as const)));
  /** Where somebody listens, as far as the pod says so: a way to a port that it does not have is no way to it. */
  const listening = ({ endpoint }: Party): Region => {
    const ports = (endpoint?.ports ?? []).filter(({ protocol }) => protocol === 'TCP');
    return ports.length === 0 ? ALL : atPorts(ports.map(({ port }) => ({ from: port, to: port })));
  };
  const tokensAt = (to: Party, workload: ReturnType<typeof workloadAt>): readonly TokenRule[] =>
    model.planes.flatMap((plane) =>
      stagesOf(plane, to).all.flatMap((stage) =>
        stage.kind === 'token' ? selectTokens(stage, workload, context).rules : [],
      ),
    );
  /** Each pod that the source may be has to let it out, the called one in; of the site each layer. */
  const allowedBelow = (plane: Plane, source: End, destination: End, to: Party): Region => {
    const workload = workloadAt(residentOf(to), destination, context);
    const stages = stagesOf(plane, to);
    if (plane.id === 'site')
      return layersOf(stages).reduce<Region>(
        (all, layer) => diagrams.and(all, select(layer, workload, 'source').verdictOf(source, destination).allowed),
        ALL,
      );
    const place = sourcesOf(factsBetween(source, source), context);
    if (place === 'mismatch') return NONE;
    const into = select(stages.ingress, workload, 'source').verdictOf(source, destination).allowed;
    return place.reduce<Region>((all, endpoint) => {
      const party = scene.partyOf(endpoint);
      if (party === undefined) return all; // on the network of its host no policy acts
      const out = select(stagesOf(plane, party).egress, context.destinationOf(endpoint), 'destination');
      return diagrams.and(all, out.verdictOf(source, destination).allowed);
    }, into);
  };
  return {
    diagrams,
    atPorts,
    passages(placed, from, to) {
      const [caller, called] = [residentOf(from), residentOf(to)];
      const own = model.planes.find(({ id }) => id === placed.plane);
      if (own === undefined) return [];
      const out: Passage[] = [];
      const meant = namesPort(placed.rule.http) ? ALL : listening(to);
      for (const destination of partiesOf(called)) {
        const workload = workloadAt(called, destination, context);
        const tokens = tokensAt(to, workload);
        const selected = select(stagesOf(own, to).all, workload, 'source');
        for (const { party: source } of callersOf(caller, 0)) {
          if (!isSameFamily(source, destination)) continue;
          const { by } = selected.verdictOf(source, destination);
          const let_ = by.find(({ rule }) => rule === placed.rule);
          const region = let_ === undefined ? NONE : diagrams.and(meant, limits.within(let_.region, tokens));
          if (region === NONE) continue;
          const open = planesBelow.reduce<Region>(
            (all, plane) => (all === NONE ? NONE : diagrams.and(all, allowedBelow(plane, source, destination, to))),
            region,
          );
          out.push({
            ...{ own: region, open },
            witness: (part) => witnesses.of(part, alone(caller, source), alone(called, destination), tokens),
          });
        }
      }
      return out;
    },
  };
}

/** Whether a rule says itself at which ports. */
function namesPort(expr: Expr): boolean {
  if (expr.op === 'all' || expr.op === 'any') return expr.of.some(namesPort);
  if (expr.op === 'not') return namesPort(expr.of);
  return expr.op === 'port' && expr.fact === 'destinationPort';
}

const layers = new WeakMap<OwnStages, readonly (readonly Stage[])[]>();

/** Each stage as a list of its own. */
function layersOf(stages: OwnStages): readonly (readonly Stage[])[] {
  const made = layers.get(stages) ?? stages.all.map((stage) => [stage]);
  layers.set(stages, made);
  return made;
}

const hostOf = (address: string): string => address.replace(/\/.*$/, '');

function residentOf({ endpoint, principal, address }: Party): Resident {
  if (endpoint === undefined) return { addresses: [address] };
  const addresses = endpoint.addresses.map(hostOf).filter((one) => parseIp(one) !== undefined);
  return { endpoint, principal, addresses };
}

/** A resident with one address; without its certificate where it shows none. */
function alone(one: Resident, { address, principal }: End): Resident {
  const addresses = address === undefined ? [] : [address.text];
  return one.endpoint === undefined || principal === '' ? { addresses } : { ...one, addresses };
}

const isSameFamily = (a: End, b: End): boolean =>
  a.address === undefined || b.address === undefined || a.address.text.includes(':') === b.address.text.includes(':');

/** The stages of a plane with the policies that select a pod alone, in their order. */
interface OwnStages {
  readonly all: readonly Stage[];
  readonly ingress: readonly Stage[];
  readonly egress: readonly Stage[];
}

function createOwnStages(scene: LintScene): (plane: Plane, party: Party) => OwnStages {
  const known = new Map<Party, Map<Plane, OwnStages>>();
  const places = new Map<Policy, number>();
  const stageOf = new Map<Policy, Stage>();
  for (const { stages } of scene.deps.model.planes)
    for (const stage of stages)
      if (stage.kind !== 'transport' && stage.kind !== 'token')
        for (const [i, policy] of stage.policies.entries()) {
          places.set(policy, i);
          stageOf.set(policy, stage);
        }
  const made = (plane: Plane, party: Party): OwnStages => {
    const own = Map.groupBy(scene.policiesOf(party), (policy) => stageOf.get(policy));
    const inOrder = (some: readonly Policy[]): readonly Policy[] =>
      some.toSorted((a, b) => places.get(a)! - places.get(b)!);
    return splitUp(
      plane.stages.map((stage) =>
        stage.kind === 'transport' || stage.kind === 'token'
          ? stage
          : { ...stage, policies: inOrder(own.get(stage) ?? []) },
      ),
    );
  };
  return (plane, party) => {
    const [first = party] = scene.alike(party);
    const byPlane = known.get(first) ?? new Map<Plane, OwnStages>();
    known.set(first, byPlane);
    const stages = byPlane.get(plane) ?? made(plane, first);
    byPlane.set(plane, stages);
    return stages;
  };
}

function splitUp(all: readonly Stage[]): OwnStages {
  const half = (direction: 'ingress' | 'egress'): readonly Stage[] =>
    all.filter((stage) => ((stage as RuleStage).direction ?? 'ingress') === direction); // others have none
  return { all, ingress: half('ingress'), egress: half('egress') };
}

/** Remembers what of stages concerns a workload: each list of stages is of one class of them. */
function createSelect(stageScene: StageScene) {
  const known = new Map<readonly Stage[], Selected>();
  return (
    stages: readonly Stage[],
    workload: ReturnType<typeof workloadAt>,
    other: 'source' | 'destination',
  ): Selected => {
    const made = known.get(stages) ?? selectStages(stages, workload, other, stageScene);
    known.set(stages, made);
    return made;
  };
}
