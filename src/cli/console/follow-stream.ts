/**
 * The stream of a server as the page follows it: it goes on over a restart, and says when the server is away.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { AdminClient } from '../../admin-api/client.ts';
import type { Question } from '../../admin-api/routes.ts';
import type { StreamEvent } from '../../admin-api/stream.ts';
import { asGatehouseError, GatehouseError } from '../../errors.ts';

/** What the page is told: what the server says, and whether it says anything. */
export type FollowedEvent = StreamEvent | { readonly type: 'away'; readonly why: string } | { readonly type: 'here' };

const RETRY_MS = 1_000;

/**
 * Follows until it is aborted.
 *
 * @throws GatehouseError what the server answers for good: that it does not know the stream, or does not let this caller in
 */
export async function* followStream(
  client: () => Promise<AdminClient>,
  question: Question<'GET /v1/stream'>,
  stop: AbortSignal,
): AsyncGenerator<FollowedEvent> {
  let after = question?.after;
  let why = '';
  while (!stop.aborted) {
    try {
      const events = await (await client()).ask('GET /v1/stream', { ...question, after });
      for await (const event of events) {
        if (why !== '') yield { type: 'here' };
        why = '';
        if (event.type !== 'state') after = event.next;
        yield event;
        if (stop.aborted) return;
      }
      throw new GatehouseError('unreachable', 'the server has ended the stream');
    } catch (thrown) {
      const { code, message } = asAway(thrown);
      if (code !== 'unreachable') throw thrown;
      if (why === '') yield { type: 'away', why: message };
      why = message;
      await delay(RETRY_MS, undefined, { signal: stop }).catch(() => undefined);
    }
  }
}

/** A stream that breaks off is a server that is away. */
function asAway(thrown: unknown): GatehouseError {
  const code = (thrown as NodeJS.ErrnoException).code ?? '';
  if (/^(ECONN|EPIPE|ERR_STREAM)/.test(code))
    return new GatehouseError('unreachable', 'the server broke the stream off');
  return asGatehouseError(thrown);
}
