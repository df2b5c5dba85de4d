import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Compilations } from '../../../src/policy/compile/compilations.ts';
import { compileSnapshot, snapshotWork } from '../../../src/policy/compile/compile-snapshot.ts';
import { evaluate } from '../../../src/policy/evaluate/evaluate.ts';
import type { Plane, Policy, PolicyModel, RuleStage } from '../../../src/policy/model.ts';
import { joinRegistry } from '../../../src/policy/registry/join-registry.ts';
import { emptyRegistry, type Registry } from '../../../src/policy/registry/registry.ts';
import type { Snapshot } from '../../../src/policy/snapshot.ts';
import { plainFacts } from '../../support/plain-facts.ts';
import { arbitraryFacts, arbitraryPolicy } from './arbitrary-model.ts';
import { createRandom, createRegistryEdits, type Random } from './registry-edits.ts';

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
    const nextParts = createRegistryEdits(random, 40);
    let lists: readonly (readonly Policy[])[] = pools.map((pool) => pool.slice(0, 80));
    let registry = joinRegistry(nextParts(), undefined);
    let before: { readonly made: Snapshot; readonly anew: Snapshot } | undefined;
    const compilations = new Compilations();
    for (let edit = 0; edit < EDITS; edit++) {
      if (random(2) === 0) registry = joinRegistry(nextParts(), registry);
      lists = lists.map((list, i) => (random(2) === 0 ? edited(list, pools[i]!, random) : list));
      const model = modelOf(lists, registry, edit % 200 < 150);
      const aborted = snapshotWork(model, { ...options, compilations });
      for (let steps = random(60); steps > 0 && aborted.next().done !== true; ) steps--;
      const made = compileSnapshot(model, { ...options, compilations });
      const anew = compileSnapshot(model, options);
      for (let i = 0; i < 16; i++) {
        const asked = facts[random(facts.length)]!;
        const decision = made.decide(asked);
        assert.deepEqual(decision, anew.decide(asked), `edit ${edit}`);
        if (i < 4) assert.deepEqual(decision, evaluate(model, asked, options).decision, `edit ${edit}, plainly`);
        // The one before still decides by its own registry, in between.
        if (before) assert.deepEqual(before.made.decide(asked), before.anew.decide(asked), `before edit ${edit}`);
      }
      if (random(3) === 0) before = { made, anew };
    }
  }).timeout(60_000 + EDITS * 500);

  it('leaves to the one before the names that it gives, when its first policy comes back behind others', () => {
    const policy = (name: string): Policy => ({
      ref: { dialect: 'istio', kind: 'AuthorizationPolicy', namespace: 'shop', name },
      subject: { namespace: 'shop', labels: [['app', name]] },
      mode: 'enforce',
      rules: [],
      position: { file: 'p.yaml', line: 1, column: 1 },
      owner: '',
    });
    const [a, b] = [policy('a'), policy('b')];
    const asked = plainFacts({
      destination: { spiffeId: '', namespace: 'shop', serviceAccount: 'web', labels: undefined },
    });
    const compilations = new Compilations();
    const made = [[a, b], [b], [b, a]].map((policies) =>
      compileSnapshot(modelOf([policies, [], [], []], emptyRegistry, true), {
        ...options,
        compilations,
      }),
    );
    assert.deepEqual(
      made.map((snapshot) => snapshot.decide(asked).policy?.name),
      ['a', 'b', 'b'],
    );
  });
});

const everybody = { namespace: undefined, labels: [] };

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
