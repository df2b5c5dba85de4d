/**
 * The requests, as bytes: Envoy's CheckRequest of about 1.2 kB, and what Cerbos asks for instead; and their answers.
 * @module
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { bytesField } from '../../src/authz/wire/writer.ts';
import { CheckRequestSchema, CheckResponseSchema } from '../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';
import { type Asked, askedOf, destination, folderOf, sizes, type Word } from './same-rules.ts';

export const checkPath = '/envoy.service.auth.v3.Authorization/Check';
export const cerbosPath = '/cerbos.svc.v1.CerbosService/CheckResources';

/** What Envoy sends behind an mTLS listener. */
export function headersOf({ principal, method, path }: Asked): Record<string, string> {
  return {
    ':authority': 'backend.shop.svc.cluster.local:8080',
    ':method': method,
    ':path': path,
    ':scheme': 'https',
    accept: 'application/json, text/plain;q=0.9, */*;q=0.8',
    'accept-encoding': 'gzip, deflate, br',
    authorization: 'Bearer 5f2b7c91d04e4c1f9a3be1d26c8a70f4e5b1c2d3a4958677',
    'cache-control': 'no-cache',
    'content-type': 'application/json; charset=utf-8',
    cookie: 'sid=8f14e45fceea167a5a36dedd4bea2543; theme=dark',
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    'user-agent': 'okhttp/4.12.0 (linux; x86_64) orders-client/2.31.4',
    'x-envoy-attempt-count': '1',
    'x-forwarded-client-cert': `By=${destination};Hash=9b74c9897bac770ffc029102a200c5de3f5f0ae2;Subject="";URI=${principal}`,
    'x-forwarded-for': '10.42.7.19',
    'x-forwarded-proto': 'https',
    'x-request-id': '7c9e6679-7425-40de-944b-e07fc1f90ae7',
    'x-tenant': 'acme-emea',
  };
}

function checkRequest(asked: Asked): Buffer {
  const peer = (address: string, portValue: number, principal: string) => ({
    address: {
      address: {
        case: 'socketAddress' as const,
        value: { address, portSpecifier: { case: 'portValue' as const, value: portValue } },
      },
    },
    principal,
  });
  const message = create(CheckRequestSchema, {
    attributes: {
      source: peer('10.42.7.19', 51_234, asked.principal),
      destination: peer('10.42.3.8', 8080, destination),
      request: {
        time: { seconds: 1_795_448_123n, nanos: 481_516_000 },
        http: {
          id: '14276532911078331277',
          method: asked.method,
          headers: headersOf(asked),
          path: asked.path,
          host: 'backend.shop.svc.cluster.local:8080',
          scheme: 'https',
          protocol: 'HTTP/1.1',
        },
      },
      metadataContext: {},
      routeMetadataContext: {},
    },
  });
  return Buffer.from(toBinary(CheckRequestSchema, message));
}

/** CheckResources, with the three attributes that the policy reads and nothing else. */
function cerbosRequest({ principal, method, path }: Asked): Buffer {
  const who = [bytesField(1, principal), bytesField(3, 'workload')];
  const attribute = bytesField(4, bytesField(1, 'path'), bytesField(2, bytesField(3, path)));
  const what = Buffer.concat([bytesField(1, 'http'), bytesField(3, 'backend'), attribute]);
  return Buffer.concat([bytesField(3, ...who), bytesField(4, bytesField(1, method), bytesField(2, what))]);
}

export const requestFor = (path: string, count: number, word: Word): Buffer =>
  (path === checkPath ? checkRequest : cerbosRequest)(askedOf(count, word));

/** A file with the request behind gRPC's prefix, for load clients. */
export function framedFile(path: string, count: number, word: Word): string {
  return join(folderOf(count), `${path === checkPath ? 'check' : 'cerbos'}-${word}.bin`);
}

export function writeRequests(): void {
  for (const count of sizes) {
    for (const path of [checkPath, cerbosPath]) {
      for (const word of ['hit', 'miss'] as const) {
        const message = requestFor(path, count, word);
        const prefix = Buffer.alloc(5);
        prefix.writeUInt32BE(message.length, 1);
        writeFileSync(framedFile(path, count, word), Buffer.concat([prefix, message]));
      }
    }
  }
}

/** What an answer says. */
export function verdictOf(path: string, reply: Buffer): string {
  if (path === checkPath) {
    const { status } = fromBinary(CheckResponseSchema, reply);
    if (status === undefined) return 'no status';
    return { 0: 'allow', 7: 'deny' }[status.code] ?? `status ${status.code}`;
  }
  // CheckResourcesResponse.results[].actions: a map from the action to EFFECT_ALLOW (1) or EFFECT_DENY (2), one entry here.
  const allows = reply.includes(Buffer.from([0x10, 1]));
  return allows === reply.includes(Buffer.from([0x10, 2])) ? 'unclear' : allows ? 'allow' : 'deny';
}
