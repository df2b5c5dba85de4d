import assert from 'node:assert/strict';
import { create, createRegistry, type DescMessage, type Message, type MessageInitShape } from '@bufbuild/protobuf';
import { AnySchema, anyPack } from '@bufbuild/protobuf/wkt';
import { SocketAddressSchema } from '../../../../src/gen/envoy/config/core/v3/address_pb.ts';
import {
  DataSourceSchema,
  HeaderMapSchema,
  HeaderValueOptionSchema,
  HeaderValueSchema,
  RetryPolicySchema,
} from '../../../../src/gen/envoy/config/core/v3/base_pb.ts';
import { TypedExtensionConfigSchema } from '../../../../src/gen/envoy/config/core/v3/extension_pb.ts';
import { UpstreamHttpProtocolOptionsSchema } from '../../../../src/gen/envoy/config/core/v3/protocol_pb.ts';
import {
  CertificateValidationContextSchema,
  TlsParametersSchema,
} from '../../../../src/gen/envoy/extensions/transport_sockets/tls/v3/common_pb.ts';
import { SPIFFECertValidatorConfigSchema } from '../../../../src/gen/envoy/extensions/transport_sockets/tls/v3/tls_spiffe_validator_config_pb.ts';
import { DeniedHttpResponseSchema } from '../../../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';
import { RegexMatcherSchema } from '../../../../src/gen/envoy/type/matcher/v3/regex_pb.ts';
import { StringMatcherSchema } from '../../../../src/gen/envoy/type/matcher/v3/string_pb.ts';
import { HttpStatusSchema } from '../../../../src/gen/envoy/type/v3/http_status_pb.ts';
import { PercentSchema } from '../../../../src/gen/envoy/type/v3/percent_pb.ts';
import { violations } from '../../../../src/transport/pgv/violations.ts';

const row = <D extends DescMessage>(name: string, schema: D, init: MessageInitShape<D>, want: readonly string[]) => ({
  name,
  found: () => violations(schema, create(schema, init)),
  want,
});

const address = { address: '::1', portSpecifier: { case: 'portValue', value: 80 } } as const;

// The rules are those written in Envoy's own protos; each row says which one.
const cases = [
  row('string min_len and a required oneof', SocketAddressSchema, {}, [
    'port_specifier: one of its fields is required',
    'address: minLen=1',
  ]),
  row(
    'a number above lte in a oneof',
    SocketAddressSchema,
    { ...address, portSpecifier: { case: 'portValue', value: 65_536 } },
    ['port_value: lte=65535'],
  ),
  row('all well', SocketAddressSchema, address, []),
  row('a header name with a line break (well_known_regex, not strict)', HeaderValueSchema, { key: 'a\nb' }, [
    'key: wellKnownRegex=1',
  ]),
  row('a header value over max_bytes', HeaderValueSchema, { key: 'a', value: 'x'.repeat(16_385) }, [
    'value: maxBytes=16384',
  ]),
  row('max_bytes counts bytes, not characters', HeaderValueSchema, { key: 'a', value: 'é'.repeat(8_193) }, [
    'value: maxBytes=16384',
  ]),
  row('what is nested in a list', HeaderMapSchema, { headers: [{ key: 'a' }, {}] }, [
    'headers[1].key: minLen=1',
    'headers[1].key: wellKnownRegex=1',
  ]),
  row('a required message', HeaderValueOptionSchema, {}, ['header: required']),
  row(
    'nothing in a message that is required where another of its oneof is there',
    StringMatcherSchema,
    { matchPattern: { case: 'exact', value: 'a' } },
    [],
  ),
  row(
    'an enum value that is not defined',
    HeaderValueOptionSchema,
    { header: { key: 'a' }, appendAction: 9 as never },
    ['append_action: definedOnly'],
  ),
  row('an enum value that is forbidden (not_in 0)', HttpStatusSchema, {}, ['code: notIn=[0]']),
  row('a code that is forbidden, in a reply', DeniedHttpResponseSchema, { status: {} }, ['status.code: notIn=[0]']),
  row('a double out of range', PercentSchema, { value: 100.5 }, ['value: lte=100']),
  row('an oneof that is required, in a data source', DataSourceSchema, {}, [
    'specifier: one of its fields is required',
  ]),
  row('a regex without its text', RegexMatcherSchema, {}, ['regex: minLen=1']),
  row('an Any that is required', TypedExtensionConfigSchema, { name: 'x' }, ['typed_config: required']),
  row('an Any that is there', TypedExtensionConfigSchema, { name: 'x', typedConfig: create(AnySchema, {}) }, []),
  row('too few items', SPIFFECertValidatorConfigSchema, {}, ['trust_domains: at least 1 needed, has 0']),
  row('a string in an item of a repeated field', SPIFFECertValidatorConfigSchema, { trustDomains: [{ name: '' }] }, [
    'trust_domains[0].name: minLen=1',
  ]),
  row('bounds on the items of a list', CertificateValidationContextSchema, { verifyCertificateHash: ['ab'] }, [
    'verify_certificate_hash[0]: minLen=64',
  ]),
  row('a wrapped number that is absent', RetryPolicySchema, {}, []),
  row('enum of TLS versions', TlsParametersSchema, { tlsMinimumProtocolVersion: 77 as never }, [
    'tls_minimum_protocol_version: definedOnly',
  ]),
];

describe('violations', () => {
  for (const { name, found, want } of cases) it(`finds ${name}`, () => assert.deepEqual(found(), want));

  it('spares an empty text where the rule says so (ignore_empty)', () => {
    const name = (overrideAutoSniHeader: string) =>
      violations(
        UpstreamHttpProtocolOptionsSchema,
        create(UpstreamHttpProtocolOptionsSchema, { overrideAutoSniHeader }),
      );
    assert.deepEqual(name(''), []);
    assert.deepEqual(name('a b'), ['override_auto_sni_header: wellKnownRegex=1']);
  });

  describe('of what is packed', () => {
    const packed = (schema: DescMessage, message: Message) =>
      create(TypedExtensionConfigSchema, { name: 'x', typedConfig: anyPack(schema, message) });
    const spiffe = SPIFFECertValidatorConfigSchema;
    const types = createRegistry(spiffe);
    const rows = [
      {
        name: 'are found by the types that are given',
        message: packed(spiffe, create(spiffe, {})),
        types,
        want: ['typed_config.trust_domains: at least 1 needed, has 0'],
      },
      {
        name: 'are not looked for without types',
        message: packed(spiffe, create(spiffe, {})),
        types: undefined,
        want: [],
      },
      {
        name: 'are there if nobody knows the type',
        message: packed(SocketAddressSchema, create(SocketAddressSchema, address)),
        types,
        want: ['typed_config: the rules of type.googleapis.com/envoy.config.core.v3.SocketAddress are not known'],
      },
    ];
    for (const { name, message, types, want } of rows)
      it(name, () => assert.deepEqual(violations(TypedExtensionConfigSchema, message, types), want));
  });

  it('compares durations', () => {
    const policy = create(RetryPolicySchema, { retryBackOff: { baseInterval: { seconds: 0n, nanos: 1 } } });
    assert.deepEqual(violations(RetryPolicySchema, policy), ['retry_back_off.base_interval: gte=1000000']);
  });
});
