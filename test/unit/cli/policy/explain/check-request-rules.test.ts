import assert from 'node:assert/strict';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { brokenInCheckRequest } from '../../../../../src/cli/policy/explain/check-request-rules.ts';
import { CheckRequestSchema } from '../../../../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';

type Port = { readonly case: 'portValue'; readonly value: number } | undefined;
const from = (address: string, port: Port): MessageInitShape<typeof CheckRequestSchema> => ({
  attributes: {
    source: {
      address: { address: { case: 'socketAddress', value: { address, ...(port && { portSpecifier: port }) } } },
    },
  },
});
const at = 'attributes.source.address.socket_address.';

const rows = [
  { name: 'a good request', request: from('10.0.0.1', { case: 'portValue', value: 1 }), want: [] },
  { name: 'nothing', request: {}, want: [] },
  {
    name: 'a peer without a port',
    request: from('10.0.0.1', undefined),
    want: [`${at}port_specifier: one of its fields is required`],
  },
  {
    name: 'a port that is none',
    request: from('10.0.0.1', { case: 'portValue', value: 65_536 }),
    want: [`${at}port_value: lte=65535`],
  },
  {
    name: 'a peer without an address',
    request: from('', { case: 'portValue', value: 1 }),
    want: [`${at}address: minLen=1`],
  },
];

describe('brokenInCheckRequest', () => {
  for (const { name, request, want } of rows) {
    it(`judges ${name}`, () => {
      assert.deepEqual(brokenInCheckRequest(toBinary(CheckRequestSchema, create(CheckRequestSchema, request))), want);
    });
  }

  it('leaves bytes that are no CheckRequest to the explainer', () => {
    assert.deepEqual(brokenInCheckRequest(Buffer.from('no protobuf at all')), []);
  });
});
