import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { giveBackWhenQuiet } from '../../../../src/platform/memory/give-back.ts';

describe('giveBackWhenQuiet', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setInterval'] }));
  afterEach(() => mock.timers.reset());

  it('collects once, when nothing has happened for three seconds', () => {
    let happened = 0;
    let collected = 0;
    giveBackWhenQuiet(
      () => happened,
      () => collected++,
    );
    for (let i = 0; i < 10; i++) {
      happened++;
      mock.timers.tick(1_000);
    }
    mock.timers.tick(2_000);
    assert.equal(collected, 0);
    mock.timers.tick(1_000);
    assert.equal(collected, 1);
    mock.timers.tick(60_000);
    assert.equal(collected, 1);
  });

  it('does nothing once disposed', () => {
    let collected = 0;
    giveBackWhenQuiet(
      () => 0,
      () => collected++,
    )[Symbol.dispose]();
    mock.timers.tick(60_000);
    assert.equal(collected, 0);
  });
});
