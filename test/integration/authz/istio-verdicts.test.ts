import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { nativeOutcomes } from '../../differential/native-player.ts';
import { play } from '../../differential/player.ts';
import { type RecordedWorld, withCertificate } from '../../differential/recorded.ts';
import { tokenDeps } from '../../differential/token-deps.ts';
import { worldModel } from '../../differential/world.ts';

// Recorded with `npm run differential`: what Istio's own translation in the real Envoy decided.
const text = gunzipSync(readFileSync('test/fixtures/istio-verdicts.json.gz')).toString();
const worlds = JSON.parse(text) as readonly RecordedWorld[]; // a file of our own

describe('Check answers as Istio and Envoy answered', () => {
  for (const { settings, policies, certificates, vectors } of worlds) {
    it(`to the ${vectors.length} requests of world ${settings.world}`, async () => {
      const model = worldModel(policies, settings);
      const asked = vectors.map((vector) => withCertificate(vector, certificates));
      const differences = play(asked, model, settings, await tokenDeps(model));
      const shown = differences.slice(0, 10).map(({ vector, ...rest }) => ({ id: vector.id, ...rest }));
      assert.deepEqual(shown, [], `${differences.length} differ`);
    });
  }

  it('and so did the trees for Envoy, of which most decide without asking', () => {
    const of = (wanted: (kind: string) => boolean): number =>
      [...nativeOutcomes].reduce((sum, [kind, count]) => sum + (wanted(kind) ? count : 0), 0);
    const decided = of((kind) => kind.startsWith('n:'));
    assert.ok(decided >= 1000, `${decided} decided: ${JSON.stringify([...nativeOutcomes])}`);
  });

  it('is a recording of every kind of world, verdict and refusal', () => {
    const all = worlds.flatMap(({ vectors }) => vectors);
    const kinds = new Set(all.map(({ kind, status }) => `${kind} ${status}`));
    assert.ok(all.length >= 2000, `${all.length} verdicts`);
    assert.equal(worlds.length, 11);
    for (const kind of ['http 200', 'http 401', 'http 403', 'tcp 200', 'tcp 403']) assert.ok(kinds.has(kind), kind);
    const texts = new Set(all.filter(({ details }) => details?.startsWith('jwt_authn')).map(({ body }) => body));
    assert.ok(texts.size > 15, `only ${texts.size} texts of refusal`);
    assert.ok(
      all.some(({ shadow }) => shadow?.['istio_dry_run_deny_shadow_engine_result'] === 'denied'),
      'no dry run',
    );
  });
});
