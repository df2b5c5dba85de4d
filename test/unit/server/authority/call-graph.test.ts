import assert from 'node:assert/strict';
import { openStoredTexts } from '../../../../src/platform/storage/stored-texts.ts';
import { type CallGraph, createCallGraph, storeCallGraph } from '../../../../src/server/authority/call-graph.ts';
import type { DecisionRecord } from '../../../../src/server/log/decision-record.ts';
import { tempDir } from '../../../support/temp-dir.ts';

const idOf = (name: string | number) => `spiffe://cluster.local/ns/default/sa/${name}`;
const allowed = (caller: string | number, callee: string | number, at = new Date()): DecisionRecord => ({
  id: '1',
  at: at.toISOString(),
  decision: 'allow',
  reason: 'rule_allowed',
  snapshot: 1,
  destination: { spiffeId: idOf(callee), foundBy: 'principal' },
  source: { principal: idOf(caller), address: '', port: 0 },
});
const pairsOf = (graph: CallGraph) =>
  graph.all().map(({ caller, callee }) => `${caller.split('/').at(-1)} ${callee.split('/').at(-1)}`);
const never = (thrown: unknown): never => {
  throw thrown;
};

describe('storeCallGraph', () => {
  it('keeps callers and callees over a restart, the latest last', async () => {
    await using dir = await tempDir();
    {
      using kept = openStoredTexts(dir.path);
      const graph = createCallGraph();
      using _keeping = storeCallGraph(graph, kept, never);
      for (const [caller, callee] of [
        ['a', 'b'],
        ['b', 'c'],
        ['a', 'b'],
      ] as const)
        graph.note(allowed(caller, callee));
    }
    using kept = openStoredTexts(dir.path);
    const graph = createCallGraph(2);
    using keeping = storeCallGraph(graph, kept, never);
    assert.deepEqual(pairsOf(graph), ['b c', 'a b']);
    graph.note(allowed('x', 'y'));
    assert.deepEqual(pairsOf(graph), ['a b', 'x y'], 'the bound holds for what was kept, too');
    keeping.write();
    assert.match(kept.get('edges') ?? '', /sa\/x/);
  });

  it('forgets who has not called for a week', async () => {
    await using dir = await tempDir();
    using kept = openStoredTexts(dir.path);
    const graph = createCallGraph();
    using keeping = storeCallGraph(graph, kept, never);
    graph.note(allowed('old', 'b', new Date(Date.now() - 8 * 86_400_000)));
    graph.note(allowed('new', 'b'));
    keeping.write();
    const later = createCallGraph();
    using _later = storeCallGraph(later, kept, never);
    assert.deepEqual(pairsOf(later), ['new b']);
  });

  it('keeps 20,000 pairs in less than a megabyte, and writes only when there is news', async () => {
    await using dir = await tempDir();
    using kept = openStoredTexts(dir.path);
    const graph = createCallGraph();
    let writes = 0;
    const counting = {
      get: kept.get,
      set(name: string, text: string): void {
        kept.set(name, text);
        writes += 1;
      },
    };
    using keeping = storeCallGraph(graph, counting, never);
    for (let index = 0; index < 25_000; index += 1) graph.note(allowed(index % 250, Math.floor(index / 100)));
    keeping.write();
    keeping.write();
    assert.equal(writes, 1);
    assert.ok((kept.get('edges') ?? '').length < 1_000_000);
  });
});
