import assert from 'node:assert/strict';
import { create } from '@bufbuild/protobuf';
import { HoldingSchema } from '../../../../../src/gen/gatehouse/feed/v1/feed_pb.ts';
import { createFollowers } from '../../../../../src/identity/delivery/feed/followers.ts';

const holding = (revocationSequence: number) =>
  create(HoldingSchema, { revocationSequence: BigInt(revocationSequence), bundleSequence: 1n });

describe('createFollowers', () => {
  it('waits for all who follow, and for nobody who has left', async () => {
    const followers = createFollowers();
    const [one, other] = [{}, {}];
    followers.joined(one, 'one', 0);
    followers.joined(other, 'other', 0);
    followers.heard(one, holding(5), 1);
    const reached = followers.revokedBy(5, 60_000);
    followers.heard(other, holding(4), 1);
    followers.heard(other, holding(5), 2);
    assert.equal(await reached, true);
    const next = followers.revokedBy(6, 60_000);
    followers.left(other, 3);
    followers.heard(one, holding(6), 4);
    assert.equal(await next, true);
  });

  it('says who has not said so in time', async () => {
    const followers = createFollowers();
    followers.joined({}, 'one', 0);
    assert.equal(await followers.revokedBy(1, 5), false);
  });

  it('knows a decider that came back on another stream before its old one ended', () => {
    const followers = createFollowers();
    const [before, after] = [{}, {}];
    followers.joined(before, 'one', 0);
    followers.joined(after, 'one', 1);
    assert.equal(followers.left(before, 2), false);
    assert.deepEqual(followers.missing(3), []);
    assert.equal(followers.left(after, 4), true);
    assert.deepEqual(followers.missing(5), [{ decider: 'one', leftAt: 4 }]);
    assert.deepEqual(followers.missing(4 + 3_600_001), [], 'for an hour');
  });
});
