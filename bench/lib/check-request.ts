/**
 * A CheckRequest as a sidecar sends it.
 * @module
 */
import { create, toBinary } from '@bufbuild/protobuf';
import { CheckRequestSchema } from '../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';
import type { Asked } from '../rule-sets.ts';

/** About 1.2 kB, as a sidecar sends it. */
export function checkRequest({ principal, method, path, host, headers }: Asked): Buffer {
  const lines = {
    ':method': method,
    ':path': path,
    ':authority': host,
    ':scheme': 'https',
    'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'accept-language': 'en-US,en;q=0.5',
    'accept-encoding': 'gzip, deflate, br, zstd',
    'x-request-id': '5f0c2b1e-8f3a-4d4e-9a57-0b7c6d2f1a90',
    'x-forwarded-proto': 'https',
    'x-forwarded-for': '203.0.113.9',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    cookie: 'session=3f9a7c1e2b4d5f60718293a4b5c6d7e8; theme=dark; consent=yes',
    ...headers,
  };
  const peer = (address: string, port: number, id: string) => ({
    address: {
      address: {
        case: 'socketAddress' as const,
        value: { address, portSpecifier: { case: 'portValue' as const, value: port } },
      },
    },
    principal: id,
  });
  const message = create(CheckRequestSchema, {
    attributes: {
      source: peer('10.1.5.6', 40_000, principal),
      destination: {
        ...peer('10.0.0.7', 8080, 'spiffe://cluster.local/ns/default/sa/details'),
        labels: { app: 'details' },
      },
      request: {
        time: { seconds: 1_700_000_000n, nanos: 0 },
        http: {
          id: '18109467790300732292',
          method,
          path,
          host,
          scheme: 'https',
          protocol: 'HTTP/2',
          headerMap: { headers: Object.entries(lines).map(([key, value]) => ({ key, rawValue: Buffer.from(value) })) },
        },
      },
    },
  });
  return Buffer.from(toBinary(CheckRequestSchema, message));
}
