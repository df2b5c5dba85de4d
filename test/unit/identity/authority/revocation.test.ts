import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { GatehouseError } from '../../../../src/errors.ts';
import { certificatesToPem, toPem } from '../../../../src/identity/pki/pem.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import { openTestAuthority, orderOf, requestOf } from '../../../support/authority.ts';
import { openssl } from '../../../support/openssl.ts';
import { tempDir } from '../../../support/temp-dir.ts';

const by = { who: 'uid:0', reason: 'stolen' };
const realClock = { now: systemClock.now, advance: () => undefined };

describe('revokeSvid', () => {
  it('revokes by serial, ID and key; watchers have it at once, and a restart keeps it until it expires', async () => {
    const kept = await openTestAuthority();
    const { authority, clock } = kept;
    const svid = await authority.issueX509(requestOf('a'));
    const heard: number[] = [];
    authority.revocations.subscribe((list) => heard.push(list.rows.length));
    await authority.revokeSvid({ ...by, kind: 'serial', value: svid.serial });
    await authority.revokeSvid({ ...by, kind: 'id', value: svid.spiffeId });
    await authority.revokeSvid({ ...by, kind: 'spki', value: 'AB'.repeat(32) });
    assert.deepEqual(heard, [1, 2, 3]);
    assert.ok(authority.revocations.value.rows.some((row) => row.value === 'ab'.repeat(32)));
    const { sequence } = authority.revocations.value;
    await authority[Symbol.asyncDispose]();

    const again = await openTestAuthority({}, kept);
    assert.equal(again.authority.revocations.value.rows.length, 3);
    assert.equal(again.authority.revocations.value.sequence, sequence);
    clock.advance(2 * 3_600_000);
    await again.authority.tick();
    assert.deepEqual(
      again.authority.revocations.value.rows.map((row) => row.kind),
      ['id', 'spki'],
      'the certificate of that serial has expired',
    );
  });

  it('takes a serial as people write it, and refuses one that it never issued', async () => {
    const { authority } = await openTestAuthority();
    const svid = await authority.issueX509(requestOf('a'));
    const written = svid.serial.toUpperCase().replace(/..(?=.)/g, '$&:');
    const row = await authority.revokeSvid({ ...by, kind: 'serial', value: written });
    assert.equal(row.value, svid.serial);
    for (const [value, code] of [
      ['abcd', 'not_found'],
      ['xyz', 'message_invalid'],
      ['', 'message_invalid'],
    ] as const) {
      await assert.rejects(
        authority.revokeSvid({ ...by, kind: 'serial', value }),
        (thrown) => thrown instanceof GatehouseError && thrown.code === code,
        value,
      );
    }
  });

  it('publishes CRLs by which openssl refuses that certificate and no other, after a rotation too', async () => {
    await using directory = await tempDir();
    const { authority } = await openTestAuthority({}, { clock: realClock });
    const [bad, good] = [await authority.issueX509(requestOf('a')), await authority.issueX509(requestOf('b'))];
    await authority.revokeSvid({ ...by, kind: 'serial', value: bad.serial });
    await authority.prepare(orderOf());
    await authority.activate(orderOf('x509', { override: true }));
    await authority.tick();
    writeFileSync(directory.at('crl.pem'), authority.crls.value.map((der) => toPem('X509 CRL', der)).join(''));
    writeFileSync(directory.at('ca.pem'), certificatesToPem(authority.bundles.value.own.x509Authorities));
    const check = (chain: readonly Uint8Array[]): string => {
      writeFileSync(directory.at('leaf.pem'), certificatesToPem(chain));
      const files = ['-CAfile', directory.at('ca.pem'), '-CRLfile', directory.at('crl.pem')];
      return openssl(['verify', '-x509_strict', '-crl_check', ...files, directory.at('leaf.pem')]).text;
    };
    assert.match(check(bad.chain), /certificate revoked/);
    assert.match(check(good.chain), /OK/);
    assert.match(check((await authority.issueX509(requestOf('c'))).chain), /OK/);
  });
});
