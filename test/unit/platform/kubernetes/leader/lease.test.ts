import assert from 'node:assert/strict';
import {
  heldLease,
  LeaseObserver,
  microTime,
  readLease,
  releasedLease,
} from '../../../../../src/platform/kubernetes/leader/lease.ts';

const NOW = Date.parse('2030-01-01T00:00:00Z');
const there = (spec: object | undefined) => readLease({ metadata: { resourceVersion: '1' }, spec });

describe('a Lease', () => {
  it('has times of just six fractional digits, which the API server wants', () => {
    assert.equal(microTime(NOW + 7), '2030-01-01T00:00:00.007000Z');
  });

  const rows = [
    { name: 'that is new', before: undefined, want: [0, microTime(NOW)] },
    {
      name: 'that is ours',
      before: there({ holderIdentity: 'a', acquireTime: 'then', leaseTransitions: 3 }),
      want: [3, 'then'],
    },
    {
      name: "that was another's",
      before: there({ holderIdentity: 'b', acquireTime: 'then', leaseTransitions: 3 }),
      want: [4, microTime(NOW)],
    },
    {
      name: 'that was given up',
      before: there({ holderIdentity: '', leaseTransitions: 3 }),
      want: [4, microTime(NOW)],
    },
    { name: 'without a spec', before: there(undefined), want: [1, microTime(NOW)] },
  ];
  for (const { name, before, want } of rows)
    it(`${name} is taken, its changes of hands counted`, () => {
      const { leaseTransitions, acquireTime, ...rest } = heldLease(before, 'a', 15_000, NOW);
      assert.deepEqual([leaseTransitions, acquireTime], want);
      assert.deepEqual(rest, { holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: microTime(NOW) });
    });

  it('is given up by an empty name, and free at once', () => {
    const spec = releasedLease(there({ holderIdentity: 'a', leaseTransitions: 2 }), NOW);
    assert.equal(spec.holderIdentity, '');
    assert.equal(new LeaseObserver().isFree(there(spec), 0), true);
  });

  it('of a holder who is silent is free once its duration has passed by our own clock, whatever its times say', () => {
    const observer = new LeaseObserver();
    const silent = there({ holderIdentity: 'b', renewTime: '1970-01-01T00:00:00.000000Z', leaseDurationSeconds: 15 });
    assert.equal(observer.isFree(silent, 1_000), false, 'seen for the first time');
    assert.equal(observer.isFree(silent, 15_999), false);
    assert.equal(observer.isFree(silent, 16_000), true);
  });

  it('of a holder who renews is never free, also with times of the future or the past', () => {
    const observer = new LeaseObserver();
    for (let i = 0; i < 20; i++) {
      const renewTime = i % 2 === 0 ? `2099-01-01T00:00:${i}` : `1999-01-01T00:00:${i}`;
      assert.equal(
        observer.isFree(there({ holderIdentity: 'b', renewTime, leaseDurationSeconds: 15 }), i * 10_000),
        false,
      );
    }
  });
});
