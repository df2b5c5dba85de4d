import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import { createTestClock, openTestAuthority } from '../../support/authority.ts';
import { eventually } from '../../support/eventually.ts';
import { type JsonMessage, pythonCall } from '../../support/python-client.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { entry, startEndpoint } from '../../support/workload-endpoint.ts';

const MINUTE = 60_000;

function serialsOf(message: JsonMessage): string[] {
  const svids = message['svids'] as readonly { readonly x509Svid: string }[]; // the proto's own shape
  return svids.map(({ x509Svid }) => new X509Certificate(Buffer.from(x509Svid, 'base64')).serialNumber);
}

describe('renewals of a real stream that fall due together', function () {
  this.timeout(300_000); // the first use makes python's environment

  it('come one a second, where one a second may be signed, and the last ones at once when their life is almost over', async () => {
    await using dir = await tempDir();
    await chmod(dir.path, 0o755);
    const clock = createTestClock();
    const { authority } = await openTestAuthority({ renewalsPerSecond: 1 }, { clock });
    await using open = authority;
    const names = ['a', 'b', 'c', 'd', 'e'];
    const entries = names.map((name) => entry(`spiffe://cluster.local/ns/default/sa/${name}`, ['unix:uid:0']));
    const socket = dir.at('w.sock');
    await using _endpoint = await startEndpoint({ source: open, path: socket, entries, clock });
    await using stream = pythonCall({
      socket,
      method: '/SpiffeWorkloadAPI/FetchX509SVID',
      metadata: [['workload.spiffe.io', 'true']],
    });
    stream.send({});
    let held = serialsOf(await stream.next());
    const next = async (): Promise<number> => {
      const serials = serialsOf(await stream.next());
      const fresh = serials.filter((each) => !held.includes(each)).length;
      held = serials;
      return fresh;
    };
    clock.advance(40 * MINUTE); // as if the machine had slept: all five are due
    assert.equal(await next(), 1);
    await eventually('the others wait', () => (authority.renewalsWaiting() === 4 ? true : undefined));
    clock.advance(1_000);
    assert.equal(await next(), 1);
    await eventually('three are left', () => (authority.renewalsWaiting() === 3 ? true : undefined));
    clock.advance(10 * MINUTE); // the last sixth
    assert.equal(await next(), 3);
  });
});
