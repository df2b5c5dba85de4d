import assert from 'node:assert/strict';
import type { Authority } from '../../../../src/identity/authority/authority.ts';
import type { Verb, VerbOutcome } from '../../../../src/identity/authority/rotate/orders.ts';
import { readCertificate } from '../../../../src/identity/pki/certificate.ts';
import type { Acknowledgement } from '../../../../src/identity/source/identity-source.ts';
import { openTestAuthority, orderOf, requestOf } from '../../../support/authority.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The word of the publisher of the roots that kubelets mount. */
const publish = (authority: Authority, change: Partial<Acknowledgement> = {}): void =>
  authority.acknowledge({
    consumer: 'cluster-trust-bundle:gatehouse.io:workload:v1',
    channel: 'pod-certificate',
    spiffeIds: [],
    sequence: authority.bundles.value.own.sequence,
    grade: 'sent',
    ...change,
  });

const mount = (authority: Authority, pod: string) => authority.issueX509(requestOf(pod, 'pod-certificate'));

const waitOf = (outcome: VerbOutcome): number | 'done' | 'not by waiting' =>
  outcome.done ? 'done' : (outcome.etaSeconds ?? 'not by waiting');

describe('what kubelets mount, at a gate', () => {
  for (const gateGrade of ['sent', 'acknowledged', 'renewed'] as const)
    it(`has a new root ten minutes after it was published, whatever grade is asked for: ${gateGrade}`, async () => {
      const { authority, clock } = await openTestAuthority({ gateGrade });
      publish(authority);
      await mount(authority, 'a');
      await authority.prepare(orderOf());
      clock.advance(HOUR / 2);
      assert.equal(waitOf(await authority.activate(orderOf())), 'not by waiting', 'it is not published yet');
      publish(authority);
      clock.advance(MINUTE);
      const waiting = await authority.activate(orderOf());
      assert.equal(waitOf(waiting), 9 * 60);
      assert.ok(!waiting.done);
      assert.deepEqual(
        waiting.blockers.map(({ consumer, protocol, grade }) => [consumer, protocol, grade]),
        [
          ['cluster-trust-bundle:gatehouse.io:workload:v1', 'pod-certificate', 'sent'],
          ['a', 'pod-certificate', 'sent'],
        ],
      );
      clock.advance(9 * MINUTE);
      assert.equal(waitOf(await authority.activate(orderOf())), 'done');
    });

  it('waits for the publisher though no pod holds anything: who only verifies mounts roots too', async () => {
    const { authority, clock } = await openTestAuthority();
    publish(authority, { sequence: 0 });
    await authority.prepare(orderOf());
    assert.equal(waitOf(await authority.activate(orderOf())), 'not by waiting');
    publish(authority);
    assert.equal(waitOf(await authority.activate(orderOf())), 600);
    clock.advance(10 * MINUTE);
    assert.equal(waitOf(await authority.activate(orderOf())), 'done');
  });

  it('counts no certificate that was made after the root was published as a sign that it is there: they come apart', async () => {
    const { authority } = await openTestAuthority();
    await authority.prepare(orderOf());
    await mount(authority, 'a');
    assert.equal(waitOf(await authority.activate(orderOf())), 3600, 'nobody publishes: until it expires');
  });

  it('begins to wait anew when the roots were taken away meanwhile', async () => {
    const { authority, clock } = await openTestAuthority();
    await authority.prepare(orderOf());
    publish(authority);
    clock.advance(9 * MINUTE);
    publish(authority);
    assert.equal(waitOf(await authority.activate(orderOf())), 60, 'the same again is no news');
    publish(authority, { anew: true });
    assert.equal(waitOf(await authority.activate(orderOf())), 600);
  });

  it('goes on waiting where it was when we are started anew, and does not believe that nobody publishes', async () => {
    const first = await openTestAuthority();
    await first.authority.prepare(orderOf());
    publish(first.authority);
    await mount(first.authority, 'a');
    await first.authority[Symbol.asyncDispose]();
    first.clock.advance(4 * MINUTE);
    const { authority } = await openTestAuthority({}, first);
    await authority.tick();
    publish(authority, { sequence: 0 });
    assert.equal(waitOf(await authority.activate(orderOf())), 6 * 60);
    first.clock.advance(6 * MINUTE);
    assert.equal(waitOf(await authority.activate(orderOf())), 'done');
  });

  it('keeps a revocation waiting until the last of them expires, and says when', async () => {
    const { authority, clock } = await openTestAuthority();
    publish(authority);
    await mount(authority, 'a');
    clock.advance(MINUTE);
    await mount(authority, 'b');
    const last = clock.now() + HOUR;
    const before = await authority.status();
    assert.equal(before.x509Authorities[0]?.mountedUntilAt, last);
    await authority.issueX509(requestOf('c', 'self'));
    await authority.prepare(orderOf());
    publish(authority);
    clock.advance(10 * MINUTE);
    for (const verb of ['activate', 'taint'] satisfies Verb[])
      assert.equal(waitOf(await authority[verb](orderOf())), 'done', verb);
    const refused = await authority.revoke(orderOf());
    assert.ok(!refused.done);
    assert.deepEqual(refused.blockers.map(({ consumer, grade, doneBy }) => [consumer, grade, doneBy]).slice(0, 2), [
      ['a', 'sent', last - MINUTE],
      ['b', 'sent', last],
    ]);
    const { x509Authorities } = await authority.status();
    assert.deepEqual(
      x509Authorities.map(({ slot, mountedUntilAt }) => [slot, mountedUntilAt]),
      [
        ['tainted', last],
        ['active', undefined],
      ],
    );
  });

  it('begins as long before its signing as the request says, and still ends with its life', async () => {
    const { authority, clock } = await openTestAuthority();
    clock.advance(HOUR);
    const { chain } = await authority.issueX509({ ...requestOf('a', 'pod-certificate'), backdateMs: MINUTE });
    const { notBeforeAt, notAfterAt } = readCertificate(chain[0]!);
    assert.deepEqual([notBeforeAt, notAfterAt], [clock.now() - MINUTE, clock.now() + HOUR]);
  });
});
