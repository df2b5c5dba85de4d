import assert from 'node:assert/strict';
import { countText } from '../../../../src/console/model/numbers.ts';
import { whoHas } from '../../../../src/console/model/renewals.ts';
import { aloneText, policyOf } from '../../../../src/console/model/tenants.ts';
import { visible } from '../../../../src/console/model/visible.ts';

describe('countText', () => {
  for (const [count, want] of [
    [0, '0'],
    [999, '999'],
    [1_000, '1,000'],
    [12_345_678, '12,345,678'],
    [-1_234, '-1,234'],
  ] as const)
    it(`writes ${want}`, () => assert.equal(countText(count), want));
});

describe('visible', () => {
  for (const [name, text, want] of [
    ['leaves what is seen', '/a?b=c <b>é 日本 😀', '/a?b=c <b>é 日本 😀'],
    ['writes control characters', 'a\u001b[31m\u0000\n\u009b', 'a\\u001b[31m\\u0000\\u000a\\u009b'],
    ['writes what turns the reading round', 'a\u202egnp.exe\u2066\u200f', 'a\\u202egnp.exe\\u2066\\u200f'],
    ['writes what has no width', 'a\u200bb\ufeff', 'a\\u200bb\\ufeff'],
  ] as const)
    it(name, () => assert.equal(visible(text), want));
});

describe('aloneText', () => {
  for (const [proved, extent, want] of [
    [false, 'none', 'no: this passes today'],
    [false, 'today', 'no: only for the pods of today'],
    [true, 'today', 'yes, for the pods of today'],
    [true, 'future', 'yes, with pods to come'],
    [true, 'namespaces', 'yes, whatever comes'],
  ] as const)
    it(want, () => assert.equal(aloneText({ proved, extent }), want));
});

describe('policyOf', () => {
  const policy = {
    ...{ dialect: 'istio', kind: 'AuthorizationPolicy', namespace: 'shop', name: 'cart' },
    ...{ file: 'a.yaml', line: 3, column: 1 },
  };
  const planes = [{ id: 'istio', mode: 'enforce', stages: [{ kind: 'any-allow', policies: [policy] }] }];
  it('finds the policy that lets something pass', () => {
    assert.equal(policyOf({ planes }, { namespace: 'shop', name: 'cart' })?.line, 3);
    assert.equal(policyOf({ planes }, { namespace: '', name: 'cart' }), undefined);
  });
});

describe('whoHas', () => {
  const follower = (decider: string, revocationSequence: number) => ({
    ...{ decider, revocationSequence, bundleSequence: 1, peersWithCertificate: 0, peersWithout: 0, lastSeenAt: 0 },
  });
  for (const [name, followers, isWhole, want] of [
    ['says so where nobody follows', [], true, /no other server follows it/],
    ['says that the one that follows has all', [follower('a', 7)], true, /and the one elsewhere/],
    ['names who lacks some', [follower('a', 7), follower('b', 6), follower('c', -1)], false, /2 of 3 .*: b, c\./],
  ] as const)
    it(name, () => {
      const told = whoHas(followers, 7);
      assert.equal(told.isWhole, isWhole);
      assert.match(told.text, want);
    });
});
