import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Authority } from '../../../../src/identity/authority/authority.ts';
import { createUpstreamFromFiles } from '../../../../src/identity/authority/issue/upstream-files.ts';
import { readCertificate } from '../../../../src/identity/pki/certificate.ts';
import { createTestClock, openTestAuthority, orderOf, requestOf } from '../../../support/authority.ts';
import { derOf, makeCertificate } from '../../../support/openssl-ca.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const overridden = orderOf('x509', { override: true, reason: 'test' });

/** Serials, in the order of the bundle. */
const serialsOf = ({ bundles }: Authority): readonly string[] =>
  bundles.value.own.x509Authorities.map((der) => readCertificate(der).serial);

describe('the bundle that is published', () => {
  let dir: TempDir;
  const serial = (name: string): string => readCertificate(derOf(read(name))).serial;
  const read = (name: string): string => readFileSync(dir.at(`${name}.pem`), 'utf8');
  before(async () => {
    dir = await tempDir();
    makeCertificate(dir, { name: 'old', key: 'root', untilDays: 2, fromDays: -9 });
    makeCertificate(dir, { name: 'renewed', key: 'root', untilDays: 400, fromDays: -1 });
    makeCertificate(dir, { name: 'expired', key: 'root', untilDays: -1, fromDays: -9 });
    makeCertificate(dir, { name: 'stranger' });
  });
  after(() => dir[Symbol.asyncDispose]());

  const upstreamOf = (files: { certificate: string; roots: readonly string[] }) =>
    createUpstreamFromFiles(
      async () => ({
        certificatePem: read(files.certificate),
        keyPem: readFileSync(dir.at('root.key'), 'utf8'),
        rootsPem: files.roots.map(read).join(''),
      }),
      HOUR,
    );

  it('has the newer of two certificates of one upstream root first, and the older not a moment after it has expired', async () => {
    const files = { certificate: 'old', roots: ['old'] };
    const clock = createTestClock(Math.floor(Date.now() / 1000) * 1000);
    const { authority } = await openTestAuthority({}, { clock, upstream: upstreamOf(files) });
    Object.assign(files, { certificate: 'renewed', roots: ['renewed'] });
    await authority.prepare(orderOf());
    await authority.activate(overridden);
    assert.deepEqual(serialsOf(authority), [serial('renewed'), serial('old')]);
    const { sequence } = authority.bundles.value.own;
    const heard: number[] = [];
    authority.bundles.subscribe(({ own }) => void heard.push(own.sequence));
    clock.advance(readCertificate(derOf(read('old'))).notAfterAt - clock.now());
    await authority.tick();
    assert.deepEqual(serialsOf(authority), [serial('renewed')]);
    assert.equal(authority.bundles.value.own.sequence, heard.at(-1));
    assert.ok(heard.at(-1)! > sequence, 'consumers are told by a sequence that rose');
    const settled = authority.bundles.value.own.sequence;
    clock.advance(2 * 3_600_000);
    await authority.tick();
    assert.equal(authority.bundles.value.own.sequence, settled, 'forgetting what had left changes nothing');
  });

  it('outlives an old twin that stands beside the renewed one in the file, and not the path that it has', async () => {
    const upstream = upstreamOf({ certificate: 'renewed', roots: ['old', 'renewed', 'old', 'stranger'] });
    const clock = createTestClock(Math.floor(Date.now() / 1000) * 1000);
    const { authority } = await openTestAuthority({ x509AuthorityTtlMs: 365 * DAY }, { clock, upstream });
    const [active] = (await authority.status()).x509Authorities;
    assert.ok(active!.notAfterAt > clock.now() + 364 * DAY, 'the twin that ends in two days is not the only way up');
    assert.deepEqual(new Set(serialsOf(authority)).size, serialsOf(authority).length, 'no root twice');
    assert.ok(serialsOf(authority).indexOf(serial('renewed')) < serialsOf(authority).indexOf(serial('old')));
    clock.advance(3 * DAY);
    await authority.tick();
    assert.deepEqual(serialsOf(authority).includes(serial('old')), false);
    assert.ok(serialsOf(authority).includes(serial('renewed')));
  });

  it('makes no authority that would end with the one that signs, and the next at once when the upstream CA is renewed', async () => {
    const files = { certificate: 'old', roots: ['old'] };
    const clock = createTestClock(Math.floor(Date.now() / 1000) * 1000);
    const { authority } = await openTestAuthority({}, { clock, upstream: upstreamOf(files) });
    const made = async () => (await authority.status()).x509Authorities.length;
    for (let hours = 0; hours < 46; hours += 1) {
      clock.advance(HOUR);
      await authority.tick();
      assert.equal(await made(), 1, `after ${hours + 1} hours`);
    }
    Object.assign(files, { certificate: 'renewed', roots: ['renewed'] });
    await authority.tick();
    assert.equal(await made(), 2);
  });

  it('takes a file of roots in which one has expired', async () => {
    const upstream = upstreamOf({ certificate: 'renewed', roots: ['expired', 'renewed'] });
    const clock = createTestClock(Math.floor(Date.now() / 1000) * 1000);
    const { authority } = await openTestAuthority({}, { clock, upstream });
    assert.deepEqual(serialsOf(authority), [serial('renewed')]);
  });

  it('lets authorities of both uses go when they expire, X.509 and JWT, and takes them back when a clock was wrong', async () => {
    const { authority, clock } = await openTestAuthority({
      x509AuthorityTtlMs: 10 * DAY,
      jwtAuthorityTtlMs: 10 * DAY,
    });
    const first = authority.bundles.value.own;
    for (const use of ['x509', 'jwt'] as const) {
      clock.advance(1000);
      await authority.prepare(orderOf(use));
      await authority.activate(orderOf(use, { override: true, reason: 'test' }));
    }
    assert.equal(serialsOf(authority).length, 2);
    assert.equal(serialsOf(authority).at(-1), readCertificate(first.x509Authorities[0]!).serial);
    const endsAt = Math.max(...(await authority.status()).jwtAuthorities.map((each) => each.notAfterAt));
    const early = clock.now();
    clock.advance(endsAt - 500 - clock.now());
    await authority.tick();
    const { own } = authority.bundles.value;
    for (const each of own.x509Authorities) assert.ok(readCertificate(each).notAfterAt > clock.now());
    assert.ok(!own.x509Authorities.some((each) => Buffer.compare(each, first.x509Authorities[0]!) === 0));
    assert.ok(!own.jwtAuthorities.some(({ keyId }) => keyId === first.jwtAuthorities[0]!.keyId));
    clock.advance(early - clock.now());
    await authority.tick();
    const back = authority.bundles.value.own;
    assert.ok(back.sequence > own.sequence);
    assert.ok(back.x509Authorities.some((each) => Buffer.compare(each, first.x509Authorities[0]!) === 0));
    assert.ok(back.jwtAuthorities.some(({ keyId }) => keyId === first.jwtAuthorities[0]!.keyId));
  });

  it('has no CRL of an authority that has expired', async () => {
    const { authority, clock } = await openTestAuthority({ x509AuthorityTtlMs: 10 * DAY });
    await authority.issueX509(requestOf('a'));
    await authority.revokeSvid({ kind: 'id', value: 'spiffe://cluster.local/ns/default/sa/a', who: 'x', reason: 'x' });
    await authority.prepare(orderOf());
    await authority.activate(overridden);
    await authority.tick();
    assert.equal(authority.crls.value.length, 2);
    const [old] = (await authority.status()).x509Authorities.filter(({ slot }) => slot === 'old');
    clock.advance(old!.notAfterAt - clock.now());
    await authority.revokeSvid({ kind: 'id', value: 'spiffe://cluster.local/ns/default/sa/b', who: 'x', reason: 'x' });
    await authority.tick();
    const living = (await authority.status()).x509Authorities.filter(
      ({ slot, notAfterAt }) => slot !== 'prepared' && notAfterAt > clock.now(),
    );
    assert.equal(authority.crls.value.length, living.length);
  });
});
