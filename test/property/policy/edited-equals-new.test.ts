import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Compilations } from '../../../src/policy/compile/compilations.ts';
import { compileSnapshot } from '../../../src/policy/compile/compile-snapshot.ts';
import type { Plane, Policy, PolicyModel, RuleStage } from '../../../src/policy/model.ts';
import type { Registry } from '../../../src/policy/registry/registry.ts';
import { arbitraryFacts, arbitraryPolicy, arbitraryRegistry } from './arbitrary-model.ts';

/** `EDITS=100000` for the long run. */
const EDITS = Number(process.env['EDITS'] ?? 250);
const SEED = Number(process.env['EDITS_SEED'] ?? Date.now() % 1_000_000);
const options = { allowEmpty: true };

/** One stage of each kind that planes have; of the network's, one of each direction. */
const stages: readonly (Omit<RuleStage, 'policies'> & { readonly plane: Plane['id'] })[] = [
  { plane: 'istio', kind: 'any-deny', name: 'DENY' },
  { plane: 'istio', kind: 'any-allow', name: 'ALLOW' },
  { plane: 'l4', kind: 'first-match', name: 'tier', onNoMatch: 'pass', direction: 'ingress' },
  { plane: 'l4', kind: 'first-match', name: 'tier', onNoMatch: 'deny', direction: 'egress' },
];

describe('a snapshot that is made of the one before', () => {
  it(`decides as one that is made anew, edit by edit (seed ${SEED})`, () => {
    const random = createRandom(SEED);
    const draw = <T>(from: fc.Arbitrary<T>, numRuns: number, i = 0): readonly T[] =>
      fc.sample(from, { numRuns, seed: SEED + i });
    const pools = stages.map(({ kind }, s) =>
      [...Array(240).keys()].flatMap((i) => draw(arbitraryPolicy(kind, i), 1, s * 240 + i)),
    );
    const facts = draw(arbitraryFacts, 400);
    const registries = draw(arbitraryRegistry, 8);
    let lists: readonly (readonly Policy[])[] = pools.map((pool) => pool.slice(0, 80));
    let registry = registries[0]!;
    const compilations = new Compilations();
    for (let edit = 0; edit < EDITS; edit++) {
      if (random(20) === 0) registry = registries[random(registries.length)]!;
      lists = lists.map((list, i) => (random(2) === 0 ? edited(list, pools[i]!, random) : list));
      const model = modelOf(lists, registry, edit % 200 < 150);
      const made = compileSnapshot(model, { ...options, compilations });
      const anew = compileSnapshot(model, options);
      for (let i = 0; i < 16; i++) {
        const asked = facts[random(facts.length)]!;
        assert.deepEqual(made.decide(asked), anew.decide(asked), `edit ${edit}`);
      }
    }
  }).timeout(60_000 + EDITS * 500);
});

const everybody = { namespace: undefined, labels: [] };

type Random = (below: number) => number;

/** A list after something that people do to one. */
function edited(list: readonly Policy[], pool: readonly Policy[], random: Random): readonly Policy[] {
  const at = random(list.length + 1);
  const absent = pool.filter((each) => !list.includes(each));
  const fresh = (): readonly Policy[] => absent.slice(0, 1 + random(3));
  switch (random(9)) {
    case 0:
      return list.toSpliced(at, 0, ...fresh());
    case 1:
      return list.toSpliced(at, 1 + random(3));
    case 2:
      return list.toSpliced(at, 1, ...fresh());
    case 3: // the same name, another content
      return list.map((each, i) => (i === at ? { ...each, rules: list[random(list.length)]!.rules } : each));
    case 4: // the same content, another subject or mode
      return list.map((each, i) =>
        i === at
          ? { ...each, subject: pool[random(pool.length)]!.subject, mode: pool[random(pool.length)]!.mode }
          : each,
      );
    case 5: // moved
      return list.length === 0
        ? list
        : list.toSpliced(at, 1).toSpliced(random(list.length), 0, ...list.slice(at, at + 1));
    case 6: // many of one subject and one condition
      return random(3) > 0 || list.length === 0
        ? list
        : list.map((each, i) =>
            i % 2 === 0 ? { ...each, subject: everybody, mode: 'enforce', rules: list[0]!.rules } : each,
          );
    case 7:
      return random(4) === 0 ? pool.slice(0, random(pool.length)) : list;
    default:
      return random(4) === 0 ? [] : [...list, ...fresh()];
  }
}

function modelOf(lists: readonly (readonly Policy[])[], registry: Registry, isUpstream: boolean): PolicyModel {
  const stageOf = (i: number): RuleStage => ({ ...stages[i]!, policies: lists[i]! });
  const planes = (['istio', 'l4'] as const).map((id): Plane => {
    const own = [...stages.keys()].filter((i) => stages[i]!.plane === id);
    return { id, mode: 'enforce', stages: own.map(stageOf) };
  });
  return { generation: 1, absence: isUpstream ? 'upstream' : 'strict', planes, registry };
}

/** The same numbers for the same seed. */
function createRandom(seed: number): Random {
  let state = seed + 1;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
