import assert from 'node:assert/strict';
import { createMap, type ReachMap } from '../../../src/analysis/proofs/map/map.ts';
import { createReading } from '../../../src/analysis/proofs/reading.ts';
import { createWitnesses, type Witness } from '../../../src/analysis/proofs/witness.ts';
import { BoundMet } from '../../../src/analysis/regions/bound.ts';
import { NONE, type Region } from '../../../src/analysis/regions/diagrams.ts';
import type { UniverseClass } from '../../../src/analysis/universe/universe.ts';
import { withPodsToCome } from '../../../src/analysis/universe/with-pods-to-come.ts';
import { evaluate } from '../../../src/policy/evaluate/evaluate.ts';
import type { ProofSide } from '../../../src/server/policy/proof-side.ts';
import { Chance } from '../../reference/calico-random.ts';
import { isInRegion } from '../../support/region-holds.ts';
import { type Asked, randomRequest } from './random-requests.ts';
import { sideOfDocuments } from './read-world.ts';
import { words } from './vocabulary.ts';
import { type WorldDocuments, worldDocuments } from './world-documents.ts';

/** `PROOFS=1000` for the long run. */
const WORLDS = Number(process.env['PROOFS'] ?? 40);
/** The same worlds every time; `PROOFS_SEED=N` for others, as the long run takes. */
const SEED = Number(process.env['PROOFS_SEED'] ?? 1);
/** Of each world; the long run asks 1,000, and as many inside and outside of its regions. */
const REQUESTS = process.env['PROOFS'] === undefined ? 120 : 1_000;

interface Tally {
  worlds: number;
  asked: number;
  allowed: number;
  /** Chosen inside of a region, and outside. */
  inside: number;
  outside: number;
  /** Worlds that meet a bound, which is said. */
  bounded: number;
  future: number;
}

describe('a region of written policies', () => {
  it(`holds what the plain evaluator allows, and nothing else (${WORLDS} worlds, seed ${SEED})`, function () {
    this.timeout(24 * 3_600_000);
    const tally: Tally = { worlds: 0, asked: 0, allowed: 0, inside: 0, outside: 0, bounded: 0, future: 0 };
    for (let i = 0; i < WORLDS; i++) {
      const seed = SEED * 100_000 + i;
      const world = worldDocuments(seed);
      const difference = differenceIn(world, seed, tally);
      if (difference !== undefined) assert.fail(`world ${seed}: ${told(smaller(world, seed))}`);
    }
    const { asked, allowed, inside, outside, bounded } = tally;
    if (process.env['PROOFS'] !== undefined) console.log(JSON.stringify(tally));
    assert.ok(allowed > asked / 50 && allowed < asked * 0.98, `${allowed} of ${asked} were allowed`);
    assert.ok(inside > WORLDS && outside > WORLDS && bounded * 5 < WORLDS, JSON.stringify(tally));
  });
});

interface Difference {
  readonly world: WorldDocuments;
  readonly text: string;
}

const told = ({ world, text }: Difference): string => `${text}\n${JSON.stringify(world, undefined, 1)}`;

/** The difference in the world with as few documents as show it. */
function smaller(world: WorldDocuments, seed: number): Difference {
  const tally: Tally = { worlds: 0, asked: 0, allowed: 0, inside: 0, outside: 0, bounded: 0, future: 0 };
  let [left, text] = [world, differenceIn(world, seed, tally) ?? 'it does not come again'];
  for (const part of ['policies', 'site', 'registry'] as const)
    for (let at = left[part].length - 1; at >= 0; at--) {
      const without = { ...left, [part]: left[part].toSpliced(at, 1) };
      const found = differenceIn(without, seed, tally);
      if (found !== undefined) [left, text] = [without, found];
    }
  return { world: left, text };
}

/** The first request that the map and the plain evaluator say different things of. */
function differenceIn(world: WorldDocuments, seed: number, tally: Tally): string | undefined {
  const chance = new Chance(seed + 1);
  const today = sideOfDocuments(world);
  try {
    const ahead = chance.odds(0.25) ? withPodsToCome(today) : undefined;
    const side: ProofSide = { ...today, ...ahead?.side };
    const map = createMap({ side, ...pick(side), ...(ahead && { coming: ahead.coming }) });
    tally.worlds++;
    if (ahead !== undefined) tally.future++;
    return differenceOf(map, side, chance, tally);
  } catch (thrown) {
    if (!(thrown instanceof BoundMet)) throw thrown;
    tally.bounded++;
    return undefined;
  }
}

const pick = ({ planes, allowEmpty }: ProofSide) => ({ planes, allowEmpty });

function differenceOf(map: ReachMap, side: ProofSide, chance: Chance, tally: Tally): string | undefined {
  const { model, planes, allowEmpty, options } = side;
  const read = createReading(options);
  const enforced = { ...model, planes };
  const called = map.classes.filter(({ outside }) => outside === undefined);
  if (called.length === 0) return undefined;
  const witnesses = createWitnesses({ space: map.space, prefersHttp: chance.odds(0.5), trustedHops: 0 });
  for (let i = 0; i < REQUESTS; i++) {
    const [from, to] = [chance.of(map.classes), chance.of(called)];
    const pair = createPair(map, from, to);
    if (pair === undefined) continue;
    const random = randomRequest(chance, pair.source, pair.goal);
    const wanted = { ...random, is: undefined };
    const cut = cutOf(map, chance);
    const chosen = [
      { is: true, region: pair.region },
      { is: false, region: pair.beside },
    ].flatMap(({ is, region }) => {
      const witness = witnessIn(map.space.diagrams.and(region, cut), (one) =>
        witnesses.of(one, pair.source, pair.goal, pair.tokens),
      );
      return witness === undefined ? [] : [{ ...witness, is, route: undefined }];
    });
    for (const each of [wanted, ...chosen]) {
      const facts = read(each);
      if (facts === undefined) return `it cannot be read: ${JSON.stringify(each)}`;
      const { decision } = evaluate(enforced, facts, { allowEmpty });
      const allowed = decision.effect === 'allow';
      if (each.is === undefined) {
        tally.asked++;
        if (allowed) tally.allowed++;
        const isRejected = decision.reason === 'token_invalid' || decision.reason === 'audience_denied';
        if (isRejected || !isSeen(each, map)) continue; // the map is not about such a request
        if (isInRegion(map.space, pair.region, facts, each.route) === allowed) continue;
      } else {
        tally[each.is ? 'inside' : 'outside']++;
        if (each.is === allowed) continue;
      }
      return JSON.stringify({ from: from.id, to: to.id, ...each, decision });
    }
  }
  return undefined;
}

/** Where Calico looks at paths, only those that everybody reads alike are in the map. */
function isSeen({ request }: Asked, { space }: ReachMap): boolean {
  const path = request.http?.path ?? '/';
  return !space.options.plainPaths || !/\/\/|\/\.{1,2}(\/|$)/.test(path);
}

function createPair(map: ReachMap, from: UniverseClass, to: UniverseClass) {
  if (from === to && from.size === 1) return undefined;
  const [source, goal] = [from.residents[0]!, to.seconds[0]!];
  const [a, b] = [map.placeOf(from), map.placeOf(to)];
  const region = map.pairs.regionOf(a, b);
  const { diagrams } = map.space;
  const all = map.universeOf(from, to);
  const beside = map.pairs.limited(diagrams.and(all, diagrams.not(region)), b);
  return { source, goal, region: map.pairs.limited(region, b), beside, tokens: map.pairs.tokensOf(b) };
}

/** A part of all requests: of some port, kind, method or path. */
function cutOf({ space }: ReachMap, chance: Chance): Region {
  const { diagrams, port, method, path, transport } = space;
  const is = (value: string) => [{ is: 'exact' as const, value }];
  const ports = port.domain.of([[chance.of(words.ports), 65_535]]);
  return [
    ...(chance.odds(0.4) ? [diagrams.where(port.id, ports)] : []),
    ...(chance.odds(0.4) ? [diagrams.where(transport, chance.of([1, 2, 4, 8, 3, 12]))] : []),
    ...(chance.odds(0.3) ? [diagrams.where(method.id, method.domain.ofPatterns(is(chance.of(words.methods))))] : []),
    ...(chance.odds(0.3) ? [diagrams.where(path.id, space.pathsWhere(is(chance.of(words.paths))))] : []),
    ...(chance.odds(0.3) ? [diagrams.where(space.mtls, chance.of([1, 2]))] : []),
  ].reduce((all, one) => diagrams.and(all, one), diagrams.not(NONE));
}

/** Undefined for an empty region, and for a request that cannot be written. */
function witnessIn(region: Region, make: (region: Region) => Witness): Witness | undefined {
  if (region === NONE) return undefined;
  try {
    return make(region);
  } catch (thrown) {
    if (thrown instanceof BoundMet) return undefined;
    throw thrown;
  }
}
