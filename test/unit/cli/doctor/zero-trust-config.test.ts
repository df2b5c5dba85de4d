import assert from 'node:assert/strict';
import { configEvidence } from '../../../../src/cli/doctor/zero-trust/gather/config-evidence.ts';
import { readConfig } from '../../../../src/config/read-config.ts';

function evidenceOf(differs: object) {
  const reading = readConfig(
    JSON.stringify({ trustDomain: 'cluster.local', ...differs }),
    '/etc/gatehouse/gatehouse.yaml',
  );
  assert.ok(reading.ok);
  return configEvidence(reading.config);
}

describe('configEvidence', () => {
  const authority = { keyEncryptionKeyFile: '/etc/gatehouse/key' };
  const rows: readonly (readonly [store: string, want: string])[] = [
    ['sqlite:a.db', 'local'],
    ['postgres://a@127.0.0.1/a', 'local'],
    ['postgres://a:b@db.example.org/a', 'plain'],
    ['postgres://a@db.example.org/a?sslmode=disable', 'plain'],
    ['postgres://a@db.example.org/a?sslmode=prefer', 'maybe'],
    ['postgres://a@db.example.org/a?sslmode=verify-full', 'encrypted'],
    ['postgres://a@127.0.0.1,db.example.org/a', 'plain'],
    ['postgres://a@[::1]:5432/a', 'local'],
  ];
  for (const [store, want] of rows)
    it(`says how ${store} is reached`, () => assert.equal(evidenceOf({ store, authority }).store, want));

  it('knows what is usual: nothing is enforced that must be asked for, and nothing is in plain', () => {
    assert.deepEqual(evidenceOf({}), {
      ...{ verifyPeer: 'observe', networkPlane: 'observe', hops: [], plainListeners: [], store: 'local' },
    });
  });
});
