import assert from 'node:assert/strict';
import type { Node, Predicate } from '../../../src/policy/compile-envoy/tree/tree.ts';
import { placeNames } from '../../differential/native-verdicts/draw-policies.ts';
import type { DrawnSettings } from '../../differential/native-verdicts/draw-settings.ts';
import { createEquipment, type Equipment } from '../../differential/native-verdicts/equipment.ts';
import { judgeBatch } from '../../differential/native-verdicts/judge.ts';
import { rowNames, tableRows } from '../../differential/native-verdicts/rows.ts';
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

/** The tree with another action of that name. */
function replaced(tree: Node, name: string): Node {
  return JSON.parse(JSON.stringify(tree, replaceMaps), (_, value: unknown) =>
    isOf(value) && value.name === name ? planted : restoreMap(value),
  ) as Node; // plain values but for the maps
}
const isOf = (value: unknown): value is { readonly name: string } =>
  typeof value === 'object' && value !== null && 'is' in value && value.is === 'action';
const replaceMaps = (_: string, value: unknown): unknown =>
  value instanceof Map ? { entriesOfMap: [...(value as ReadonlyMap<unknown, unknown>)] } : value;
const restoreMap = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'entriesOfMap' in value
    ? new Map(value.entriesOfMap as [unknown, unknown][])
    : value;

/** No planes but Istio's, and nothing revoked: what is planted is seen by who may ask anything. */
const plain: Partial<DrawnSettings> = {
  ...{ planes: undefined, revoked: [], isEmpty: false, aliases: ['old.td'], absence: 'upstream' },
  ...{ verifyPeer: 'off', peerTrustDomains: 'any', ambiguousRequests: 'asUpstream' },
};
const guarded: Partial<DrawnSettings> = { ...plain, planes: { calico: 'enforce', l4: 'enforce', site: 'observe' } };
const revoking: Partial<DrawnSettings> = {
  ...plain,
  revoked: [
    { by: 'id', caller: 0 },
    { by: 'serial', caller: 1 },
    { by: 'spki', caller: 2 },
  ],
};

const MOST_WORLDS = 4;

describe('an Envoy with a tree, and one that asks about everything', function () {
  this.timeout(600_000);
  let equipment: Equipment;

  before(async () => {
    equipment = await createEquipment();
  });
  after(() => equipment[Symbol.asyncDispose]());

  it('come to the same verdicts', async () => {
    const tally = createTally();
    const worlds = [
      [4, plain],
      [2, guarded],
      [6, revoking],
    ] as const;
    for (const [seed, settings] of worlds)
      await judgeBatch(equipment, { seed, settings, verdicts: 700, tallyOf: () => tally });
    assert.deepEqual(tally.different.slice(0, 5), []);
    const { decided, allowed } = tally.all;
    assert.ok(decided > 300, `${decided} decided by the tree`);
    assert.ok(tally.byKind.get('tcp')!.decided > 30, `connections decided by the tree`);
    assert.ok(allowed > 100, `${allowed} allowed`);
    for (const kind of verdictKinds) assert.ok(tally.byKind.get(kind)!.verdicts > 10, `${kind} was tried`);
  });

  it('do not where a widening is planted, whatever it is about', async () => {
    const tallies = Object.fromEntries(placeNames.map((name) => [name, createTally()]));
    const unseen = (): readonly string[] =>
      Object.entries(widenings).flatMap(([name, [, ...kinds]]) =>
        kinds.flatMap((kind) => (tallies[name]!.byKind.get(kind)!.different === 0 ? [`${name}: ${kind}`] : [])),
      );
    // A drawn place may let in by itself what is planted there.
    for (let seed = 5; seed < 5 + MOST_WORLDS && unseen().length > 0; seed++)
      await judgeBatch(equipment, {
        ...{ seed, verdicts: 900, settings: plain },
        tallyOf: ({ name }) => tallies[name]!,
        spoil: (tree, { name }) => widenings[name]?.[0](tree) ?? tree,
      });
    assert.deepEqual(unseen(), []);
  });

  for (const [what, name] of [
    ['whoever is at an address passes under any name', 'ask:place'],
    ['whom the planes do not let in for certain passes', 'ask:planes'],
  ] as const)
    it(`do not where ${what}`, async () => {
      const tally = createTally();
      const spoil = (tree: Node): Node => replaced(tree, name);
      await judgeBatch(equipment, { seed: 2, settings: guarded, verdicts: 300, tallyOf: () => tally, spoil });
      assert.notEqual(tally.all.different, 0);
    });

  for (const [kind, by, field] of [
    ['revoked name', 'id', 'spiffeIds'],
    ['revoked serial number', 'serial', 'serials'],
    ['revoked key', 'spki', 'spkis'],
  ] as const)
    it(`do not where the Envoy has not heard of a ${kind}`, async () => {
      const tally = createTally();
      const settings = { ...plain, revoked: [{ by, caller: 1 }] };
      await judgeBatch(equipment, {
        ...{ seed: 6, settings, verdicts: 300, tallyOf: () => tally },
        forget: (revocations) => ({ ...revocations, [field]: new Set() }),
      });
      assert.notEqual(tally.byKind.get(kind)!.different, 0);
    });

  it('are counted by the rows of docs/native.md', () => {
    assert.deepEqual(new Set(rowNames), new Set(tableRows()));
  });
});
