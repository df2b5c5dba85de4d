import assert from 'node:assert/strict';
import { createSessions } from '../../../../src/cli/console/sessions.ts';

const HOUR_MS = 3_600_000;

describe('createSessions', () => {
  it('gives one session for a link, once, and within an hour', () => {
    let nowMs = 0;
    const sessions = createSessions(() => nowMs);
    const link = sessions.link();
    const session = sessions.begin(link);
    assert.ok(session !== undefined && session !== link && sessions.has(session));
    assert.equal(sessions.begin(link), undefined, 'used');
    assert.equal(sessions.begin(session), undefined, 'a session is no link');
    assert.equal(sessions.has(link), false, 'a link is no session');
    assert.equal(sessions.begin(''), undefined);
    const late = sessions.link();
    nowMs += HOUR_MS;
    assert.equal(sessions.begin(late), undefined, 'too old');
  });

  it('keeps a session while it is used, twelve hours after that', () => {
    let nowMs = 0;
    const sessions = createSessions(() => nowMs);
    const session = sessions.begin(sessions.link()) ?? '';
    for (let i = 0; i < 5; i++) {
      nowMs += 11 * HOUR_MS;
      assert.ok(sessions.has(session));
    }
    nowMs += 12 * HOUR_MS;
    assert.equal(sessions.has(session), false);
  });

  it('holds no more than it may, the one that was used last at the latest', () => {
    const sessions = createSessions(() => 0);
    const first = sessions.begin(sessions.link()) ?? '';
    const others = Array.from({ length: 200 }, () => sessions.begin(sessions.link()) ?? '');
    assert.equal(sessions.has(first), false);
    assert.ok(sessions.has(others.at(-1) ?? ''));
  });
});
