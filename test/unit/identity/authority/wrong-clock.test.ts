import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { GatehouseError } from '../../../../src/errors.ts';
import type { Authority } from '../../../../src/identity/authority/authority.ts';
import { readCertificate } from '../../../../src/identity/pki/certificate.ts';
import { verifySvidChain } from '../../../../src/identity/pki/svid-chain.ts';
import {
  createTestClock,
  entitlementOf,
  openTestAuthority,
  orderOf,
  requestOf,
  type TestAuthority,
} from '../../../support/authority.ts';
import { openssl } from '../../../support/openssl.ts';
import { tempDir } from '../../../support/temp-dir.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const jwtRequest = { entitlement: entitlementOf('a'), selectors: [], channel: 'self', audiences: ['x'] } as const;
const behind = (thrown: unknown): boolean =>
  thrown instanceof GatehouseError && thrown.code === 'authority_not_ready' && /clock_behind/.test(thrown.message);

/** Nothing that can be had may be invalid now, or outlive or forerun what signed it. */
async function checkSound({ authority, clock }: Pick<TestAuthority, 'authority' | 'clock'>): Promise<void> {
  const now = clock.now();
  const { x509Authorities, jwtAuthorities } = await authority.status();
  const lives = new Map([...x509Authorities, ...jwtAuthorities].map((each) => [each.id, each]));
  for (const channel of ['workload-api', 'sds', 'istio-ca', 'feed', 'self'] as const) {
    const svid = await authority.issueX509(requestOf('a', channel));
    const leaf = readCertificate(svid.chain[0]!);
    const issuer = lives.get(svid.authorityId)!;
    assert.ok(leaf.notBeforeAt <= now && now < leaf.notAfterAt, channel);
    assert.ok(issuer.notBeforeAt <= leaf.notBeforeAt && leaf.notAfterAt <= issuer.notAfterAt, channel);
    assert.ok(verifySvidChain(svid.chain, authority.bundles.value.own, now).ok, channel);
  }
  const jwt = await authority.issueJwt(jwtRequest);
  const { iat, exp, kid } = claimsOf(jwt.token);
  const key = lives.get(kid)!;
  assert.ok(iat <= now && now < exp && key.notBeforeAt <= iat && exp <= key.notAfterAt);
}

function claimsOf(token: string): { iat: number; exp: number; kid: string } {
  const [header, claims] = token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()));
  return { iat: claims.iat * 1000, exp: claims.exp * 1000, kid: header.kid };
}

const activeIds = async (authority: Authority): Promise<string[]> => {
  const { x509Authorities, jwtAuthorities } = await authority.status();
  return [...x509Authorities, ...jwtAuthorities].filter(({ slot }) => slot === 'active').map(({ id }) => id);
};

describe('a clock that is wrong', () => {
  for (const issued of [true, false])
    it(`is said at the start, with the time, after a first start that was ahead (${issued ? '' : 'nothing '}issued)`, async () => {
      const first = await openTestAuthority({}, { clock: createTestClock(Date.parse('2030-01-02T00:00:00Z')) });
      if (issued) await checkSound(first);
      const ids = await activeIds(first.authority);
      const clock = createTestClock(Date.parse('2030-01-01T00:00:00Z'));
      const { authority } = await openTestAuthority({}, { ...first, clock });
      const { ready, reason } = authority.readiness.value;
      assert.equal(ready, false);
      assert.match(
        reason,
        /clock_behind: the active x509 authority [0-9a-f]{40} is valid from 2030-01-01T23:59:50.000Z/,
      );
      assert.match(reason, /this clock says 2030-01-01T00:00Z.*; clock_behind: the active jwt authority/);
      await assert.rejects(authority.issueX509(requestOf('a')), behind);
      await assert.rejects(authority.issueJwt(jwtRequest), behind);
      for (let hours = 0; hours < 23; hours += 1) {
        clock.advance(HOUR);
        await authority.tick();
        assert.equal(authority.readiness.value.ready, false);
      }
      assert.deepEqual(await activeIds(authority), ids, 'never replaced by itself');
      clock.advance(HOUR);
      await authority.tick();
      assert.ok(authority.readiness.value.ready);
      await checkSound({ authority, clock });
    });

  it('can be overcome by hand: a new authority is made by the right clock', async () => {
    const first = await openTestAuthority({}, { clock: createTestClock(Date.parse('2030-01-02T00:00:00Z')) });
    const clock = createTestClock(Date.parse('2030-01-01T00:00:00Z'));
    const { authority } = await openTestAuthority({}, { ...first, clock });
    for (const use of ['x509', 'jwt'] as const) {
      await authority.prepare(orderOf(use));
      await authority.activate(orderOf(use, { override: true }));
    }
    await authority.tick();
    assert.ok(authority.readiness.value.ready);
    await checkSound({ authority, clock });
  });

  it('forward and back, by much and by little, while it runs: only what is valid is signed', async () => {
    const opened = await openTestAuthority();
    const { authority, clock } = opened;
    await checkSound(opened);
    const [minute, start] = [60_000, clock.now()];
    for (const at of [1000, -5000, minute, -9000, DAY, -DAY, 30 * DAY, DAY, 364 * DAY, -HOUR, 2 * DAY, 0, DAY]) {
      clock.advance(start + at - clock.now());
      await authority.tick();
      const { ready, reason } = authority.readiness.value;
      if (ready) await checkSound(opened);
      else {
        assert.match(reason, /clock_behind/);
        await assert.rejects(authority.issueX509(requestOf('a')), behind);
      }
    }
  });

  it('costs no key, however far it leaps: the authority before is given back by an undo', async () => {
    const opened = await openTestAuthority();
    const { authority, clock } = opened;
    const before = await activeIds(authority);
    await checkSound(opened);
    clock.advance(400 * DAY);
    for (const more of [0, 2 * HOUR, DAY]) {
      clock.advance(more);
      await authority.tick();
      await checkSound(opened);
    }
    clock.advance(-401 * DAY - 2 * HOUR);
    await authority.tick();
    assert.match(authority.readiness.value.reason, /clock_behind/);
    for (const use of ['x509', 'jwt'] as const) await authority.undo(orderOf(use, { override: true }));
    await authority.tick();
    assert.ok(authority.readiness.value.ready);
    assert.deepEqual(await activeIds(authority), before);
    await checkSound(opened);
  });

  it('is no reason to keep for ever what has expired', async () => {
    const { authority, clock } = await openTestAuthority();
    clock.advance(400 * DAY);
    await authority.tick();
    assert.equal((await authority.status()).x509Authorities.length, 2);
    clock.advance(8 * DAY);
    await authority.tick();
    assert.equal((await authority.status()).x509Authorities.length, 1);
  });

  /** What a store may have forgotten, after each of these. */
  const forgetting = [
    { name: 'a leap of years', leapMs: 800 * DAY, passMs: 0, kept: true },
    { name: 'a leap, and most of an hour', leapMs: 800 * DAY, passMs: HOUR - 1, kept: true },
    { name: 'a leap, and an hour', leapMs: 800 * DAY, passMs: HOUR, kept: false },
    { name: 'years of running', leapMs: 0, passMs: 800 * DAY, kept: false },
  ];
  for (const { name, leapMs, passMs, kept } of forgetting)
    it(`${kept ? 'makes it forget nothing' : 'is believed in the end'}: ${name}`, async () => {
      const clock = createTestClock();
      const { authority, content, keys } = await openTestAuthority({}, { clock });
      const svid = await authority.issueX509(requestOf('a'));
      await authority.revokeSvid({ kind: 'serial', value: svid.serial, who: 'uid:0', reason: 'stolen' });
      await authority.joinTokens.create(60_000, 'uid:0', 'test');
      await authority.prepare(orderOf());
      await authority.activate(orderOf('x509', { override: true }));
      clock.advance(2 * HOUR); // the hour after the start
      await authority.tick();
      const [first] = await keys.list();
      clock.leap(leapMs);
      clock.advance(passMs);
      await authority.tick();
      clock.leap(8 * DAY); // enough for an authority that was succeeded by the leapt clock
      if (!kept) clock.advance(HOUR);
      await authority.tick();
      if (!kept) clock.advance(HOUR);
      await authority.tick();
      await authority.joinTokens.create(60_000, 'uid:0', 'test');
      const left = {
        ledger: content.ledger.has(svid.serial),
        revocations: content.revocations.size === 1,
        joinTokens: content.state?.joinTokens?.length === 2,
        keys: (await keys.list()).includes(first!),
      };
      assert.deepEqual(left, { ledger: kept, revocations: kept, joinTokens: kept, keys: kept });
    });

  it('is not believed for an hour after the start: a store that was opened by a clock ahead forgets nothing', async () => {
    const first = await openTestAuthority();
    const svid = await first.authority.issueX509(requestOf('a'));
    await first.authority.revokeSvid({ kind: 'serial', value: svid.serial, who: 'uid:0', reason: 'stolen' });
    const { token } = await first.authority.joinTokens.create(60_000, 'uid:0', 'test');
    const ahead = createTestClock(first.clock.now() + 800 * DAY);
    const { authority } = await openTestAuthority({}, { ...first, clock: ahead });
    for (let minutes = 0; minutes < 60; minutes += 1) {
      await authority.joinTokens.create(60_000, 'uid:0', 'test');
      await assert.rejects(authority.joinTokens.use(token, 'd'), /has expired/);
      await authority.tick();
      ahead.advance(59_000);
    }
    assert.ok(first.content.ledger.has(svid.serial));
    assert.equal(first.content.revocations.size, 1);
    ahead.leap(-800 * DAY - HOUR);
    await authority.joinTokens.use(token, 'd');
    ahead.advance(20 * DAY);
    await authority.tick();
    await authority.tick();
    assert.equal(first.content.revocations.size, 0);
  });

  it('makes an SVID due that a clock ahead has signed', async () => {
    const { authority, clock } = await openTestAuthority();
    clock.advance(DAY);
    const svid = await authority.issueX509(requestOf('a'));
    assert.ok(authority.renewAt(svid) > clock.now());
    clock.advance(-DAY);
    assert.ok(authority.renewAt(svid) <= clock.now());
  });

  it('activates nothing that is not valid yet, and prepares another when one is needed', async () => {
    const { authority, clock } = await openTestAuthority({
      x509AuthorityTtlMs: 10 * DAY,
      jwtAuthorityTtlMs: 365 * DAY,
    });
    clock.advance(9.5 * DAY); // it should be replaced by now, by that clock
    const early = await authority.prepare(orderOf());
    clock.advance(-9 * DAY);
    await assert.rejects(
      authority.activate(orderOf('x509', { override: true })),
      (thrown) => thrown instanceof GatehouseError && /is valid only from .*; look at the clock/.test(thrown.message),
    );
    clock.advance(5 * DAY);
    await authority.tick();
    const prepared = (await authority.status()).x509Authorities.find(({ slot }) => slot === 'prepared');
    assert.ok(early.done && prepared !== undefined && prepared.id !== early.authorityId);
    assert.ok(prepared.notBeforeAt <= clock.now());
  });

  it('takes no revocation away: what it let lapse is refused again when it is set right', async () => {
    const { authority, clock } = await openTestAuthority();
    const svid = await authority.issueX509(requestOf('a'));
    await authority.revokeSvid({ kind: 'serial', value: svid.serial, who: 'uid:0', reason: 'stolen' });
    clock.advance(2 * DAY);
    await authority.tick();
    assert.equal(authority.revocations.value.rows.length, 0);
    clock.advance(-2 * DAY);
    await authority.tick();
    assert.deepEqual(
      authority.revocations.value.rows.map(({ value }) => value),
      [svid.serial],
    );
  });

  it('signs CRLs only of authorities that are valid, within their lives', async () => {
    await using directory = await tempDir();
    const { authority, clock } = await openTestAuthority({ x509AuthorityTtlMs: 2 * HOUR });
    const svid = await authority.issueX509(requestOf('a'));
    await authority.revokeSvid({ kind: 'id', value: svid.spiffeId, who: 'uid:0', reason: 'stolen' });
    const nextUpdates = (): number[] =>
      authority.crls.value.map((crl) => {
        writeFileSync(directory.at('crl'), crl);
        const { text } = openssl(['crl', '-inform', 'DER', '-in', directory.at('crl'), '-noout', '-nextupdate']);
        return Date.parse(/nextUpdate=(.*)/.exec(text)![1]!);
      });
    assert.deepEqual(nextUpdates(), [clock.now() + HOUR]);
    const [{ notAfterAt } = assert.fail()] = (await authority.status()).x509Authorities;
    clock.advance(-DAY);
    await authority.tick();
    assert.deepEqual(nextUpdates(), [], 'its issuer is not valid yet');
    clock.advance(DAY + 70 * 60_000);
    await authority.tick();
    for (const at of nextUpdates()) assert.ok(at <= Math.max(notAfterAt, clock.now() + HOUR));
    assert.ok(nextUpdates().includes(notAfterAt), 'no list outlives who signs it');
  });
});
