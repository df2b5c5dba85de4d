import assert from 'node:assert/strict';
import { createHandshakeTable } from '../../../src/server/log/handshake-table.ts';
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
  const handshakes = createHandshakeTable();
  const reports = createRefusalReports(
    {
      info: () => undefined,
      warn: (message: unknown) => void warnings.push(String(message)),
    },
    handshakes,
  );
  const receiver = {
    refused: (certificate: Uint8Array) => void reported.push(Buffer.from(certificate).toString()),
  };
  return { reports, receiver, reported, warnings, handshakes };
}

describe('createRefusalReports', () => {
  it('counts handshakes by listener and reason; past 64 different ones together', () => {
    const { reports, handshakes } = setup();
    for (let i = 0; i < 100; i++) reports.handshakeFailed('Check', { ...failure('a'), reason: `why ${i % 70}` });
    reports.handshakeFailed('feed', failure('b'));
    const all = handshakes.all();
    assert.equal(all.length, 66);
    assert.equal(
      all.reduce((sum, { count }) => sum + count, 0),
      101,
    );
    assert.deepEqual(all[0], { listener: 'Check', reason: 'why 0', count: 2 });
    assert.deepEqual(all.slice(64), [
      { listener: 'Check', reason: 'other', count: 6 },
      { listener: 'feed', reason: 'other', count: 1 },
    ]);
  });

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

  it('reports nothing but distrust', () => {
    const { reports, receiver, reported } = setup();
    reports.deliverTo(receiver);
    reports.handshakeFailed('feed', failure('a', false));
    assert.deepEqual(reported, []);
  });
});
