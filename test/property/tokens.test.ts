import assert from 'node:assert/strict';
import fc from 'fast-check';
import { before, describe, it } from 'mocha';
import { importKeySets } from '../../src/authz/jwks/import-key-sets.ts';
import { importKeySet } from '../../src/authz/jwks/import-keys.ts';
import { parseJsonObject } from '../../src/authz/jwt/json.ts';
import { parseToken } from '../../src/authz/jwt/parsed-token.ts';
import { statusText } from '../../src/authz/jwt/status.ts';
import { createTokenVerifier } from '../../src/authz/jwt/verifier.ts';
import type { KeySets } from '../../src/authz/state.ts';
import { toByteString } from '../../src/lib/byte-string.ts';
import type { TokenRule } from '../../src/policy/model.ts';
import { requestOf } from '../support/token-cases.ts';
import { type Issuing, issuingKey, keySetText, mint, tokenRule } from '../support/tokens.ts';

const iss = 'https://issuer.example';
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array).toString('latin1'));
const section = fc.oneof(
  bytes.map((text) => Buffer.from(text, 'latin1').toString('base64url')),
  fc.json().map((text) => Buffer.from(text).toString('base64url')),
  bytes,
);
const anyToken = fc.oneof(
  bytes,
  fc.array(section, { maxLength: 5 }).map((sections) => sections.join('.')),
);

/** JSON text with some of its characters replaced. */
const brokenJson = fc
  .tuple(
    fc.json(),
    fc.array(fc.tuple(fc.nat(), fc.constantFrom(...'{}[]",:\\\'u0eE-+. \x00\xc3\xff'.split(''))), { maxLength: 4 }),
  )
  .map(([text, edits]) => {
    const characters = toByteString(text).split('');
    for (const [at, character] of edits) characters[at % characters.length] = character;
    return characters.join('');
  });

describe('tokens', () => {
  let key: Issuing;
  let rules: readonly TokenRule[];
  let keySets: KeySets;
  before(async () => {
    key = await issuingKey('ES256');
    const jwks = keySetText(key.jwk);
    const rule = tokenRule(jwks, {
      fromHeaders: [{ name: 'x-jwt', prefix: '' }],
      fromParams: ['t'],
      fromCookies: ['c'],
    });
    rules = [rule];
    const documents = new Map([[rule.keys.id, { jwks, failure: undefined, fetchedAt: 0 }]]);
    keySets = await importKeySets({ generation: 1, documents });
  });

  it('of any content are parsed or refused, never thrown at', () => {
    fc.assert(
      fc.property(anyToken, (token) => {
        const parsed = parseToken(token);
        assert.ok(typeof parsed === 'object' || parsed in statusText);
      }),
      { numRuns: 2000 },
    );
  });

  it('of any content in any place are never accepted unsigned', () => {
    const verify = createTokenVerifier({ cacheBytes: 20_000 });
    fc.assert(
      fc.property(anyToken, anyToken, anyToken, (header, parameter, cookie) => {
        const request = requestOf([
          [':path', `/?t=${parameter}`],
          ['x-jwt', header],
          ['cookie', `c=${cookie}`],
        ]);
        assert.notEqual(verify(request, rules, keySets, Date.now()).outcome, 'accepted');
      }),
      { numRuns: 1000 },
    );
  });

  it('are never accepted from memory when they are expired or not yet valid', async () => {
    const tokens = await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        const nbf = 1000 + i * 10;
        const exp = nbf + (i % 7) * 40 + 1;
        return { nbf, exp, text: await mint(key, { iss, nbf, exp, sub: `${i}` }) };
      }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(39), fc.integer({ min: 800, max: 2000 })), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1000, max: 60_000 }),
        (uses, cacheBytes) => {
          const verify = createTokenVerifier({ cacheBytes });
          for (const [index, now] of uses) {
            const { nbf, exp, text } = tokens[index]!;
            const { outcome } = verify(requestOf([['x-jwt', text]]), rules, keySets, now * 1000);
            assert.equal(outcome, now >= nbf - 60 && now <= exp + 60 ? 'accepted' : 'rejected');
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('have JSON that is read as JSON.parse reads it, if no name comes twice', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const text = JSON.stringify(value);
        assert.deepEqual(plain(parseJsonObject(toByteString(text))), JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });

  it('have JSON that may be broken in any way', () => {
    fc.assert(
      fc.property(brokenJson, (text) => {
        const read = parseJsonObject(text);
        assert.ok(read === undefined || read instanceof Map);
      }),
      { numRuns: 2000 },
    );
  });

  it('have key sets that may be anything', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.array(fc.jsonValue()).map((keys) => JSON.stringify({ keys })),
        ),
        async (text) => {
          assert.equal((await importKeySet(text)).failure, "Jwks doesn't have any valid public key");
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** Own JSON values as plain ones, byte strings as text. */
function plain(value: unknown): unknown {
  if (typeof value === 'string') return Buffer.from(value, 'latin1').toString();
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map)) return value;
  const object = {};
  for (const [name, member] of value) {
    Object.defineProperty(object, plain(name) as string, {
      value: plain(member),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return object;
}
