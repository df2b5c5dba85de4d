import assert from 'node:assert/strict';
import type { Node, Predicate } from '../../../src/policy/compile-envoy/tree/tree.ts';
import { createEquipment, type Equipment, judgeBatch } from '../../differential/native-verdicts/judge.ts';
import { createTally, type VerdictKind, verdictKinds } from '../../differential/native-verdicts/tally.ts';

const planted: Node = { is: 'action', name: 'n:planted', effect: 'allow' };
const inFront = (when: Predicate, leadsTo: Node, tree: Node): Node => ({
  is: 'list',
  items: [{ when, leadsTo }],
  otherwise: tree,
});
const post: Predicate = { op: 'test', input: 'header::method', test: { is: 'exact', value: 'POST' } };
const tokenOfA: Predicate = { op: 'test', input: 'state:gh.iss', test: { is: 'exact', value: 'https://a' } };
const manyLines: Predicate = { op: 'test', input: 'header:x-tag', test: { is: 'contains', value: ',' } };

/** Without TLS Envoy gives up where a name is asked for. */
const bySerial: Predicate = { op: 'test', input: 'state:gh.serial', test: { is: 'regex', source: '[0-9a-f]{2,}' } };
const byName =
  (test: { readonly is: 'prefix' | 'contains'; readonly value: string }) =>
  (tree: Node): Node => {
    const items = [{ when: { op: 'test', input: 'uri', test } as const, leadsTo: planted }];
    return inFront(bySerial, { is: 'list', items, otherwise: undefined }, tree);
  };

/** A widening for the tree of each place, and what verdicts must show it. */
const widenings: Readonly<Record<string, readonly [(tree: Node) => Node, ...VerdictKind[]]>> = {
  w0: [(tree) => inFront(post, planted, tree), 'http/1', 'http/2'],
  w1: [byName({ is: 'contains', value: ',' }), 'several names'],
  w2: [(tree) => inFront(tokenOfA, planted, tree), 'token'],
  w3: [byName({ is: 'prefix', value: 'spiffe://old.td/' }), 'alias'],
  w4: [(tree) => inFront(manyLines, planted, tree), 'repeated header', 'gateway'],
  w5: [(tree) => inFront(tokenOfA, planted, tree), 'token through a gateway'],
  w6: [() => planted, 'tcp'],
  w7: [() => planted, 'tcp'],
};

describe('an Envoy with a tree, and one that asks about everything', function () {
  this.timeout(300_000);
  let equipment: Equipment;

  before(async () => {
    equipment = await createEquipment();
  });
  after(() => equipment[Symbol.asyncDispose]());

  it('come to the same verdicts', async () => {
    const tally = createTally();
    const connections = await judgeBatch(equipment, { seed: 4, verdicts: 1_500, tallyOf: () => tally });
    assert.deepEqual(tally.different.slice(0, 5), []);
    const { decided, allowed } = tally.all;
    assert.ok(decided > 300, `${decided} decided by the tree`);
    assert.ok(connections > 50, `${connections} connections decided by the tree`);
    assert.ok(allowed > 100, `${allowed} allowed`);
    for (const kind of verdictKinds) assert.ok(tally.byKind.get(kind)!.verdicts > 15, `${kind} was tried`);
  });

  it('do not where a widening is planted, whatever it is about', async () => {
    const tallies = Object.fromEntries(Object.keys(widenings).map((name) => [name, createTally()]));
    await judgeBatch(equipment, {
      // Where somebody is revoked, callers with several names ask before any tree.
      ...{ seed: 5, verdicts: 1_500 },
      tallyOf: ({ name }) => tallies[name]!,
      spoil: (tree, { name }) => widenings[name]![0](tree),
    });
    for (const [name, [, ...kinds]] of Object.entries(widenings))
      for (const kind of kinds)
        assert.notEqual(tallies[name]!.byKind.get(kind)!.different, 0, `the one about ${kind} was not seen`);
  });
});
