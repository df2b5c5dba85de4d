import assert from 'node:assert/strict';
import type { KeySetDocuments } from '../../../../src/authz/jwks/documents.ts';
import { createWatchable } from '../../../../src/lib/watchable.ts';
import { createNativeKeys } from '../../../../src/server/native/native-keys.ts';
import { eventually } from '../../../support/eventually.ts';
import { issuingKey, keySetText } from '../../../support/tokens.ts';

const documentsOf = (generation: number, texts: Record<string, string | undefined>): KeySetDocuments => ({
  generation,
  documents: new Map(
    Object.entries(texts).map(([id, jwks]) => [id, { jwks, failure: undefined, fetchedAt: generation }]),
  ),
});

describe('the keys by which Envoys verify tokens', () => {
  it('are the public keys of the documents, follow a rotation, and stay where documents say the same', async () => {
    const [one, two] = [await issuingKey('ES256'), await issuingKey('RS256')];
    const secret = await issuingKey('HS256');
    const documents = createWatchable(
      documentsOf(1, {
        a: keySetText({ ...one.jwk, kid: 'k', d: 'private' }),
        s: keySetText(secret.jwk, one.jwk),
        none: undefined,
      }),
    );
    using keys = createNativeKeys(documents);
    const told: unknown[] = [];
    keys.subscribe((now) => told.push(now));
    const first = await eventually('keys', async () => (keys.value.size === 3 ? keys.value : undefined));
    const { x, y } = one.jwk;
    assert.deepEqual(JSON.parse(first.get('a')?.jwks ?? ''), { keys: [{ kty: 'EC', kid: 'k', crv: 'P-256', x, y }] });
    assert.deepEqual(first.get('s'), { jwks: undefined, hasSecrets: true, cost: 3 });
    assert.deepEqual(first.get('none'), { jwks: undefined, hasSecrets: false, cost: 0 });

    documents.replace(
      documentsOf(2, Object.fromEntries([...documents.value.documents].map(([id, { jwks }]) => [id, jwks]))),
    );
    documents.replace(documentsOf(3, { a: keySetText({ ...two.jwk, alg: 'RS256' }) }));
    const next = await eventually('the next keys', async () => (keys.value === first ? undefined : keys.value));
    const { n, e } = two.jwk;
    assert.deepEqual(JSON.parse(next.get('a')?.jwks ?? ''), { keys: [{ kty: 'RSA', alg: 'RS256', n, e }] });
    assert.equal(told.length, 2);
  });
});
