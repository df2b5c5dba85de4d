/**
 * What passes between inhabitants and is not meant.
 * @module
 */
import type { Plane, RuleStage } from '../../../policy/model.ts';
import type { Effort } from '../../regions/bound.ts';
import { ALL, NONE, type Region } from '../../regions/diagrams.ts';
import type { Resident } from '../../universe/resident.ts';
import { createPairs, type Pairs, refusesAll } from '../pairs.ts';
import { disagrees, type Replay } from '../replay.ts';
import { spaceOf } from '../space-of.ts';
import { createTokenLimits } from '../token-claims.ts';
import { createWitnesses } from '../witness.ts';
import { createWorld, type WorldRoles } from '../world.ts';
import { rulesFor, withTokensOf } from './allowed-claims.ts';
import type { Population } from './inhabitants.ts';
import type { Counterexample } from './proof.ts';
import { isMeant, regionOfBoxes, type Tenant } from './tenants.ts';

/** Regions and counterexamples, by the places of two inhabitants. */
export interface Leaks {
  /** What passes from one to another, and is not meant. */
  leak(from: number, to: number, isHard: boolean): Region;
  /** A request of such a region. @throws GatehouseError `internal` if it is decided otherwise */
  counterexample(from: number, to: number, region: Region, isHard: boolean): Counterexample;
}

/** By what they are found. */
export interface LeakOptions {
  readonly planes: readonly Plane[];
  readonly tenants: readonly Tenant[];
  readonly allowEmpty: boolean;
  readonly trustedHops: number;
  /** Called when the first witness is to be decided. */
  createReplay(): Replay;
  readonly effort?: Effort;
}

/** Prepares to find them. */
export function createLeaks({ inhabitants, model }: Population, options: LeakOptions): Leaks {
  const { planes, tenants, allowEmpty, trustedHops, effort } = options;
  const residents = inhabitants.map(({ resident }) => resident);
  const space = spaceOf(planes, residents, effort);
  const roles = (showsAlways: boolean): WorldRoles => ({
    calls: (at) => inhabitants[at]!.end !== 'destination',
    isCalled: (at) => inhabitants[at]!.end !== 'source',
    showsAlways,
  });
  const pairsBy = (of: readonly Plane[], some: readonly Resident[], whom?: WorldRoles): Pairs =>
    createPairs(createWorld(model, of, some, space, whom), some, space, refusesAll(model, allowEmpty));
  const made = new Map<boolean, Pairs>();
  const pairsFor = (isHard: boolean): Pairs => {
    // Soft isolation believes that pods show their certificates, as they do in a mesh.
    const pairs = made.get(isHard) ?? pairsBy(isHard ? planes.map(withoutEgress) : planes, residents, roles(!isHard));
    made.set(isHard, pairs);
    return pairs;
  };
  const { diagrams } = space;
  const limits = createTokenLimits(space);
  const meant = tenants.flatMap((tenant) =>
    tenant.shared.map((one) => ({ ...one, region: one.region ? regionOfBoxes(one.region, space) : ALL })),
  );
  let replay: Replay | undefined;
  const witnesses = createWitnesses({ space, prefersHttp: planes.some(isOfMesh), trustedHops });
  const between = (from: number, to: number, isHard: boolean): Region => {
    const pairs = pairsFor(isHard);
    let region = pairs.regionOf(from, to);
    if (region === NONE) return NONE;
    const [source, goal] = [inhabitants[from]!, inhabitants[to]!];
    if (!isHard) region = diagrams.and(region, diagrams.where(space.mtls, 1));
    for (const one of meant)
      if (
        source.trustDomain === undefined &&
        isMeant(one.from, source.endpoint, source.tenant) &&
        isMeant(one.to, goal.endpoint, goal.tenant)
      )
        region = diagrams.minus(region, one.region);
    if (region !== NONE && source.tenant !== undefined)
      region = withTokensOf(source.tenant, region, pairs.tokensOf(to), { space, limits });
    return region;
  };
  const closed = { soft: createPairSet(residents.length), hard: createPairSet(residents.length) };
  return {
    leak(from, to, isHard) {
      const known = isHard ? closed.hard : closed.soft;
      if (known.has(from, to)) return NONE;
      const region = between(from, to, isHard);
      if (region === NONE) known.add(from, to);
      return region;
    },
    counterexample(from, to, region, isHard) {
      const [source, goal] = [inhabitants[from]!, inhabitants[to]!];
      const accepted = pairsFor(isHard).tokensOf(to);
      const tokens = source.tenant ? rulesFor(source.tenant, accepted) : accepted;
      const witness = witnesses.of(region, source.resident, goal.resident, tokens);
      replay ??= options.createReplay();
      const decision = replay(witness);
      // What only the source keeps in is denied today, and shown without its egress.
      const both = isHard && pairsBy(planes, [source.resident, goal.resident]).regionOf(0, 1);
      const isKeptBySource = both !== false && diagrams.and(region, both) === NONE;
      const wanted = isKeptBySource ? 'deny' : 'allow';
      if (decision === undefined || (decision.effect !== wanted && !isKeptBySource))
        throw disagrees(witness, wanted, decision?.effect);
      return { from: source, to: goal, witness, decision };
    },
  };
}

/** What is out of one tenant is into another: a pair is looked at twice. A bit for each. */
function createPairSet(count: number) {
  const rows: Uint32Array[] = [];
  return {
    has: (from: number, to: number): boolean => ((rows[to]?.[from >> 5] ?? 0) & (1 << (from & 31))) !== 0,
    add(from: number, to: number): void {
      const row = rows[to] ?? new Uint32Array((count + 31) >> 5);
      rows[to] = row;
      row[from >> 5]! |= 1 << (from & 31);
    },
  };
}

const isOfMesh = ({ id, stages }: Plane): boolean =>
  id === 'istio' && stages.some(({ policies }) => policies.length > 0);

/** The plane as the destination enforces it. */
function withoutEgress(plane: Plane): Plane {
  if (plane.id !== 'l4') return plane;
  return { ...plane, stages: plane.stages.filter((stage) => (stage as RuleStage).direction !== 'egress') }; // tiers only
}
