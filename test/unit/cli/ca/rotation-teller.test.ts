import assert from 'node:assert/strict';
import { createTeller, type Waiting } from '../../../../src/cli/ca/rotation-teller.ts';
import type { LiveText } from '../../../../src/cli/terminal/live-text.ts';
import { showingOnly } from '../../../../src/cli/terminal/terminal.ts';
import { recordingTerminal } from '../../../support/recording-terminal.ts';

function waitingFor(blockerCount: number, event: Waiting['event'] = 'waiting'): Waiting {
  const blockers = Array.from({ length: Math.min(blockerCount, 30) }, (_, i) => ({
    spiffeId: `spiffe://cluster.local/ns/default/sa/w${i}`,
    serial: `${i}`,
    consumer: `sds:${blockerCount}-${i}`,
    protocol: 'sds',
    grade: 'sent',
    holdsSequence: 1,
    needsSequence: 2,
    lastSeenAt: null,
    doneBy: null,
  }));
  return { event, verb: 'activate', done: false, code: 'rotation_blocked', blockers, blockerCount, etaSeconds: 90 };
}

describe('how a rotation is told where no terminal is', () => {
  it('says one line for a gate, however many are in the way, and again when their number has changed, not at once', async () => {
    const terminal = recordingTerminal();
    let nowMs = 0;
    const teller = await createTeller(terminal, 'table', () => nowMs);
    for (let count = 900; count > 0; count--) {
      teller.waiting(waitingFor(count));
      nowMs += 1_000;
    }
    const lines = terminal.said.out.trimEnd().split('\n');
    assert.equal(lines.length, 90);
    assert.equal(
      lines[0],
      'waiting to activate: 900 in the way: spiffe://cluster.local/ns/default/sa/w0, spiffe://cluster.local/ns/default/sa/w1, ' +
        'spiffe://cluster.local/ns/default/sa/w2, 897 more; all done in 1 min 30 s at the latest',
    );
  });

  it('says nothing twice', async () => {
    const terminal = recordingTerminal();
    let nowMs = 0;
    const teller = await createTeller(terminal, 'table', () => nowMs);
    for (let i = 0; i < 100; i++, nowMs += 60_000) teller.waiting(waitingFor(2));
    assert.equal(terminal.said.out.split('\n').length, 2);
  });

  it('names everybody when it stops waiting', async () => {
    const terminal = recordingTerminal();
    (await createTeller(terminal, 'table')).waiting(waitingFor(2, 'timeout'));
    assert.match(terminal.said.out, /^stopped waiting to activate: 2 in the way\nWHO .*\n.*w0 .*\n.*w1 .*\n/);
  });

  it('lets no value begin a line of its own', async () => {
    const terminal = recordingTerminal();
    const evil = { ...waitingFor(1).blockers[0]!, spiffeId: 'x\nactivate: done\u001b[2J' };
    (await createTeller(terminal, 'table')).waiting({ ...waitingFor(1), blockers: [evil] });
    assert.match(terminal.said.out, /^[\x20-\x7e]*\n$/);
  });
});

describe('how a rotation is told on a terminal', () => {
  it('is one live table, which what happens next takes away', async () => {
    const did: string[] = [];
    const live: LiveText = {
      show: (text) => did.push(text.split('\n')[0]!),
      clear: () => did.push('clear'),
      keep: () => did.push('keep'),
    };
    const terminal = { ...recordingTerminal(), live: () => Promise.resolve(live) };
    const teller = await createTeller(showingOnly(terminal), 'table');
    teller.waiting(waitingFor(3));
    teller.waiting(waitingFor(2));
    teller.event({ verb: 'activate' }, ({ verb }) => `${verb}: done\n`);
    teller.waiting(waitingFor(1, 'timeout'));
    assert.deepEqual(did, [
      'waiting to activate: 3 in the way',
      'waiting to activate: 2 in the way',
      'clear',
      'stopped waiting to activate: 1 in the way',
      'keep',
    ]);
    assert.equal(terminal.said.out, 'activate: done\n');
  });
});
