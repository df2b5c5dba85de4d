import assert from 'node:assert/strict';
import { type WantedDecisions, wantedDecisions } from '../../../../src/server/admin/wanted-decisions.ts';
import type { DecisionRecord } from '../../../../src/server/log/decision-record.ts';

const record: DecisionRecord = {
  ...{ id: 'a', at: '2026-01-01T00:00:00.000Z', decision: 'deny', reason: 'rule_denied', snapshot: 1 },
  destination: { spiffeId: 'spiffe://cluster.local/ns/shop/sa/cart', foundBy: 'principal' },
  source: { principal: 'spiffe://cluster.local/ns/web/sa/front', address: '10.0.0.9', port: 1 },
};

describe('wantedDecisions', () => {
  const rows: readonly { name: string; asked: WantedDecisions; want: boolean }[] = [
    { name: 'nothing', asked: {}, want: true },
    { name: 'the ID', asked: { to: 'spiffe://cluster.local/ns/shop/sa/cart' }, want: true },
    { name: 'the account', asked: { to: 'shop/cart' }, want: true },
    { name: 'the namespace', asked: { to: 'shop' }, want: true },
    { name: 'the beginning of a namespace', asked: { to: 'sho' }, want: false },
    { name: 'the caller as the called', asked: { to: 'web' }, want: false },
    { name: 'the caller', asked: { from: 'web/front' }, want: true },
    { name: "the caller's address", asked: { from: '10.0.0.9' }, want: true },
    { name: 'an address of which it is the beginning', asked: { from: '10.0.0.91' }, want: false },
    { name: 'the called by an address', asked: { to: '10.0.0.9' }, want: false },
    { name: 'the reason', asked: { reason: 'rule_denied' }, want: true },
    { name: 'another reason', asked: { reason: 'rule' }, want: false },
    { name: 'all of it', asked: { from: 'web', to: 'shop', reason: 'rule_denied' }, want: true },
    { name: 'all but one of it', asked: { from: 'web', to: 'bank', reason: 'rule_denied' }, want: false },
  ];
  for (const { name, asked, want } of rows)
    it(`${want ? 'takes' : 'leaves'} it for ${name}`, () => assert.equal(wantedDecisions(asked)(record), want));

  for (const principal of ['', 'spiffe://', 'CN=shop', 'spiffe://UPPER/ns/shop/sa/cart'])
    it(`leaves a caller that is ${JSON.stringify(principal)}`, () => {
      const hostile = { ...record, source: { principal, address: '', port: 0 } };
      for (const from of ['shop', 'shop/cart', 'web']) assert.equal(wantedDecisions({ from })(hostile), false);
    });
});
