/**
 * Reading the requests of an xDS stream while answers are being made.
 * @module
 */
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { GatehouseError } from '../../errors.ts';
import { violations } from '../pgv/violations.ts';

/**
 * Takes a request that is about resources of one type and keeps the rules of its proto.
 *
 * @throws GatehouseError `message_invalid`, with the field and the rule, or the type that was asked for
 */
export function requireRequestFor<D extends DescMessage>(
  wantedTypeUrl: string,
  schema: D,
  request: MessageShape<D> & { readonly typeUrl: string },
): void {
  const { typeUrl } = request;
  if (typeUrl !== '' && typeUrl !== wantedTypeUrl)
    throw refused(`type_url is ${JSON.stringify(typeUrl)}, and only ${wantedTypeUrl} is served here`, { typeUrl });
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
  stream: { wake(): void },
  take: (request: T) => void,
): { ended(): boolean } {
  let ended = false;
  let thrown: unknown;
  const read = async (): Promise<void> => {
    try {
      for await (const request of requests) {
        take(request);
        stream.wake();
      }
    } catch (error) {
      if (error instanceof GatehouseError) thrown = error; // anything else: the connection broke, which the signal says too
    }
    ended = true;
    stream.wake();
  };
  void read();
  return {
    ended() {
      if (thrown !== undefined) throw thrown;
      return ended;
    },
  };
}
