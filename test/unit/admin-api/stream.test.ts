import assert from 'node:assert/strict';
import { createAdminClient } from '../../../src/admin-api/client.ts';

const beat = { type: 'beat', next: 'a-1' };

/** What comes of a stream whose bytes come in these pieces. */
async function eventsOf(pieces: readonly string[]): Promise<unknown[]> {
  const client = createAdminClient({
    address: 'unix:/run/admin.sock',
    async send() {
      return {
        status: 200,
        version: '9.9.9',
        text: async () => '',
        async *pieces() {
          for (const each of pieces) yield new TextEncoder().encode(each);
        },
      };
    },
  });
  const events: unknown[] = [];
  for await (const event of await client.ask('GET /v1/stream')) events.push(event);
  return events;
}

describe('the lines of GET /v1/stream', () => {
  const line = `${JSON.stringify(beat)}\n`;
  const cases: readonly { readonly name: string; readonly pieces: readonly string[]; readonly want: number }[] = [
    { name: 'one by one', pieces: [line, line], want: 2 },
    { name: 'several at once', pieces: [line + line + line], want: 3 },
    { name: 'in parts', pieces: [line.slice(0, 3), line.slice(3, 9), line.slice(9) + line.slice(0, 4)], want: 1 },
    { name: 'none', pieces: [], want: 0 },
  ];
  for (const { name, pieces, want } of cases)
    it(`are read: ${name}`, async () => {
      assert.deepEqual(await eventsOf(pieces), Array(want).fill(beat));
    });

  it('go on over an event of a kind that only a newer server knows', async () => {
    const newer = `${JSON.stringify({ type: 'mood', next: 7, good: ['very'] })}\n`;
    assert.deepEqual(await eventsOf([newer, line + newer, newer + line]), [beat, beat]);
  });

  it('are refused where one is no event, naming the version and the field', async () => {
    await assert.rejects(eventsOf([line, '{"type":"beat"}\n']), /version 9\.9\.9\) answers GET \/v1\/stream .*next/);
    for (const none of ['{"next":"a-1"}', '{"type":7}', '{"type":""}', '[]', 'null'])
      await assert.rejects(eventsOf([line, `${none}\n`]), /answers GET \/v1\/stream otherwise than/, none);
    await assert.rejects(eventsOf(['<html>\n']), /is no admin API/);
  });
});
