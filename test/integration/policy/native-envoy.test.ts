import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Node } from '../../../src/policy/compile-envoy/tree/tree.ts';
import { playNativeWorld } from '../../differential/native-worlds.ts';
import { type RecordedWorld, withCertificate } from '../../differential/recorded.ts';

const text = gunzipSync(readFileSync('test/fixtures/istio-verdicts.json.gz')).toString();
const worlds = JSON.parse(text) as readonly RecordedWorld[]; // a file of our own
const played = ['t1-raw', 't2-all', 't2-root', 't2-aliases', 't2-tcp'];

const worldOf = (name: string) => {
  const { settings, policies, certificates, vectors } = worlds.find(({ settings: { world } }) => world === name)!; // of the list
  return { settings, policies, vectors: vectors.map((vector) => withCertificate(vector, certificates)) };
};

describe('Envoy walks a tree as we do, and decides as Gatehouse does', () => {
  for (const name of played) {
    it(`in world ${name}`, async () => {
      const { problems, decided, asked } = await playNativeWorld(worldOf(name));
      assert.deepEqual(problems.slice(0, 10), [], `${problems.length} of ${decided + asked}`);
      assert.ok(decided > 60, `${decided} decided, ${asked} asked`);
    });
  }

  it('which a planted widening would show', async () => {
    const open: Node = { is: 'action', name: 'n:planted', effect: 'allow' };
    const { problems } = await playNativeWorld(worldOf('t2-all'), (trees) => ({ ...trees, http: open }));
    assert.ok(problems.length > 20);
  });
});
