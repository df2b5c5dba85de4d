import assert from 'node:assert/strict';
import { createLogOutput } from '../../../../src/platform/observe/log-output.ts';

/** A disk with room for so many bytes, and what lies on it. */
function disk(room: number) {
  let text = '';
  return {
    get text() {
      return text;
    },
    room,
    fault: 'ENOSPC',
    write(bytes: Buffer): number {
      const taken = Math.min(bytes.length, this.room);
      if (taken === 0) throw Object.assign(new Error(this.fault), { code: this.fault });
      this.room -= taken;
      text += bytes.subarray(0, taken).toString();
      return taken;
    },
  };
}

describe('the output of the log', () => {
  it('keeps what a full disk does not take, and writes it in its order when there is room', () => {
    const full = disk(3);
    const output = createLogOutput((bytes) => full.write(bytes));
    output.write('one\n');
    output.write('two\n');
    assert.equal(full.text, 'one');
    full.room = Number.POSITIVE_INFINITY;
    output.write('three\n');
    assert.equal(full.text, 'one\ntwo\nthree\n');
  });

  it('loses what is beyond a mebibyte, and says how many lines and why', () => {
    const full = disk(0);
    const output = createLogOutput((bytes) => full.write(bytes));
    const line = `${'x'.repeat(1023)}\n`;
    for (let at = 0; at < 1024 + 5; at++) output.write(line);
    full.room = Number.POSITIVE_INFINITY;
    output.write('after\n');
    const lines = full.text.split('\n');
    assert.equal(lines.length, 1024 + 3);
    assert.match(lines.at(-3) ?? '', /"code":"log_lines_lost","lines":5,.*\(ENOSPC\)/);
    assert.equal(lines.at(-2), 'after');
    output.write('and on\n');
    assert.ok(full.text.endsWith('after\nand on\n'));
  });

  it('asks again where a descriptor is only busy, and not for ever', () => {
    const busy = disk(0);
    busy.fault = 'EAGAIN';
    let asked = 0;
    const output = createLogOutput((bytes) => {
      asked += 1;
      if (asked === 3) busy.room = Number.POSITIVE_INFINITY;
      return busy.write(bytes);
    });
    output.write('one\n');
    assert.equal(busy.text, 'one\n');
  });
});
