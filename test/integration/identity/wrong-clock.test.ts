import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import { openTestAuthority } from '../../support/authority.ts';
import { type JsonMessage, pythonCall } from '../../support/python-client.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { entry, startEndpoint } from '../../support/workload-endpoint.ts';

const DAY = 86_400_000;

const lifeOf = (message: JsonMessage): readonly [number, number] => {
  const [{ x509Svid } = assert.fail()] = message['svids'] as readonly { x509Svid: string }[]; // the proto's own shape
  const { validFromDate, validToDate } = new X509Certificate(Buffer.from(x509Svid, 'base64'));
  return [validFromDate.getTime(), validToDate.getTime()];
};

describe('a stream that holds an SVID while the clock is set', function () {
  this.timeout(300_000); // the first use makes python's environment

  it('is given another at once, forward and back, when the one that it holds is not valid', async () => {
    await using directory = await tempDir();
    await chmod(directory.path, 0o755);
    const { authority, clock } = await openTestAuthority();
    await using served = await startEndpoint({
      source: authority,
      path: directory.at('w.sock'),
      entries: [entry('spiffe://cluster.local/a', [`unix:uid:${process.geteuid?.() ?? 0}`])],
      clock,
    });
    await using call = pythonCall({
      socket: directory.at('w.sock'),
      method: '/SpiffeWorkloadAPI/FetchX509SVID',
      metadata: [['workload.spiffe.io', 'true']],
    });
    call.send({});
    for (const step of [0, DAY, -DAY, 30 * DAY, -20 * DAY]) {
      clock.advance(step);
      const [from, to] = lifeOf(await call.next());
      assert.ok(from <= clock.now() && clock.now() < to, `after ${step}: ${new Date(from).toISOString()}`);
    }
    assert.ok(served.told.every((each) => !each.startsWith('failed')));
  });
});
