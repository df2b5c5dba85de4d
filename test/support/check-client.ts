/**
 * Asks ext_authz with grpc-js as its client, bytes or messages.
 * @module
 */
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import {
  CheckRequestSchema,
  type CheckResponse,
  CheckResponseSchema,
} from '../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';
import { type ClientIdentity, mustBe } from './svid-of.ts';

const CHECK = '/envoy.service.auth.v3.Authorization/Check';

export type CheckOutcome =
  | { readonly code: 0; readonly response: CheckResponse; readonly reason: string; readonly status: number }
  | { readonly code: number; readonly details: string };

export interface CheckClient extends Disposable {
  ask(request: Uint8Array | MessageInitShape<typeof CheckRequestSchema>, method?: string): Promise<CheckOutcome>;
}

/**
 * @param target  `127.0.0.1:9191` or `unix:/…`
 * @param identity  who asks, over mTLS; Gatehouse must show its decider's ID
 */
export function checkClient(target: string, identity?: ClientIdentity): CheckClient {
  // A connection of its own, which clients of one address would share otherwise.
  const options = { 'grpc.use_local_subchannel_pool': 1 };
  const client = new Client(
    target,
    identity === undefined ? credentials.createInsecure() : mutualTls(identity),
    options,
  );
  return {
    ask: (request, method = CHECK) =>
      new Promise((resolve) => {
        const bytes =
          request instanceof Uint8Array ? request : toBinary(CheckRequestSchema, create(CheckRequestSchema, request));
        const done = (error: ServiceError | null, answer?: Buffer): void => {
          if (error !== null || answer === undefined)
            resolve({ code: error?.code ?? -1, details: error?.details ?? '' });
          else resolve(outcome(answer));
        };
        const same = (each: Buffer): Buffer => each;
        client.makeUnaryRequest(method, same, same, Buffer.from(bytes), { deadline: Date.now() + 10_000 }, done);
      }),
    [Symbol.dispose]: () => client.close(),
  };
}

function mutualTls({ ca, key, cert }: ClientIdentity) {
  const checkServerIdentity = mustBe('spiffe://cluster.local/gatehouse/decider');
  return credentials.createSsl(Buffer.from(ca), Buffer.from(key), Buffer.from(cert), { checkServerIdentity });
}

function outcome(answer: Buffer): CheckOutcome {
  const response = fromBinary(CheckResponseSchema, answer);
  const ours = response.dynamicMetadata?.['gatehouse'] as Record<string, unknown> | undefined; // the contract's own shape
  const { httpResponse } = response;
  const status =
    httpResponse.case === 'deniedResponse'
      ? (httpResponse.value.status?.code ?? 0)
      : httpResponse.case === 'okResponse'
        ? 200
        : 0;
  return { code: 0, response, reason: typeof ours?.['reason'] === 'string' ? ours['reason'] : '', status };
}

/** A request of productpage to details. */
export function question(method: string, path = '/details/1', headers: Record<string, string> = {}) {
  return {
    attributes: {
      source: { principal: 'spiffe://cluster.local/ns/default/sa/productpage' },
      destination: { principal: 'spiffe://cluster.local/ns/default/sa/details', labels: { app: 'details' } },
      request: { http: { id: '1', method, path, host: 'details:9080', headers } },
    },
  } satisfies MessageInitShape<typeof CheckRequestSchema>;
}
