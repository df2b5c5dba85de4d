/**
 * Methods that stream, with bytes for messages, for tests of whatever serves them.
 * @module
 */
import { GatehouseError } from '../../src/errors.ts';
import type { CallContext, GrpcMethod } from '../../src/transport/grpc-methods.ts';

/** `one`, `many`: how many requests a method takes. */
type Handlers<P> = Readonly<
  Record<
    string,
    | { one: (request: Buffer, context: CallContext<P>) => AsyncIterable<Uint8Array> }
    | { many: (requests: AsyncIterable<Buffer>, context: CallContext<P>) => AsyncIterable<Uint8Array> }
    | { single: (request: Buffer, context: CallContext<P>) => Promise<Uint8Array> }
  >
>;

/** Methods `/test.Calls/NAME`. */
export function bytesMethods<P>(handlers: Handlers<P>): GrpcMethod<P>[] {
  const encode = (message: unknown): Uint8Array => message as Uint8Array; // the handlers' own
  return Object.entries(handlers).map(([name, handler]): GrpcMethod<P> => {
    const wire = { path: `/test.Calls/${name}`, decode: (bytes: Uint8Array) => Buffer.from(bytes), encode };
    if ('single' in handler) return { kind: 'unary', ...wire, handle: handler.single };
    if ('one' in handler) return { kind: 'server_streaming', ...wire, handle: handler.one };
    return { kind: 'bidi_streaming', ...wire, handle: handler.many };
  });
}

/** Resolves when the call is over. */
export function ended({ signal }: { readonly signal: AbortSignal }): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
}

/** Usual ones: they echo, count, wait, throw. */
export function usualCalls<P>(): GrpcMethod<P>[] {
  return bytesMethods<P>({
    Say: { single: async (request) => request },
    Chat: {
      async *many(requests) {
        yield* requests;
      },
    },
    /** As many messages as the request has bytes, each as many times 1,000 bytes long as that byte says. */
    Sizes: {
      async *one(request) {
        for (const size of request) yield Buffer.alloc(size * 1_000, size);
      },
    },
    /** One message, then nothing until the end. */
    Wait: {
      async *one(request, context) {
        yield request;
        await ended(context);
      },
    },
    /** Never reads. */
    Deaf: {
      async *many(_, context) {
        yield Buffer.from('deaf');
        await ended(context);
      },
    },
    Refuse: {
      async *one(request) {
        if (request.length < 1_000)
          throw new GatehouseError('not_entitled', 'words for the log', { traceId: 'abc', peerText: 'not you: 100 %' });
        yield request;
      },
    },
    Break: {
      async *one(request) {
        yield request;
        throw new GatehouseError('store_unavailable', 'words for the log');
      },
    },
    Metadata: {
      single: async (_, { metadata }) => Buffer.from(JSON.stringify(metadata.get('x-test'))),
    },
  });
}
