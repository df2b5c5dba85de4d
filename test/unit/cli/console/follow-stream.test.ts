import assert from 'node:assert/strict';
import type { AdminClient } from '../../../../src/admin-api/client.ts';
import type { StreamEvent } from '../../../../src/admin-api/stream.ts';
import { type FollowedEvent, followStream } from '../../../../src/cli/console/follow-stream.ts';
import { GatehouseError } from '../../../../src/errors.ts';

type Try = readonly (StreamEvent | Error)[];

/** Follows a server that answers each try so; ends after so many events. */
async function followed(tries: readonly Try[], count: number) {
  const asked: unknown[] = [];
  const left = [...tries];
  const client = {
    ask: async (_: string, question: { readonly after?: string }) => {
      asked.push(question.after);
      const events = left.shift() ?? [];
      if (events[0] instanceof Error) throw events[0];
      return (async function* all() {
        for (const each of events) {
          if (each instanceof Error) throw each;
          yield each;
        }
      })();
    },
  } as unknown as AdminClient; // it is asked one route
  const stopping = new AbortController();
  const events: FollowedEvent[] = [];
  for await (const event of followStream(async () => client, {}, stopping.signal)) {
    events.push(event);
    if (events.length === count) stopping.abort();
  }
  return { asked, events: events.map(({ type }) => type) };
}

const beat = (next: string): StreamEvent => ({ type: 'beat', next });
const broken = Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
const nobody = new GatehouseError('unreachable', 'no server runs there');

describe('followStream', function () {
  this.timeout(20_000);

  it('goes on behind what it has heard, and says once that the server is away', async () => {
    const { asked, events } = await followed([[beat('a-1'), beat('a-2'), broken], [nobody], [beat('a-3')]], 5);
    assert.deepEqual(asked, [undefined, 'a-2', 'a-2']);
    assert.deepEqual(events, ['beat', 'beat', 'away', 'here', 'beat']);
  });

  it('takes the end of a stream for a server that is away', async () => {
    assert.deepEqual((await followed([[beat('a-1')], [beat('a-2')]], 4)).events, ['beat', 'away', 'here', 'beat']);
  });

  it('ends where the server refuses', async () => {
    await assert.rejects(followed([[new GatehouseError('caller_not_authorised', 'no')]], 1), /no/);
  });
});
