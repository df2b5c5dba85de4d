/**
 * A gRPC application with one stream both ways, and its client.
 * @module
 */
import { once } from 'node:events';
import { promisify } from 'node:util';
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type StatusObject,
} from '@grpc/grpc-js';

const asIs = (bytes: Buffer): Buffer => bytes;
const method = (path: string) => ({
  path,
  requestStream: true as const,
  responseStream: true as const,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
});

/** Sends every message of `Talk` and `Private` back, and says in a trailer how many there were. */
export async function startGrpcEcho(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = new Server();
  const echo = (call: ServerDuplexStream<Buffer, Buffer>): void => {
    const words = ['no', 'one', 'two', 'three', 'many'];
    let count = 0;
    call.on('data', (message: Buffer) => {
      count++;
      call.write(message);
    });
    call.on('error', () => {}); // its client went away
    call.on('end', () => {
      const trailers = new Metadata();
      trailers.set('x-trailer', `${words[count] ?? 'many'} words`);
      call.end(trailers);
    });
  };
  server.addService(
    { Talk: method('/echo.Echo/Talk'), Private: method('/echo.Echo/Private') },
    { Talk: echo, Private: echo },
  );
  const bind = promisify(server.bindAsync.bind(server));
  const port = await bind('127.0.0.1:0', ServerCredentials.createInsecure());
  return {
    port,
    [Symbol.asyncDispose]: async () => server.forceShutdown(),
  };
}

export interface Talk {
  /** Sends one message and waits for one. */
  said(word: string): Promise<string>;
  end(): Promise<{ readonly code: number; readonly trailer: string }>;
}

/** Opens the stream by a plain connection. */
export function talk(port: number, path: string): Talk {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const call = client.makeBidiStreamRequest<Buffer, Buffer>(path, asIs, asIs);
  const ended = new Promise<StatusObject>((resolve) => call.on('status', resolve));
  call.on('error', () => {}); // is in the status
  call.on('data', () => {}); // flows
  return {
    said: async (word) => {
      const heard = once(call, 'data') as Promise<[Buffer]>; // by responseDeserialize
      call.write(Buffer.from(word));
      return String((await heard)[0]);
    },
    end: async () => {
      call.end();
      const { code, metadata } = await ended;
      client.close();
      return { code, trailer: String(metadata.get('x-trailer')[0] ?? '') };
    },
  };
}
