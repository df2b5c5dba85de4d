import assert from 'node:assert/strict';
import { randomSerial } from '../../../../src/identity/pki/serial.ts';

describe('randomSerial', () => {
  const now = Date.parse('2030-01-01T00:00:00Z');

  it('is of 16 bytes, positive, without a leading zero byte, at any time that a clock may show (RFC 5280 §4.1.2.2)', () => {
    for (const at of [-1, 0, now, Date.parse('9999-12-31T00:00:00Z')]) {
      const serial = randomSerial(at);
      assert.equal(serial.length, 16);
      const [first = 0] = serial;
      assert.ok(first >= 0x40 && first < 0x80, `${first} at ${at}`);
    }
  });

  it('is never the same twice, and every one of its last 80 bits is set about half of the time', () => {
    const draws = 20_000;
    const seen = new Set<string>();
    const ones = Array.from({ length: 80 }, () => 0);
    for (let draw = 0; draw < draws; draw += 1) {
      const serial = randomSerial(now);
      seen.add(serial.toString('hex'));
      for (let bit = 0; bit < 80; bit += 1) ones[bit]! += ((serial[6 + (bit >> 3)] ?? 0) >> (7 - (bit & 7))) & 1;
    }
    assert.equal(seen.size, draws);
    // Seven standard deviations: one failure in 10^10 runs.
    for (const count of ones) assert.ok(Math.abs(count - draws / 2) < 3.5 * Math.sqrt(draws), String(count));
  });

  it('puts what was drawn later behind what was drawn before', () => {
    assert.ok(randomSerial(now).compare(randomSerial(now + 1)) < 0);
  });
});
