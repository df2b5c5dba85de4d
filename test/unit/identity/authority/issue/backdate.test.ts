import assert from 'node:assert/strict';
import { certificatesToPem } from '../../../../../src/identity/pki/pem.ts';
import { openTestAuthority, requestOf } from '../../../../support/authority.ts';
import { openssl } from '../../../../support/openssl.ts';

const MINUTE = 60_000;

/** When the first certificate begins and ends, as openssl reads it. */
function datesOf(chain: readonly Uint8Array[]): { startAt: number; endAt: number } {
  const told = openssl(['x509', '-noout', '-dates'], certificatesToPem(chain)).text;
  const at = (name: string): number => Date.parse(new RegExp(`${name}=(.*)`).exec(told)?.[1] ?? '');
  return { startAt: at('notBefore'), endAt: at('notAfter') };
}

describe('authority.backdate', () => {
  for (const backdateMs of [0, 10_000, 5 * MINUTE])
    it(`lets an SVID begin ${backdateMs / 1000} s before its signing, the very first too, and end and be renewed as ever`, async () => {
      const { authority, clock } = await openTestAuthority({ backdateMs });
      const svid = await authority.issueX509(requestOf('a', 'self'));
      assert.deepEqual(datesOf(svid.chain), { startAt: clock.now() - backdateMs, endAt: clock.now() + 60 * MINUTE });
      const due = authority.renewAt(svid) - clock.now();
      assert.ok(due >= 27 * MINUTE && due <= 33 * MINUTE, `${due / MINUTE} min`);
      await authority[Symbol.asyncDispose]();
    });

  it('leaves what was signed before a restart that changes it due when it was, also for who knows its serial and life alone', async () => {
    const first = await openTestAuthority({ backdateMs: 5 * MINUTE });
    const svid = await first.authority.issueX509(requestOf('a', 'self'));
    const due = first.authority.renewAt(svid);
    await first.authority[Symbol.asyncDispose]();
    const second = await openTestAuthority({ backdateMs: 0 }, first);
    assert.equal(second.authority.renewAt({ ...svid, chain: [], privateKey: undefined }), due);
    first.clock.advance(MINUTE);
    const next = await second.authority.issueX509(requestOf('b', 'self'));
    assert.equal(datesOf(next.chain).startAt, first.clock.now());
    await second.authority[Symbol.asyncDispose]();
  });
});
