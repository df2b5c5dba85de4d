import assert from 'node:assert/strict';
import { before, describe, it } from 'mocha';
import type { KeySetDocument } from '../../../../src/authz/jwks/documents.ts';
import { importKeySets } from '../../../../src/authz/jwks/import-key-sets.ts';
import { createTokenVerifier } from '../../../../src/authz/jwt/verifier.ts';
import type { KeySets } from '../../../../src/authz/state.ts';
import type { TokenRule } from '../../../../src/policy/model.ts';
import { requestOf } from '../../../support/token-cases.ts';
import { type Issuing, issuingKey, keySetText, mint, tokenRule } from '../../../support/tokens.ts';

const iss = 'https://issuer.example';
const seconds = 1_900_000_000;
const fields = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'a.example'],
] as const;

describe('createTokenVerifier', () => {
  let key: Issuing;
  let jwks: string;
  let rule: TokenRule;
  /** One array, as a compiled policy has it: what is remembered belongs to it. */
  let rules: readonly TokenRule[];
  before(async () => {
    key = await issuingKey('ES256');
    jwks = keySetText({ ...key.jwk, kid: 'k' });
    rule = tokenRule(jwks, {
      keys: { from: 'uri', id: 'keys', uri: 'https://keys.example' },
      outputClaimToHeaders: [{ header: 'X-User', claim: 'sub' }],
    });
    rules = [rule];
  });
  const sets = (generation: number, text: string | undefined = jwks): Promise<KeySets> =>
    importKeySets({ generation, documents: new Map([['keys', { jwks: text, failure: undefined, fetchedAt: 0 }]]) });
  const ask = (token: string) =>
    requestOf([...fields, [':path', '/p?q'], ['authorization', `Bearer ${token}`], ['x-user', 'forged']]);

  it('gives claims, principal and what changes in the request', async () => {
    const token = await mint(key, { iss, sub: 'alice', scope: 'a b' }, { kid: 'k' });
    const verdict = createTokenVerifier()(ask(token), rules, await sets(1), seconds * 1000);
    assert.ok(verdict.outcome === 'accepted');
    assert.equal(verdict.requestPrincipal, `${iss}/alice`);
    assert.deepEqual(verdict.claims.get('scope'), ['a', 'b']);
    assert.deepEqual(verdict.effects, {
      headersToRemove: ['x-user', 'authorization'],
      headersToSet: [['x-user', 'alice']],
      queryParametersToRemove: [],
      pathAfter: undefined,
    });
  });

  it('takes forged output headers away even without a token', async () => {
    const request = requestOf([...fields, [':path', '/'], ['x-user', 'forged']]);
    const verdict = createTokenVerifier()(request, rules, await sets(1), 0);
    assert.ok(verdict.outcome === 'none');
    assert.deepEqual(verdict.effects.headersToRemove, ['x-user']);
    assert.deepEqual(verdict.effects.headersToSet, []);
  });

  it('checks exp and nbf again on every use of a token that it remembers', async () => {
    const verify = createTokenVerifier();
    const keySets = await sets(1);
    const request = ask(await mint(key, { iss, nbf: seconds, exp: seconds + 100 }));
    const at = (offset: number): string => {
      const verdict = verify(request, rules, keySets, (seconds + offset) * 1000);
      return verdict.outcome === 'rejected' ? verdict.body : verdict.outcome;
    };
    const table = [
      [0, 'accepted'],
      [-61, 'Jwt not yet valid'],
      [-60, 'accepted'],
      [160, 'accepted'],
      [161, 'Jwt is expired'],
      [100, 'accepted'],
      [1e9, 'Jwt is expired'],
    ] as const;
    for (const [offset, want] of table) assert.equal(at(offset), want, `${offset} s`);
  });

  it('forgets what it knows when the keys change', async () => {
    const verify = createTokenVerifier();
    const request = ask(await mint(key, { iss }, { kid: 'k' }));
    assert.equal(verify(request, rules, await sets(1), 0).outcome, 'accepted');
    const other = keySetText({ ...(await issuingKey('ES256')).jwk, kid: 'other' });
    const verdict = verify(request, rules, await sets(2, other), 0);
    assert.ok(verdict.outcome === 'rejected');
    assert.equal(verdict.body, "Jwks doesn't have key to match kid or alg from Jwt");
    assert.deepEqual(verdict.unknownKid, { keySet: 'keys', kid: 'k' });
    assert.equal(verify(request, rules, await sets(3), 0).outcome, 'accepted');
  });

  it('keeps what it knows of one rule from another', async () => {
    const verify = createTokenVerifier();
    const keySets = await sets(1);
    const request = ask(await mint(key, { iss, aud: 'a' }));
    assert.equal(verify(request, [{ ...rule, audiences: ['a'] }], keySets, 0).outcome, 'accepted');
    assert.equal(verify(request, [{ ...rule, audiences: ['b'] }], keySets, 0).outcome, 'rejected');
    assert.equal(verify(request, [{ ...rule, issuer: 'x' }], keySets, 0).outcome, 'rejected');
  });

  const failures: readonly {
    readonly name: string;
    readonly documents: readonly (readonly [string, KeySetDocument])[];
    readonly want: string;
  }[] = [
    {
      name: 'was never fetched',
      documents: [['keys', { jwks: undefined, failure: 'x', fetchedAt: 0 }]],
      want: 'Jwks remote fetch is failed',
    },
    { name: 'is not there', documents: [], want: 'Jwks remote fetch is failed' },
    {
      name: 'has no usable key',
      documents: [['keys', { jwks: '{"keys":[{"kty":"oct"}]}', failure: undefined, fetchedAt: 0 }]],
      want: "Jwks doesn't have any valid public key",
    },
    {
      name: 'is no JSON',
      documents: [['keys', { jwks: '<html>', failure: undefined, fetchedAt: 0 }]],
      want: "Jwks doesn't have any valid public key",
    },
  ];
  for (const { name, documents, want } of failures) {
    it(`refuses tokens if the key set ${name}`, async () => {
      const keySets = await importKeySets({ generation: 1, documents: new Map(documents) });
      const verdict = createTokenVerifier()(ask(await mint(key, { iss })), rules, keySets, 0);
      assert.ok(verdict.outcome === 'rejected');
      assert.equal(verdict.body, want);
      assert.equal(verdict.wwwAuthenticate, 'Bearer realm="https://a.example/p?q", error="invalid_token"');
    });
  }

  describe('with more keys than one request may make work', () => {
    const source = (n: number) => ({ from: 'uri', id: `keys${n}`, uri: `https://keys${n}.example` }) as const;
    /** Sixteen keys of another without kid in each of `count` sets; the right one comes last of all. */
    async function scene(count: number, alg: 'ES256' | 'ES512') {
      const other = await issuingKey(alg);
      const token = await mint(key, { iss, sub: 'alice' });
      const junk = keySetText(...Array.from({ length: 16 }, () => other.jwk));
      const document = (text: string): KeySetDocument => ({ jwks: text, failure: undefined, fetchedAt: 0 });
      const documents = new Map(Array.from({ length: count }, (_, n) => [`keys${n}`, document(junk)]));
      documents.set(`keys${count}`, document(keySetText(key.jwk)));
      const keySets = await importKeySets({ generation: 1, documents });
      const all = Array.from({ length: count + 1 }, (_, n) => tokenRule(jwks, { keys: source(n) }));
      return { token, keySets, rules: all };
    }

    it('tries so many and no more: the token is refused', async () => {
      const { token, keySets, rules: all } = await scene(12, 'ES256');
      const verify = createTokenVerifier();
      const { outcome } = verify(ask(token), all, keySets, seconds * 1000);
      assert.equal(outcome, 'rejected');
      const verdict = verify(ask(token), all.slice(-1), keySets, seconds * 1000);
      assert.equal(verdict.outcome, 'accepted', 'which says nothing of the token');
    });

    it('looks at a token under 1,024 rules and no more', async () => {
      const keySets = await sets(1);
      const other = tokenRule(jwks, { issuer: 'https://another.example' });
      const token = await mint(key, { iss, sub: 'alice' }, { kid: 'k' });
      const among = (count: number) => [...Array.from({ length: count }, () => ({ ...other })), rule];
      const outcome = (count: number) =>
        createTokenVerifier()(ask(token), among(count), keySets, seconds * 1000).outcome;
      assert.equal(outcome(1_023), 'accepted');
      assert.equal(outcome(1_024), 'rejected');
    });

    it('takes a query and cookies apart once, however many places ask for them', async () => {
      const names = (prefix: string) => Array.from({ length: 64 }, (_, n) => `${prefix}${n}`);
      const many = Array.from({ length: 256 }, () =>
        tokenRule(jwks, { fromParams: names('p'), fromCookies: names('c') }),
      );
      const path = `/?${'a=b&'.repeat(15_000)}`;
      const request = requestOf([...fields, [':path', path], ['cookie', 'a=b; '.repeat(15_000)]]);
      assert.equal(createTokenVerifier()(request, many, await sets(1), seconds * 1000).outcome, 'none');
    });

    it('searches headers for so many prefixes and no more', async () => {
      const fromHeaders = Array.from({ length: 64 }, (_, n) => ({ name: 'x-t', prefix: `T${n} ` }));
      const request = requestOf([...fields, [':path', '/'], ['x-t', 'x'.repeat(60_000)]]);
      const keySets = await sets(1);
      const outcome = (count: number) => {
        const all = Array.from({ length: count }, () => tokenRule(jwks, { fromHeaders }));
        return createTokenVerifier()(request, all, keySets, seconds * 1000).outcome;
      };
      assert.equal(outcome(4), 'none');
      assert.equal(outcome(9), 'rejected');
    });

    it('accepts what it finds before', async () => {
      const { token, keySets, rules: all } = await scene(4, 'ES256');
      assert.equal(createTokenVerifier()(ask(token), all, keySets, seconds * 1000).outcome, 'accepted');
    });
  });
});
