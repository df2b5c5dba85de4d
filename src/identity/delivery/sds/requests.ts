/**
 * Reading the requests of an xDS stream while answers are being made.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import type { CallerWatch } from '../caller-watch.ts';
import { SECRET_TYPE_URL } from './secret-messages.ts';

/** @throws GatehouseError `message_invalid` if a request asks for something else than secrets */
export function requireSecretType(typeUrl: string): void {
  if (typeUrl === '' || typeUrl === SECRET_TYPE_URL) return;
  const peerText = `type_url is ${JSON.stringify(typeUrl)}, and only ${SECRET_TYPE_URL} is served here`;
  throw new GatehouseError('message_invalid', peerText, { typeUrl, peerText });
}

/**
 * Hands every request to `take` as it comes, and wakes the stream.
 *
 * @returns `ended`: whether no more will come; it throws what `take` threw
 */
export function follow<T>(
  requests: AsyncIterable<T>,
  watch: CallerWatch,
  take: (request: T) => void,
): { ended(): boolean } {
  let ended = false;
  let thrown: unknown;
  const read = async (): Promise<void> => {
    try {
      for await (const request of requests) {
        take(request);
        watch.knock();
      }
    } catch (error) {
      if (error instanceof GatehouseError) thrown = error; // anything else: the connection broke, which the signal says too
    }
    ended = true;
    watch.knock();
  };
  void read();
  return {
    ended() {
      if (thrown !== undefined) throw thrown;
      return ended;
    },
  };
}
