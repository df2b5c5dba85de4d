import assert from 'node:assert/strict';
import { DynamicTable } from '../../../../../src/transport/lane/hpack/dynamic-table.ts';

describe('DynamicTable', () => {
  it('keeps the newest fields in their order, while it grows and while it evicts (RFC 7541 §4.4)', () => {
    const table = new DynamicTable(4_096);
    const added: (readonly [name: string, value: string])[] = [];
    for (let n = 0; n < 1_000; n += 1) {
      const name = String(n).padStart(n % 200 < 100 ? 3 : 60, '0'); // many short ones, then few long ones, then many again
      table.add(name, 'v');
      added.unshift([name, 'v']);
      let bytes = 0;
      const kept = added.filter(([each]) => {
        bytes += each.length + 1 + 32;
        return bytes <= 4_096;
      });
      assert.deepEqual(
        Array.from({ length: table.length }, (_, index) => [table.name(index), table.value(index)]),
        kept,
      );
    }
  });
});
