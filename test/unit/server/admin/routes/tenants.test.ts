import assert from 'node:assert/strict';
import { tenantsAnswer } from '../../../../../src/admin-api/tenants.ts';
import type { AdminDeps } from '../../../../../src/server/admin/admin-deps.ts';
import { tenants } from '../../../../../src/server/admin/routes/tenants.ts';
import type { ProofOutcome } from '../../../../../src/server/proofs/proof-order.ts';

const end = { labels: [['app', 'web']] as const, serviceAccount: 'x' };
const open: ProofOutcome = {
  verdicts: [
    {
      ...{ tenant: 'red', direction: 'in', proved: false, extent: 'none' },
      leak: {
        from: { ...end, namespace: 'blue', pod: undefined },
        to: { ...end, namespace: 'red-1', pod: 'cart' },
        ...{ request: 'on TCP 80', by: undefined, why: 'blue/web reaches red-1/cart' },
      },
    },
    { tenant: 'red', direction: 'out', proved: true, extent: 'today', leak: undefined },
  ],
};

/** @param inForce  of now; the proof is of `'a'` */
function told(outcome: ProofOutcome | undefined, inForce = 'a') {
  const losses = [{ tenant: 'red', direction: 'in', namespace: 'red-1', note: '', sinceAtMs: 0 }];
  const deps = {
    standing: { state: { value: { outcome, of: 'a' } }, losses: { value: losses } },
    policies: { current: { value: { inForce } } },
  } as unknown as AdminDeps; // nothing else is looked at
  return tenantsAnswer.parse(tenants({ who: 'r', asked: {} }, deps));
}

describe('GET /v1/tenants', () => {
  it('says of each tenant and direction how alone it is, since when it is less so, and what passes', () => {
    const { state, isOlder, tenants: rows } = told(open);
    assert.deepEqual([state, isOlder, rows.length], ['known', false, 2]);
    const [lost, kept] = rows;
    assert.deepEqual([lost?.tenant, lost?.direction, lost?.proved, lost?.extent], ['red', 'in', false, 'none']);
    assert.equal(lost?.lostSince, '1970-01-01T00:00:00.000Z');
    assert.deepEqual(lost?.leak?.from, {
      ...{ namespace: 'blue', pod: null, labels: { app: 'web' }, serviceAccount: 'x' },
    });
    assert.equal(lost?.leak?.by, null);
    assert.deepEqual([kept?.extent, kept?.leak, kept?.lostSince], ['today', null, null]);
  });

  it('says that it is off, waits, cannot be known, or is of policies before', () => {
    const off = { standing: undefined } as unknown as AdminDeps; // as above
    assert.deepEqual(tenants({ who: 'r', asked: {} }, off), { state: 'off', why: '', isOlder: false, tenants: [] });
    assert.equal(told(undefined).state, 'waiting');
    assert.deepEqual(told({ unknown: 'too much' }), { state: 'unknown', why: 'too much', isOlder: false, tenants: [] });
    assert.equal(told(open, 'b').isOlder, true);
  });
});
