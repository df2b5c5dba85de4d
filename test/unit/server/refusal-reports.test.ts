import assert from 'node:assert/strict';
import { createRefusalReports } from '../../../src/server/refusal-reports.ts';

const failure = (holder: string, untrusted = true) => ({
  reason: 'unknown ca',
  remote: '10.0.0.1',
  untrusted,
  certificate: Buffer.from(holder),
});

function setup() {
  const warnings: string[] = [];
  const reported: string[] = [];
  const reports = createRefusalReports({
    info: () => undefined,
    warn: (message: unknown) => void warnings.push(String(message)),
  });
  const receiver = {
    holderOf: (certificate: Uint8Array) => (certificate.length === 0 ? undefined : Buffer.from(certificate).toString()),
    reportTrouble: (holder: string) => void reported.push(holder),
  };
  return { reports, receiver, reported, warnings };
}

describe('createRefusalReports', () => {
  it('delivers what was reported before the authority was open, once and in order', () => {
    const { reports, receiver, reported } = setup();
    reports.handshakeFailed('health', failure('a'));
    reports.handshakeFailed('health', failure('b'));
    assert.deepEqual(reported, []);
    reports.deliverTo(receiver);
    reports.handshakeFailed('feed', failure('c'));
    assert.deepEqual(reported, ['a', 'b', 'c']);
  });

  it('says in the log what it could not hold', () => {
    const { reports, receiver, reported, warnings } = setup();
    for (let count = 0; count < 1_002; count += 1) reports.handshakeFailed('health', failure(`${count}`));
    reports.deliverTo(receiver);
    assert.equal(reported.length, 1_000);
    assert.equal(warnings.length, 2);
  });

  it('reports no stranger, and nothing but distrust', () => {
    const { reports, receiver, reported } = setup();
    reports.deliverTo(receiver);
    reports.handshakeFailed('feed', failure(''));
    reports.handshakeFailed('feed', failure('a', false));
    assert.deepEqual(reported, []);
  });
});
