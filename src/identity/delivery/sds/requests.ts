/**
 * Reading the requests of an xDS stream while answers are being made.
 * @module
 */
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { GatehouseError } from '../../../errors.ts';
import { violations } from '../../../transport/pgv/violations.ts';
import type { CallerWatch } from '../caller-watch.ts';
import { SECRET_TYPE_URL } from './secret-messages.ts';

/**
 * Takes a request that is about secrets and keeps the rules of its proto.
 *
 * @throws GatehouseError `message_invalid`, with the field and the rule, or the type that was asked for
 */
export function requireSecretRequest<D extends DescMessage>(
  schema: D,
  request: MessageShape<D> & { readonly typeUrl: string },
): void {
  const { typeUrl } = request;
  if (typeUrl !== '' && typeUrl !== SECRET_TYPE_URL)
    throw refused(`type_url is ${JSON.stringify(typeUrl)}, and only ${SECRET_TYPE_URL} is served here`, { typeUrl });
  const broken = violations(schema, request);
  if (broken.length > 0) throw refused(`the request breaks rules of its proto: ${broken.join('; ')}`, { broken });
}

function refused(peerText: string, details: Readonly<Record<string, unknown>>): GatehouseError {
  return new GatehouseError('message_invalid', peerText, { ...details, peerText });
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
        watch.wake();
      }
    } catch (error) {
      if (error instanceof GatehouseError) thrown = error; // anything else: the connection broke, which the signal says too
    }
    ended = true;
    watch.wake();
  };
  void read();
  return {
    ended() {
      if (thrown !== undefined) throw thrown;
      return ended;
    },
  };
}
