import assert from 'node:assert/strict';
import { usualDialect } from '../../../src/policy/dialects/contribution.ts';
import { readPolicies } from '../../../src/policy/read-policies.ts';
import { excessOf } from '../../../src/policy/token-limits.ts';

const ec = { kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA' };
const many = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n));

function errorsOf(rules: readonly object[]) {
  const text = JSON.stringify({
    apiVersion: 'security.istio.io/v1',
    kind: 'RequestAuthentication',
    metadata: { name: 'a', namespace: 'b' },
    spec: { jwtRules: rules },
  });
  return readPolicies('a.yaml', text, usualDialect)
    .findings.filter(({ severity }) => severity === 'error')
    .map(({ code, path, message }) => ({ code, path, message }));
}

const rule = (more: object = {}) => ({ issuer: 'https://i', jwksUri: 'https://i/keys', ...more });
const inline = (...keys: readonly object[]) => ({ issuer: 'https://i', jwks: JSON.stringify({ keys }) });

describe('limits of what a RequestAuthentication makes every token cost', () => {
  const refused = [
    {
      name: '4,000 keys without kid',
      rules: [inline(...many(4_000, () => ec))],
      says: /holds 4000 keys; 100 are the most/,
    },
    { name: '17 keys without kid', rules: [inline(...many(17, () => ec))], says: /holds 17 keys without kid; 16/ },
    {
      name: '17 keys of an empty kid',
      rules: [inline(...many(17, () => ({ ...ec, kid: '' })))],
      says: /17 keys without kid/,
    },
    {
      name: '17 keys of one kid',
      rules: [inline(...many(17, () => ({ ...ec, kid: 'a' })))],
      says: /17 keys with the kid "a"/,
    },
    {
      name: '101 keys of their own kids',
      rules: [inline(...many(101, (n) => ({ ...ec, kid: `${n}` })))],
      says: /holds 101 keys/,
    },
    {
      name: 'an RSA key of 16,384 bits',
      rules: [inline({ kty: 'RSA', e: 'AQAB', n: 'A'.repeat(2_731) })],
      says: /more than 8192 bits, key 0/,
    },
    {
      name: 'a set of half a megabyte',
      rules: [inline({ ...ec, x5t: 'A'.repeat(500_000) })],
      says: /bytes; 262144 are the most/,
    },
    { name: '257 rules', rules: many(257, () => rule()), says: /256/ },
    { name: '65 headers', rules: [rule({ fromHeaders: many(65, (n) => ({ name: `h${n}` })) })], says: /64/ },
    { name: '65 parameters', rules: [rule({ fromParams: many(65, (n) => `p${n}`) })], says: /64/ },
    { name: '65 cookies', rules: [rule({ fromCookies: many(65, (n) => `c${n}`) })], says: /64/ },
    {
      name: '65 claims to headers',
      rules: [rule({ outputClaimToHeaders: many(65, (n) => ({ header: `h${n}`, claim: 'a' })) })],
      says: /64/,
    },
  ];
  for (const { name, rules, says } of refused) {
    it(`refuses ${name}, with its place`, () => {
      const errors = errorsOf(rules);
      assert.equal(errors.length, 1);
      assert.match(errors[0]!.message, says);
      assert.match(errors[0]!.path ?? '', /^spec\.jwtRules/);
    });
  }

  it('takes what stays below them', () => {
    const keys = [...many(16, () => ec), ...many(84, (n) => ({ ...ec, kid: `${n}` }))];
    assert.deepEqual(errorsOf([inline(...keys), ...many(255, () => rule())]), []);
    assert.equal(excessOf(1_000, [{ kid: undefined, modulusLength: Math.ceil(8_192 / 6) + 2 }]), undefined);
  });
});
