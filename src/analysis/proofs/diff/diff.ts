/**
 * What a change of policies allows that was denied, and denies that was allowed: exactly, with a witness of each.
 * @module
 */
import type { Decision } from '../../../policy/decision.ts';
import type { Plane, Policy } from '../../../policy/model.ts';
import { anyEffort, type Effort } from '../../regions/bound.ts';
import { NONE, type Region } from '../../regions/diagrams.ts';
import { type Box, createRegionPrinter } from '../../regions/shown-region.ts';
import { type Side, type UniverseClass, universeClasses } from '../../universe/universe.ts';
import { createPairs, type Pairs, refusesAll } from '../pairs.ts';
import type { Allowance } from '../plane-regions.ts';
import { disagrees, type Replay } from '../replay.ts';
import { spaceOf } from '../space-of.ts';
import { createWitnesses, type Witness } from '../witness.ts';
import { createWorld } from '../world.ts';
import { touchedPairs } from './touched.ts';

/** One state of the policies, and how it is asked. */
export interface DiffSide extends Side {
  readonly planes: readonly Plane[];
  readonly allowEmpty: boolean;
  readonly replay: Replay;
  readonly trustedHops: number;
}

/** What changed between two classes. */
export interface Change {
  readonly from: UniverseClass;
  readonly to: UniverseClass;
  readonly boxes: readonly Box[];
  readonly witness: Witness;
  /** Of the witness. */
  readonly old: Decision | undefined;
  readonly new: Decision | undefined;
  /** The rules that allow it on the side that does. */
  readonly rules: readonly (Allowance & { readonly plane: string })[];
  /** Who must agree. */
  readonly owners: readonly string[];
}

/** All that changed. */
export interface Difference {
  readonly classes: readonly UniverseClass[];
  readonly added: readonly Change[];
  readonly removed: readonly Change[];
  /** Paths that alone were looked at. */
  readonly plainPaths: boolean;
}

/**
 * Compares two states.
 *
 * @throws BoundMet if it cannot be said; GatehouseError `internal` if a witness is decided otherwise
 */
export function differenceOf(
  before: DiffSide,
  after: DiffSide,
  progress: (done: number, of: number) => void,
  effort: Effort = anyEffort,
): Difference {
  const sides = [before, after] as const;
  const classes = universeClasses(sides);
  const residents = sides.map((_, i) => classes.map((one) => one.residents[i]));
  const space = spaceOf(
    sides.flatMap(({ planes }) => planes),
    residents.flat(),
    effort,
  );
  const [old, fresh] = sides.map((side, i) =>
    createPairs(
      createWorld(side.model, side.planes, residents[i]!, space),
      residents[i]!,
      space,
      refusesAll(side.model, side.allowEmpty),
    ),
  ) as [Pairs, Pairs]; // there are two sides
  const { boxesOf } = createRegionPrinter(space);
  const prefersHttp = sides.some(({ planes }) => planes.some(isOfMesh));
  const witnesses = createWitnesses({ space, prefersHttp, trustedHops: after.trustedHops });
  const changeOf = (at: number, place: number, region: Region, isAdded: boolean): Change => {
    const [from, to] = [classes[at]!, classes[place]!];
    const side = isAdded ? 1 : 0;
    const pairs = isAdded ? fresh : old;
    const witness = witnesses.of(region, from.residents[side]!, to.seconds[side]!, pairs.tokensOf(place));
    const decisions = sides.map(({ replay }, i) =>
      from.residents[i] === undefined || to.residents[i] === undefined ? undefined : replay(witness),
    );
    const [is, was] = [decisions[side], decisions[1 - side]];
    if (is?.effect !== 'allow') throw disagrees(witness, 'allow', is?.effect);
    if (was?.effect === 'allow') throw disagrees(witness, 'deny', was.effect);
    const rules = pairs.allowances(at, place, region);
    const owners = ownersOf([
      ...rules.map(({ policy }) => policy),
      ...sides.flatMap((one, i) => policiesOf(one, decisions[i])),
    ]);
    const boxes = boxesOf(region, pairs.routesOf(at, place));
    return { from, to, boxes, witness, old: decisions[0], new: decisions[1], rules, owners };
  };
  /** What passes on one side and not on the other, whose tokens may be others. */
  const beyond = (own: Pairs, region: Region, other: Pairs, known: Region, place: number): Region => {
    const accepted = space.diagrams.and(known, other.acceptedAt(place));
    return own.limited(space.diagrams.minus(region, accepted), place);
  };
  const added: Change[] = [];
  const removed: Change[] = [];
  const touches = touchedPairs(sides, residents[1]!);
  for (const [at, from] of classes.entries()) {
    progress(at, classes.length);
    for (const [place, to] of classes.entries()) {
      if (to.outside !== undefined || (from === to && from.members.length === 1) || !touches(at, place)) continue;
      const [was, is] = [old.regionOf(at, place), fresh.regionOf(at, place)];
      if (was === is) continue;
      const [more, less] = [beyond(fresh, is, old, was, place), beyond(old, was, fresh, is, place)];
      if (more !== NONE) added.push(changeOf(at, place, more, true));
      if (less !== NONE) removed.push(changeOf(at, place, less, false));
    }
  }
  return { classes, added, removed, plainPaths: space.options.plainPaths };
}

/** Whether a plane is Istio's, with a policy: requests are HTTP there. */
const isOfMesh = ({ id, stages }: Plane): boolean =>
  id === 'istio' && stages.some(({ policies }) => policies.length > 0);

/** The policy that a decision names. */
function policiesOf({ planes }: DiffSide, made: Decision | undefined): readonly Pick<Policy, 'owner'>[] {
  const wanted = JSON.stringify(made?.policy);
  if (made?.policy === undefined) return [];
  return planes.flatMap(({ stages }) =>
    stages.flatMap((stage) => stage.policies.filter(({ ref }) => JSON.stringify(ref) === wanted)),
  );
}

const ownersOf = (policies: readonly Pick<Policy, 'owner'>[]): readonly string[] =>
  [...new Set(policies.flatMap(({ owner }) => (owner === '' ? [] : [owner])))].sort((a, b) => (a < b ? -1 : 1));
