/**
 * The filters of one workload's policy where tokens are verified, as one configuration: tree and jwt_authn are taken or refused together,
 * so a tree never goes by what another version of the token rules, or of the keys, has accepted.
 * @module
 */
import { create, type DescMessage, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import { TypedExtensionConfigSchema } from '../../../gen/envoy/config/core/v3/extension_pb.ts';
import { FilterStateValueSchema } from '../../../gen/envoy/extensions/filters/common/set_filter_state/v3/value_pb.ts';
import { RBACSchema } from '../../../gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.ts';
import { ConfigSchema as StateSchema } from '../../../gen/envoy/extensions/filters/http/set_filter_state/v3/set_filter_state_pb.ts';
import type { JwtAuthn } from '../../../policy/compile-envoy/tokens/jwt-authn.ts';
import { decidedState } from '../../../policy/compile-envoy/tokens/jwt-authn.ts';
import { PAYLOAD, tokenState } from '../../../policy/compile-envoy/tokens/token-names.ts';
import { JWT_METADATA } from '../../../policy/compile-envoy/tree/encode-tree.ts';
import { typeUrlOf } from '../matchers.ts';
import { decidedKey, FILTER_CHAIN, POLICY_PREFIX, RBAC_METADATA } from '../names.ts';

interface Filter {
  readonly name: string;
  readonly typeUrl: string;
  readonly bytes: Uint8Array;
}

/**
 * Serialized `envoy.extensions.filters.http.filter_chain.v3.FilterChainConfig`: tokens are verified, what the tree reads of them is put
 * where it can be looked up, the tree decides, and what it has allowed is changed as the rules want it.
 *
 * @param tree  serialized RBAC filter
 */
export function tokenChain({ verify, effects }: JwtAuthn, tree: Uint8Array): Omit<Filter, 'name'> {
  const claim = (name: string): string => `%DYNAMIC_METADATA(${JWT_METADATA}:${PAYLOAD}:${name})%`;
  const decided = `%DYNAMIC_METADATA(${RBAC_METADATA}:${decidedKey(POLICY_PREFIX)}):${decidedState.value.length}%`;
  return chainOf([
    jwtAuthn(verify),
    filterState({
      [tokenState.issuer]: claim('iss'),
      [tokenState.subject]: claim('sub'),
      [tokenState.headerBytes]: '%REQUEST_HEADERS_BYTES%',
    }),
    { name: RBAC_METADATA, typeUrl: typeUrlOf(RBACSchema), bytes: tree },
    ...(effects === undefined ? [] : [filterState({ [decidedState.key]: decided }), jwtAuthn(effects)]),
  ]);
}

const jwtAuthn = (bytes: Uint8Array): Filter => ({
  name: JWT_METADATA,
  typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication',
  bytes,
});

function filterState(formats: Readonly<Record<string, string>>): Filter {
  const onRequestHeaders = Object.entries(formats).map(([objectKey, inlineString]) =>
    create(FilterStateValueSchema, {
      key: { case: 'objectKey', value: objectKey },
      factoryKey: 'envoy.string',
      value: {
        case: 'formatString',
        value: {
          format: { case: 'textFormatSource', value: { specifier: { case: 'inlineString', value: inlineString } } },
        },
      },
    }),
  );
  return filterOf('envoy.filters.http.set_filter_state', StateSchema, create(StateSchema, { onRequestHeaders }));
}

const filterOf = <D extends DescMessage>(name: string, schema: D, message: MessageShape<D>): Filter => ({
  name,
  typeUrl: typeUrlOf(schema),
  bytes: toBinary(schema, message),
});

/** Field 1 is the chain of every route, and its field 1 are the filters. */
function chainOf(filters: readonly Filter[]): Omit<Filter, 'name'> {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.LengthDelimited).fork();
  for (const { name, typeUrl, bytes } of filters) {
    const typedConfig = create(AnySchema, { typeUrl, value: bytes });
    const config = create(TypedExtensionConfigSchema, { name, typedConfig });
    writer.tag(1, WireType.LengthDelimited).bytes(toBinary(TypedExtensionConfigSchema, config));
  }
  writer.join();
  return { typeUrl: FILTER_CHAIN, bytes: writer.finish() };
}
