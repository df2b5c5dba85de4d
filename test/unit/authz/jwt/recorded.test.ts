import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { before, describe, it } from 'mocha';
import { importKeySets } from '../../../../src/authz/jwks/import-key-sets.ts';
import type { TokenOutcome } from '../../../../src/authz/jwt/token-outcome.ts';
import { createTokenVerifier } from '../../../../src/authz/jwt/verifier.ts';
import type { KeySets } from '../../../../src/authz/state.ts';
import { requestOf, type TokenCase, type TokenRefusal } from '../../../support/token-cases.ts';

// Written from recorded verdicts of Envoy 1.40 under Istio's own configuration; its tokens are good until 2099.
const text = gunzipSync(readFileSync('test/fixtures/jwt/recorded.json.gz')).toString();
const cases = JSON.parse(text) as readonly TokenCase[]; // a file of our own

function refusalOf(verdict: TokenOutcome, hasBody: boolean): TokenRefusal | undefined {
  if (verdict.outcome !== 'rejected') return undefined;
  const { status, body, wwwAuthenticate, details } = verdict;
  return { status, ...(hasBody ? { body } : {}), wwwAuthenticate, details } as TokenRefusal;
}

describe('createTokenVerifier', () => {
  let keySets: KeySets;
  before(async () => {
    const sources = cases.flatMap(({ rules }) => rules.map(({ keys }) => keys));
    const documents = sources.map((keys) => {
      assert.ok(keys.from === 'inline');
      return [keys.id, { jwks: keys.jwks, failure: undefined, fetchedAt: 0 }] as const;
    });
    keySets = await importKeySets({ generation: 1, documents: new Map(documents) });
  });

  it('answers recorded requests as the real jwt_authn did', () => {
    const verify = createTokenVerifier();
    const differences = cases.flatMap(({ id, rules, lines, refusal }) => {
      const got = refusalOf(verify(requestOf(lines), rules, keySets, Date.now()), refusal?.body !== undefined);
      return JSON.stringify(got) === JSON.stringify(refusal) ? [] : [{ id, got, want: refusal }];
    });
    assert.deepEqual(differences, []);
    assert.ok(new Set(cases.map(({ refusal }) => refusal?.body)).size > 15, 'the recording is poor');
  });
});
