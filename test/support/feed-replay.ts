/**
 * Both ends of the feed as bytes: an authority that says what another one once said, and a decider likewise.
 * @module
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createFileRegistry, type DescMessage, fromBinary, type Message, type Registry } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Client, credentials, Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';

const FOLLOW = '/gatehouse.feed.v1.Feed/Follow';
const asIs = (bytes: Buffer): Buffer => bytes;

export interface ReplayedAuthority extends AsyncDisposable {
  /** What deciders said, whole messages. */
  readonly heard: readonly Buffer[];
}

/** Listens on a unix socket; the last message is said again and again, as a sign of life. */
export async function replayAuthority(path: string, responses: readonly Buffer[]): Promise<ReplayedAuthority> {
  const heard: Buffer[] = [];
  const server = new Server();
  const follow = (call: ServerDuplexStream<Buffer, Buffer>): void => {
    for (const response of responses) call.write(response);
    const alive = setInterval(() => call.write(responses.at(-1)!), 200);
    call.on('data', (message: Buffer) => void heard.push(message));
    call.on('error', () => clearInterval(alive));
    call.on('cancelled', () => clearInterval(alive));
    call.on('end', () => {
      clearInterval(alive);
      call.end();
    });
  };
  const method = {
    path: FOLLOW,
    requestStream: true as const,
    responseStream: true as const,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
  server.addService({ Follow: method }, { Follow: follow });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  return { heard, [Symbol.asyncDispose]: async () => server.forceShutdown() };
}

/** Says `requests` to the authority at a unix socket, and takes what it answers until `isEnough`. */
export async function replayDecider(
  path: string,
  requests: readonly Buffer[],
  isEnough: (answers: readonly Buffer[]) => boolean,
): Promise<readonly Buffer[]> {
  const client = new Client(`unix:${path}`, credentials.createInsecure());
  const call = client.makeBidiStreamRequest<Buffer, Buffer>(FOLLOW, asIs, asIs);
  const answers: Buffer[] = [];
  const ended = once(call, 'status'); // rejects with the error that ends it
  for (const request of requests) call.write(request);
  call.on('data', (answer: Buffer) => {
    answers.push(answer);
    if (isEnough(answers)) call.cancel();
  });
  await ended.catch((thrown: unknown) => {
    if (!isEnough(answers)) throw thrown;
  });
  client.close();
  return answers;
}

/** The feed's messages as an older build knows them. @param file  a FileDescriptorSet */
export function olderFeed(file: string): { read(name: string, bytes: Uint8Array): Message & Record<string, unknown> } {
  const registry: Registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(file)));
  return {
    read: (name, bytes) => {
      const schema: DescMessage | undefined = registry.getMessage(`gatehouse.feed.v1.${name}`);
      if (schema === undefined) throw new Error(`no message ${name}`);
      return fromBinary(schema, bytes) as Message & Record<string, unknown>; // its fields are those of the older build
    },
  };
}

/** The message with a field that nobody knows yet: number 999, bytes. */
export const withUnknownField = (message: Buffer): Buffer =>
  Buffer.concat([message, Buffer.from([0xba, 0x3e, 3, 1, 2, 3])]);
