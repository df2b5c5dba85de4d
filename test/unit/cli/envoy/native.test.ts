import assert from 'node:assert/strict';
import { reportDecided, reportDecidedConnections } from '../../../../src/cli/envoy/native.ts';

/** What listeners take of one message; a message has what is buffered and the line that made it full, with 60 KiB of headers at most. */
const MESSAGE_BYTES = 1024 * 1024;
const LARGEST_LINE = 60 * 1024;

describe('what an Envoy is told of its reports', () => {
  for (const [name, { typed_config }] of [
    ['requests', reportDecided()],
    ['connections', reportDecidedConnections()],
  ] as const)
    it(`${name}: within a second, of many together, in messages that are taken`, () => {
      const { common_config: common } = typed_config as { common_config: Record<string, unknown> }; // as it is written
      assert.equal(common['buffer_flush_interval'], '1s');
      const most = Number(common['buffer_size_bytes']);
      assert.ok(most >= 4 * 16_384, `${most}: four times what Envoy takes unless it is told`);
      assert.ok(most + 2 * LARGEST_LINE < MESSAGE_BYTES, `${most} and a large line`);
    });
});
