import assert from 'node:assert/strict';
import { GatehouseError } from '../../../../src/errors.ts';
import type { Authority } from '../../../../src/identity/authority/authority.ts';
import type { VerbOutcome } from '../../../../src/identity/authority/rotate/orders.ts';
import { verifySvidChain } from '../../../../src/identity/pki/svid-chain.ts';
import type { AckGrade, Channel } from '../../../../src/identity/source/identity-source.ts';
import { entitlementOf, openTestAuthority, orderOf, requestOf } from '../../../support/authority.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const slots = async (authority: Authority): Promise<string[]> =>
  (await authority.status()).x509Authorities.map((each) => each.slot);

const blockersOf = (outcome: VerbOutcome): string[] =>
  outcome.done ? [] : outcome.blockers.map((each) => `${each.consumer}:${each.grade}`);

const say = (authority: Authority, consumer: string, grade: AckGrade, channel: Channel = 'sds'): void =>
  authority.acknowledge({
    consumer,
    channel,
    spiffeIds: [entitlementOf(consumer).spiffeId],
    sequence: authority.bundles.value.own.sequence,
    grade,
  });

const slotState = (message: RegExp) => (thrown: unknown) =>
  thrown instanceof GatehouseError && thrown.code === 'slot_state' && message.test(thrown.message);

describe('the life of an X.509 authority', () => {
  it('goes prepared, active, old, tainted, revoked, and every SVID verifies against the bundle on the way', async () => {
    const { authority, clock, keys } = await openTestAuthority();
    const issue = () => authority.issueX509(requestOf('a', 'self'));
    const trusted = (svid: Awaited<ReturnType<typeof issue>>) =>
      verifySvidChain(svid.chain, authority.bundles.value.own, clock.now()).ok;
    const first = await issue();
    const [firstId] = (await authority.status()).x509Authorities.map((each) => each.id);

    assert.equal((await authority.prepare(orderOf())).done, true);
    assert.deepEqual(await slots(authority), ['active', 'prepared']);
    assert.equal(authority.bundles.value.own.x509Authorities.length, 2);
    assert.equal((await issue()).authorityId, firstId);

    clock.advance(1000);
    assert.equal((await authority.activate(orderOf())).done, true);
    assert.deepEqual(await slots(authority), ['old', 'active']);
    const second = await issue();
    assert.notEqual(second.authorityId, firstId);
    assert.deepEqual([trusted(first), trusted(second)], [true, true]);

    clock.advance(1000);
    assert.equal((await authority.taint(orderOf())).done, true);
    assert.deepEqual(await slots(authority), ['tainted', 'active']);
    assert.ok(authority.renewAt(first) <= clock.now() + 1000, 'what a tainted authority signed is renewed at once');

    clock.advance(2 * HOUR);
    assert.equal((await authority.revoke(orderOf())).done, true);
    assert.deepEqual(await slots(authority), ['revoked', 'active']);
    assert.equal(authority.bundles.value.own.x509Authorities.length, 1);
    assert.equal(await keys.open(firstId!), undefined, 'its key is gone');
    assert.equal(trusted(await issue()), true);
  });

  it('refuses a verb in the wrong slot, by name, and writes it down', async () => {
    const { authority } = await openTestAuthority();
    await assert.rejects(authority.activate(orderOf()), slotState(/no prepared x509 authority to activate/));
    await assert.rejects(authority.taint(orderOf()), slotState(/no old x509 authority to taint/));
    await assert.rejects(authority.revoke(orderOf()), slotState(/no tainted or old/));
    const [active] = (await authority.status()).x509Authorities;
    await assert.rejects(
      authority.revoke(orderOf('x509', { authorityId: active!.id })),
      slotState(/is active; revoke needs one that is tainted or old or prepared/),
    );
    await authority.prepare(orderOf());
    await assert.rejects(authority.prepare(orderOf()), slotState(/is prepared already; activate it or undo/));
    const results = (await authority.audit(10)).map((row) => `${row.verb} ${row.result}`);
    assert.deepEqual(results.slice(0, 3), ['ca prepare slot_state', 'ca prepare done', 'ca revoke slot_state']);
  });

  it('blocks activate while a connected consumer has not acknowledged the new root, and names it', async () => {
    const { authority } = await openTestAuthority();
    await authority.issueX509(requestOf('a'));
    await authority.issueX509(requestOf('b'));
    say(authority, 'a', 'acknowledged');
    say(authority, 'b', 'acknowledged');
    await authority.prepare(orderOf());
    assert.deepEqual(blockersOf(await authority.activate(orderOf())), ['a:acknowledged', 'b:acknowledged']);
    say(authority, 'a', 'acknowledged');
    say(authority, 'b', 'sent');
    const outcome = await authority.activate(orderOf());
    assert.ok(!outcome.done);
    const { sequence } = authority.bundles.value.own;
    const [blocker] = outcome.blockers;
    assert.deepEqual(
      [blocker?.spiffeId, blocker?.protocol, blocker?.needsSequence, blocker?.holdsSequence, blocker?.doneBy],
      ['spiffe://cluster.local/ns/default/sa/b', 'sds', sequence, sequence - 1, undefined],
    );
    assert.equal(outcome.etaSeconds, undefined, 'time alone does not remove a connected consumer');
    say(authority, 'b', 'acknowledged');
    assert.equal((await authority.activate(orderOf())).done, true);
  });

  it('counts a NACK as not held', async () => {
    const { authority } = await openTestAuthority();
    await authority.issueX509(requestOf('a'));
    await authority.prepare(orderOf());
    say(authority, 'a', 'sent');
    say(authority, 'a', 'refused');
    assert.deepEqual(blockersOf(await authority.activate(orderOf())), ['a:refused']);
  });

  it('counts a holder that has left until what it holds expires', async () => {
    const { authority, clock } = await openTestAuthority();
    await authority.issueX509(requestOf('a'));
    say(authority, 'a', 'acknowledged');
    authority.forget('a');
    await authority.prepare(orderOf());
    const outcome = await authority.activate(orderOf());
    assert.ok(!outcome.done);
    assert.equal(outcome.etaSeconds, 3600);
    clock.advance(HOUR);
    assert.equal((await authority.activate(orderOf())).done, true);
  });

  it('counts a holder that nobody has heard of', async () => {
    const { authority } = await openTestAuthority();
    await authority.issueX509(requestOf('a', 'sds', ''));
    await authority.prepare(orderOf());
    assert.equal((await authority.activate(orderOf())).done, false);
  });

  it('takes a Workload API client to have the bundle half a life after it was sent, or once it renewed', async () => {
    const { authority, clock } = await openTestAuthority();
    await authority.issueX509(requestOf('a', 'workload-api'));
    await authority.prepare(orderOf());
    say(authority, 'a', 'sent', 'workload-api');
    const outcome = await authority.activate(orderOf());
    assert.ok(!outcome.done);
    assert.equal(outcome.etaSeconds, 1800);
    clock.advance(HOUR / 2);
    assert.equal((await authority.activate(orderOf())).done, true);

    const other = await openTestAuthority();
    await other.authority.issueX509(requestOf('a', 'workload-api'));
    await other.authority.prepare(orderOf());
    say(other.authority, 'a', 'renewed', 'workload-api');
    assert.equal((await other.authority.activate(orderOf())).done, true);
  });

  it('waits three refresh hints for those who fetch the bundle anonymously', async () => {
    const { authority, clock } = await openTestAuthority({ refreshHintSeconds: 60 });
    authority.acknowledge({
      consumer: 'bundle',
      channel: 'bundle-endpoint',
      spiffeIds: [],
      sequence: 1,
      grade: 'sent',
    });
    await authority.prepare(orderOf());
    const outcome = await authority.activate(orderOf());
    assert.ok(!outcome.done);
    assert.equal(outcome.etaSeconds, 180);
    clock.advance(3 * MINUTE);
    assert.equal((await authority.activate(orderOf())).done, true);
  });

  it('waits the lead for those who fetch keys from discovery, from when they could', async () => {
    const { authority, clock } = await openTestAuthority({ oidcLeadMs: 10 * MINUTE });
    const jwt = { ...orderOf(), use: 'jwt' } as const;
    const serve = (sequence: number): void =>
      authority.acknowledge({ consumer: 'oidc:1', channel: 'oidc', spiffeIds: [], sequence, grade: 'sent' });
    serve(authority.bundles.value.own.sequence);
    await authority.prepare(jwt);
    clock.advance(MINUTE); // the endpoint was away
    serve(authority.bundles.value.own.sequence);
    const outcome = await authority.activate(jwt);
    assert.ok(!outcome.done);
    assert.deepEqual([outcome.etaSeconds, outcome.blockers.map(({ protocol }) => protocol)], [600, ['oidc']]);
    clock.advance(10 * MINUTE);
    assert.equal((await authority.activate(jwt)).done, true);
  });

  it('does not wait for fetchers of JWT keys to rotate an X.509 authority', async () => {
    const { authority } = await openTestAuthority();
    authority.acknowledge({ consumer: 'oidc:1', channel: 'oidc', spiffeIds: [], sequence: 1, grade: 'sent' });
    await authority.prepare(orderOf());
    assert.equal((await authority.activate(orderOf())).done, true);
  });

  it('keeps a JWT key a minute longer than its last token where tokens name their issuer', async () => {
    const rows = [
      [undefined, 300],
      ['https://oidc.example.org', 360],
    ] as const;
    for (const [jwtIssuer, seconds] of rows) {
      const { authority } = await openTestAuthority({ jwtIssuer, jwtSvidTtlMs: 5 * MINUTE });
      await authority.issueJwt({ ...requestOf('a'), audiences: ['b'] });
      const jwt = { ...orderOf(), use: 'jwt' } as const;
      await authority.prepare(jwt);
      await authority.activate(jwt);
      const outcome = await authority.revoke(jwt);
      assert.ok(!outcome.done);
      assert.equal(outcome.etaSeconds, seconds);
    }
  });

  it('takes an answer that carries certificate and root in one as holding both', async () => {
    const { authority } = await openTestAuthority();
    await authority.prepare(orderOf());
    await authority.issueX509(requestOf('a', 'istio-ca'));
    assert.equal((await authority.activate(orderOf())).done, true);
  });

  const grades: { grade: 'sent' | 'acknowledged' | 'renewed'; word: AckGrade; want: boolean }[] = [
    { grade: 'sent', word: 'sent', want: true },
    { grade: 'acknowledged', word: 'sent', want: false },
    { grade: 'acknowledged', word: 'acknowledged', want: true },
    { grade: 'renewed', word: 'acknowledged', want: false },
    { grade: 'renewed', word: 'renewed', want: true },
  ];
  for (const { grade, word, want } of grades) {
    it(`with gateGrade ${grade}, ${word} is ${want ? '' : 'not '}enough`, async () => {
      const { authority } = await openTestAuthority({ gateGrade: grade });
      await authority.issueX509(requestOf('a'));
      await authority.prepare(orderOf());
      say(authority, 'a', word);
      assert.equal((await authority.activate(orderOf())).done, want);
    });
  }

  it('blocks revoke while an unexpired SVID chains to it, and says until when', async () => {
    const { authority, clock } = await openTestAuthority();
    const svid = await authority.issueX509(requestOf('a', 'self'));
    await authority.prepare(orderOf());
    await authority.activate(orderOf());
    const outcome = await authority.revoke(orderOf());
    assert.ok(!outcome.done);
    assert.deepEqual(
      outcome.blockers.map((each) => [each.serial, each.doneBy]),
      [[svid.serial, svid.notAfterAt]],
    );
    assert.equal(outcome.etaSeconds, 3600);
    clock.advance(HOUR);
    assert.equal((await authority.revoke(orderOf())).done, true);
  });

  it('goes on with --override, which needs a reason and is kept', async () => {
    const { authority } = await openTestAuthority();
    await authority.issueX509(requestOf('a'));
    await authority.prepare(orderOf());
    await assert.rejects(
      authority.activate(orderOf('x509', { override: true, reason: ' ' })),
      slotState(/needs a reason/),
    );
    assert.equal((await authority.activate(orderOf('x509', { override: true, reason: 'key leaked' }))).done, true);
    const [row] = await authority.audit(1);
    assert.deepEqual(
      [row?.who, row?.verb, row?.reason, row?.result],
      ['uid:0', 'ca activate', 'override: key leaked', 'done'],
    );
  });

  it('undoes step by step', async () => {
    const { authority, clock } = await openTestAuthority();
    const step = async (verb: 'prepare' | 'activate' | 'taint' | 'undo'): Promise<string[]> => {
      clock.advance(1000);
      assert.equal((await authority[verb](orderOf())).done, true, verb);
      return slots(authority);
    };
    await step('prepare');
    assert.deepEqual(await step('undo'), ['active']);
    assert.equal(authority.bundles.value.own.x509Authorities.length, 1);
    await step('prepare');
    await step('activate');
    assert.deepEqual(await step('undo'), ['active', 'prepared']);
    await step('activate');
    await step('taint');
    assert.deepEqual(await step('undo'), ['old', 'active']);
    clock.advance(1000);
    await authority.revoke(orderOf());
    assert.deepEqual(await step('undo'), ['old', 'active']);
    assert.equal(authority.bundles.value.own.x509Authorities.length, 2);
  });

  it('lets the sequence rise with every change of the bundle, also over a restart', async () => {
    const kept = await openTestAuthority();
    const seen = [kept.authority.bundles.value.own.sequence];
    kept.authority.bundles.subscribe((set) => seen.push(set.own.sequence));
    await kept.authority.prepare(orderOf());
    await kept.authority.undo(orderOf());
    await kept.authority.prepare(orderOf());
    await kept.authority[Symbol.asyncDispose]();
    const again = await openTestAuthority({}, kept);
    seen.push(again.authority.bundles.value.own.sequence);
    const [first = 0] = seen;
    assert.deepEqual(seen, [first, first + 1, first + 2, first + 3, first + 3]);
  });
});

describe('rotation by the calendar', () => {
  const DAY = 24 * HOUR;

  it('prepares at notAfter − min(life / 2, 30 d) and activates at − min(life / 6, 7 d)', async () => {
    const { authority, clock } = await openTestAuthority({
      x509AuthorityTtlMs: 24 * HOUR,
      jwtAuthorityTtlMs: 365 * DAY,
    });
    const at = async (hours: number): Promise<string[]> => {
      clock.advance(hours * HOUR);
      await authority.tick();
      return slots(authority);
    };
    assert.deepEqual(await at(11.9), ['active']);
    assert.deepEqual(await at(0.2), ['active', 'prepared']);
    assert.deepEqual(await at(7.8), ['active', 'prepared']);
    assert.deepEqual(await at(0.2), ['old', 'active']);
    const [old] = (await authority.status()).x509Authorities;
    await at(5.1);
    assert.equal(old?.slot, 'old');
    assert.ok(
      !(await authority.status()).x509Authorities.some((each) => each.id === old.id),
      'it is dropped when it has expired',
    );
  });

  it('waits at the gate, and goes on without it only when the active authority is about to expire', async () => {
    const { authority, clock } = await openTestAuthority({
      x509AuthorityTtlMs: 24 * HOUR,
      jwtAuthorityTtlMs: 365 * DAY,
    });
    say(authority, 'a', 'acknowledged');
    clock.advance(13 * HOUR);
    await authority.tick();
    clock.advance(8 * HOUR);
    await authority.tick();
    assert.deepEqual(await slots(authority), ['active', 'prepared']);
    clock.advance(1.1 * HOUR);
    await authority.tick();
    assert.deepEqual(await slots(authority), ['old', 'active']);
    const [row] = await authority.audit(1);
    assert.match(row?.reason ?? '', /^override: the active authority is about to expire/);
  });

  for (const [what, leapMs] of [
    ['is not valid yet after a leap back', -HOUR],
    ['is over after a leap on', 30 * HOUR],
  ] as const) {
    it(`trusts what an authority signed whose activation was undone, also when it ${what}`, async () => {
      const { authority, clock } = await openTestAuthority({ x509AuthorityTtlMs: 24 * HOUR });
      clock.advance(20 * HOUR);
      await authority.prepare(orderOf());
      await authority.activate(orderOf('x509', { override: true }));
      const svid = await authority.issueX509(requestOf('a'));
      await authority.undo(orderOf());
      clock.advance(leapMs);
      await authority.tick();
      clock.advance(-leapMs);
      await authority.tick();
      assert.equal(verifySvidChain(svid.chain, authority.bundles.value.own, clock.now()).ok, true);
      const audit = await authority.audit(20);
      assert.ok(audit.some((row) => row.verb === 'ca retire' && row.authorityId === svid.authorityId));
    });
  }

  it('makes a new authority when the server was away until the last one had expired', async () => {
    const kept = await openTestAuthority({ x509AuthorityTtlMs: 24 * HOUR });
    await kept.authority[Symbol.asyncDispose]();
    kept.clock.advance(30 * DAY);
    const { authority, clock } = await openTestAuthority({ x509AuthorityTtlMs: 24 * HOUR }, kept);
    const svid = await authority.issueX509(requestOf('a'));
    assert.equal(verifySvidChain(svid.chain, authority.bundles.value.own, clock.now()).ok, true);
  });

  it('rotates JWT authorities likewise', async () => {
    const { authority, clock } = await openTestAuthority({
      x509AuthorityTtlMs: 365 * DAY,
      jwtAuthorityTtlMs: 24 * HOUR,
    });
    const before = authority.bundles.value.own.jwtAuthorities.map((each) => each.keyId);
    clock.advance(12.1 * HOUR);
    await authority.tick();
    assert.equal(authority.bundles.value.own.jwtAuthorities.length, 2);
    clock.advance(8 * HOUR);
    await authority.tick();
    const jwt = await authority.issueJwt({ ...requestOf('a'), audiences: ['b'] });
    const header = JSON.parse(Buffer.from(jwt.token.split('.')[0]!, 'base64url').toString());
    assert.ok(!before.includes(header.kid));
  });
});
