/**
 * One question to the SPIFFE Workload API, and its answer: of a stream the first.
 * @module
 */
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { explain } from './workload-client.ts';

/** A method, as its descriptor names it. */
interface Method<I extends DescMessage, O extends DescMessage> {
  readonly methodKind: 'unary' | 'server_streaming' | 'client_streaming' | 'bidi_streaming';
  readonly name: string;
  readonly parent: { readonly typeName: string };
  readonly input: I;
  readonly output: O;
}

/**
 * Asks.
 *
 * @param socket  `unix:PATH`, or a bare path
 * @throws GatehouseError `not_entitled`, `header_missing`, `unreachable`
 */
export async function askWorkloadApi<I extends DescMessage, O extends DescMessage>(
  socket: string,
  { methodKind, name, parent, input, output }: Method<I, O>,
  request: MessageInitShape<I>,
  timeoutMs: number,
): Promise<MessageShape<O>> {
  const target = socket.startsWith('unix:') ? socket : `unix:${socket}`;
  const client = new Client(target, credentials.createInsecure(), { 'grpc.enable_channelz': 0 });
  const metadata = new Metadata();
  metadata.set('workload.spiffe.io', 'true'); // SPIFFE Workload Endpoint §6.1
  const path = `/${parent.typeName}/${name}`;
  const bytes = Buffer.from(toBinary(input, create(input, request)));
  const same = (each: Buffer): Buffer => each;
  const options = { deadline: Date.now() + timeoutMs };
  try {
    const answer = await new Promise<Buffer>((resolve, reject) => {
      if (methodKind === 'unary')
        client.makeUnaryRequest(path, same, same, bytes, metadata, options, (error, value) =>
          value === undefined ? reject(error) : resolve(value),
        );
      else {
        const call = client.makeServerStreamRequest(path, same, same, bytes, metadata, options);
        call.once('data', (value: Buffer) => {
          resolve(value);
          call.cancel();
        });
        call.on('error', reject);
      }
    });
    return fromBinary(output, answer);
  } catch (thrown) {
    throw explain(thrown as ServiceError, target); // a call fails with nothing else
  } finally {
    client.close();
  }
}
