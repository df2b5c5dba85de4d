import assert from 'node:assert/strict';
import { create, toBinary } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { CheckRequestSchema } from '../../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';
import { type CheckClient, checkClient, question } from '../../support/check-client.ts';
import { type GatehouseDir, gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';

const WITH_SELECTOR = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: reviews-only-v1, namespace: default }
spec:
  selector: { matchLabels: { app: reviews } }
  action: DENY
  rules: [{ to: [{ operation: { paths: [/private*] } }] }]
`;

const bytesOf = (message: Parameters<typeof create<typeof CheckRequestSchema>>[1]): Uint8Array =>
  toBinary(CheckRequestSchema, create(CheckRequestSchema, message));
const good = bytesOf(question('GET'));
const { attributes } = question('GET');
const http = attributes.request.http;

/** The bytes of the good request with one ASCII byte of `text` made one that is not UTF-8. */
function notUtf8(text: string): Uint8Array {
  const bytes = Buffer.from(good);
  const at = bytes.indexOf(text);
  assert.ok(at > 0, text);
  bytes[at + 1] = 0xff;
  return bytes;
}

interface Case {
  readonly name: string;
  readonly request: Uint8Array;
  readonly reason: string;
  /** HTTP status for the client; 403 unless told. */
  readonly status?: number;
}

const cases: readonly Case[] = [
  { name: 'an empty request', request: new Uint8Array(), reason: 'malformed_request' },
  { name: 'bytes that are no protobuf', request: Buffer.from('hello'), reason: 'malformed_request' },
  { name: 'a group that is never closed', request: Buffer.from([0x0b]), reason: 'malformed_request' },
  { name: 'attributes without anything', request: bytesOf({ attributes: {} }), reason: 'destination_unknown' },
  {
    name: 'no destination',
    request: bytesOf({ attributes: { ...attributes, destination: {} } }),
    reason: 'destination_unknown',
  },
  {
    name: 'an unknown destination',
    request: bytesOf({
      attributes: {
        ...attributes,
        destination: { address: { address: { case: 'socketAddress', value: { address: '10.9.9.9' } } } },
      },
    }),
    reason: 'destination_unknown',
  },
  {
    name: 'a destination that is no SPIFFE ID',
    request: bytesOf({ attributes: { ...attributes, destination: { principal: 'details.example' } } }),
    reason: 'destination_unknown',
  },
  {
    name: 'a destination without a namespace',
    request: bytesOf({ attributes: { ...attributes, destination: { principal: 'spiffe://cluster.local/details' } } }),
    reason: 'namespace_unknown',
  },
  {
    name: 'a destination without labels, where a policy has a selector',
    request: bytesOf({
      attributes: { ...attributes, destination: { principal: 'spiffe://cluster.local/ns/default/sa/details' } },
    }),
    reason: 'labels_unknown',
  },
  {
    name: 'no request in it: a TCP connection, which HTTP rules never allow',
    request: bytesOf({ attributes: { source: attributes.source, destination: attributes.destination } }),
    reason: 'no_rule_allowed',
  },
  { name: 'a method that is not UTF-8', request: notUtf8('GET'), reason: 'no_rule_allowed' },
  { name: 'a caller that is not UTF-8', request: notUtf8('productpage'), reason: 'no_rule_allowed' },
  {
    name: 'a path that is not UTF-8, which no rule asks about',
    request: notUtf8('/details/1'),
    reason: 'rule_allowed',
    status: 200,
  },
  {
    name: '1,000 headers',
    request: bytesOf({
      attributes: {
        ...attributes,
        request: {
          http: {
            ...http,
            headers: Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`x-${i}`, 'v'.repeat(100)])),
          },
        },
      },
    }),
    reason: 'rule_allowed',
    status: 200,
  },
  {
    name: 'a header of a megabyte',
    request: bytesOf({
      attributes: { ...attributes, request: { http: { ...http, headers: { 'x-long': 'v'.repeat(1_000_000) } } } },
    }),
    reason: 'rule_allowed',
    status: 200,
  },
  {
    name: 'a peer certificate that is none',
    request: bytesOf({
      attributes: { ...attributes, source: { ...attributes.source, certificate: 'not%20a%20certificate' } },
    }),
    reason: 'peer_not_verified',
  },
];

for (const transport of ['grpc-js', 'lane']) {
  describe(`a Check that is not as it should be, over ${transport}`, function () {
    this.timeout(300_000);
    let dir: GatehouseDir;
    let server: RunningGatehouse;
    let client: CheckClient;

    before(async () => {
      dir = await gatehouseDir({ listen: usualListeners, extAuthz: { transport } });
      await dir.policy('selector', WITH_SELECTOR);
      server = await runGatehouse(dir.config);
      client = checkClient(server.ready.extAuthz);
    });

    after(async () => {
      client[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
      await dir[Symbol.asyncDispose]();
    });

    for (const { name, request, reason, status: want = 403 } of cases) {
      it(`gets a verdict: ${name}`, async () => {
        const answer = await client.ask(request);
        assert.ok('reason' in answer, JSON.stringify(answer));
        assert.deepEqual([answer.reason, answer.status], [reason, want]);
        const wantCase = want === 200 ? 'okResponse' : 'deniedResponse';
        assert.equal(answer.response.httpResponse.case, wantCase);
        assert.equal(answer.response.status?.code ?? 0, want === 200 ? 0 : 7);
      });
    }

    it('gets a verdict wherever it is cut off, and an allow only for what is whole', async () => {
      for (let length = 0; length < good.length; length++) {
        const answer = await client.ask(good.subarray(0, length));
        assert.ok('reason' in answer, `${length} of ${good.length} bytes: ${JSON.stringify(answer)}`);
        assert.equal(answer.response.httpResponse.case, 'deniedResponse', `${length} of ${good.length} bytes`);
      }
    });

    it('is an error of the call over 4 MiB, and for an unknown method; the next Check is answered', async () => {
      const huge = { attributes: { ...attributes, request: { http: { ...http, body: 'v'.repeat(5_000_000) } } } };
      assert.equal((await client.ask(bytesOf(huge))).code, status.RESOURCE_EXHAUSTED);
      assert.equal((await client.ask(good, '/envoy.service.auth.v3.Authorization/Chekc')).code, status.UNIMPLEMENTED);
      const answer = await client.ask(good);
      assert.equal('reason' in answer && answer.reason, 'rule_allowed');
    });
  });
}
