/**
 * What passes although no rule names it, into a workload and out of it; and what passes without a certificate.
 * @module
 */
import type { TokenRule } from '../../../policy/model.ts';
import { BoundMet } from '../../regions/bound.ts';
import { ALL, NONE, type Region } from '../../regions/diagrams.ts';
import { refusesAll } from '../pairs.ts';
import { selectStages, type Verdict } from '../plane-regions.ts';
import { createTokenLimits } from '../token-claims.ts';
import type { Witness } from '../witness.ts';
import { callersOf, createWorld, partiesOf } from '../world.ts';
import { namesSomething } from './naming.ts';
import { calls, half, type OpeningsScene } from './scene.ts';

/** One way that is open; of each workload at most one of a kind is told. */
export interface Opening {
  /** Whose, and who else. */
  readonly workload: string;
  readonly other: string;
  /** The requests, in words. */
  readonly on: string;
  /** One of them; undefined where none can be written. */
  readonly witness?: OpeningWitness | undefined;
}

/** A request that passes. */
export interface OpeningWitness extends Pick<Witness, 'request' | 'claims'> {
  /** Both ends are there already: a running server knows them. */
  readonly isOfToday: boolean;
}

/** What is open into workloads. */
export interface Inbound {
  /** No rule names it. */
  readonly unnamed: readonly Opening[];
  /** From callers that show no certificate. */
  readonly anonymous: readonly Opening[];
}

/** Looks at all requests into all workloads, by the planes that are enforced, each as the called workload has it. */
export function inboundOpenings(scene: OpeningsScene): Inbound {
  const { residents, space, side, allowEmpty } = scene;
  const { diagrams } = space;
  const planes = scene.planes.map((plane) => (plane.id === 'l4' ? half(plane, 'ingress') : plane));
  const world = createWorld(side.model, planes, residents, space);
  const limits = createTokenLimits(space);
  const named = createNamed(scene);
  const [unnamed, anonymous] = [new Map<number, Opening>(), new Map<number, Opening>()];
  const everything = refusesAll(side.model, allowEmpty) ? NONE : ALL;
  for (const [to, { resident: called, tokens }] of world.destinations.entries())
    for (const [from, { resident: caller, showsCertificate }] of world.sources.entries()) {
      if (!calls(scene, caller, called) || (unnamed.has(called) && (showsCertificate || anonymous.has(called))))
        continue;
      let [allowed, said]: [Region, Region] = [everything, NONE];
      for (const plane of world.planes) {
        if (allowed === NONE) break;
        const verdict = plane.verdictOf(from, to);
        allowed = diagrams.and(allowed, verdict.allowed);
        said = diagrams.or(said, named(verdict));
      }
      const note = (found: Map<number, Opening>, region: Region): void => {
        const own = region === NONE ? NONE : limits.within(region, tokens);
        if (own !== NONE && !found.has(called))
          found.set(
            called,
            openingOf(
              scene,
              { own: called, other: caller, region: own },
              written(scene, own, [caller, called], tokens),
            ),
          );
      };
      note(unnamed, diagrams.minus(allowed, said));
      if (!showsCertificate) note(anonymous, allowed);
    }
  return { unnamed: [...unnamed.values()], anonymous: [...anonymous.values()] };
}

/** Looks at all that leaves workloads, for pods and for addresses outside, by the plane of the network whether it is enforced or not. */
export function outboundOpenings(scene: OpeningsScene): readonly Opening[] {
  const { residents, network, context } = scene;
  const stages = network === undefined ? [] : half(network, 'egress').stages;
  const named = createNamed(scene);
  const parties = residents.flatMap((one, at) =>
    one === undefined ? [] : partiesOf(one).map((party) => ({ party, at })),
  );
  return residents.flatMap((one, own): Opening[] => {
    if (one?.endpoint === undefined) return [];
    const selected = selectStages(
      one.endpoint.hostNetwork ? [] : stages,
      context.destinationOf(one.endpoint),
      'destination',
      scene,
    );
    for (const { party } of callersOf(one, own))
      for (const { party: other, at } of parties) {
        if (!calls(scene, own, at)) continue;
        const verdict = selected.verdictOf(party, other);
        const region = scene.space.diagrams.minus(verdict.allowed, named(verdict));
        if (region !== NONE)
          return [openingOf(scene, { own, other: at, region }, written(scene, region, [own, at], []))];
      }
    return [];
  });
}

interface Opened {
  readonly own: number;
  readonly other: number;
  readonly region: Region;
}

const openingOf = (
  scene: OpeningsScene,
  { own, other, region }: Opened,
  witness: OpeningWitness | undefined,
): Opening => ({
  workload: scene.nameOf(own),
  other: scene.nameOf(other),
  on: scene.textOf(region),
  witness,
});

/** A request of a region, from one end to the other; undefined if none can be written. */
function written(
  { residents, classes, witnesses }: OpeningsScene,
  region: Region,
  [from, to]: readonly [from: number, to: number],
  tokens: readonly TokenRule[],
): OpeningWitness | undefined {
  const ends = [residents[from], residents[to]];
  if (ends[0] === undefined || ends[1] === undefined) return undefined;
  try {
    const { request, claims } = witnesses.of(region, ends[0], ends[1], tokens);
    const isOfToday = [from, to].every((end) => classes[end]?.future === undefined);
    return { request, ...(claims && { claims }), isOfToday };
  } catch (thrown) {
    if (thrown instanceof BoundMet) return undefined;
    throw thrown;
  }
}

/** What of a verdict was allowed by rules that name something. */
function createNamed({ space: { diagrams } }: OpeningsScene): (verdict: Verdict) => Region {
  const known = new Map<Verdict, Region>();
  return (verdict) => {
    let made = known.get(verdict);
    made ??= verdict.by
      .filter(({ rule }) => namesSomething(rule))
      .reduce((all: Region, { region }) => diagrams.or(all, region), NONE);
    known.set(verdict, made);
    return made;
  };
}
