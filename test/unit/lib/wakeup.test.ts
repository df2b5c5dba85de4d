import assert from 'node:assert/strict';
import { createWakeup } from '../../../src/lib/wakeup.ts';

const never = new AbortController().signal;

describe('createWakeup', () => {
  it('remembers one wake, however many there were', async () => {
    const wakeup = createWakeup();
    wakeup.wake();
    wakeup.wake();
    await wakeup.wait(never);
    const second = wakeup.wait(never).then(() => 'woken');
    assert.equal(await Promise.race([second, Promise.resolve('asleep')]), 'asleep');
    wakeup.wake();
    assert.equal(await second, 'woken');
  });

  it('wakes when the signal aborts, also when it has aborted before', async () => {
    const wakeup = createWakeup();
    const abort = new AbortController();
    const waiting = wakeup.wait(abort.signal);
    abort.abort();
    await waiting;
    await wakeup.wait(abort.signal);
  });
});
