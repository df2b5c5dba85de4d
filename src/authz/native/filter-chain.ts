/**
 * Several filters as one configuration: Envoy takes or refuses them together, and puts each into the chain of the request; none at all
 * costs nothing.
 * @module
 */
import { create, type DescMessage, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import { TypedExtensionConfigSchema } from '../../gen/envoy/config/core/v3/extension_pb.ts';
import { FilterStateValueSchema } from '../../gen/envoy/extensions/filters/common/set_filter_state/v3/value_pb.ts';
import { ConfigSchema as StateSchema } from '../../gen/envoy/extensions/filters/http/set_filter_state/v3/set_filter_state_pb.ts';
import { typeUrlOf } from './matchers.ts';
import { FILTER_CHAIN } from './names.ts';

/** What is delivered: a filter's configuration, serialized, and its type. */
export interface Filter {
  readonly typeUrl: string;
  readonly bytes: Uint8Array;
}

export interface NamedFilter extends Filter {
  readonly name: string;
}

/** Serialized `envoy.extensions.filters.http.filter_chain.v3.FilterChainConfig`, whose field 1 has them as its own field 1. */
export function chainOf(filters: readonly NamedFilter[]): Filter {
  const writer = new BinaryWriter();
  if (filters.length === 0) return { typeUrl: FILTER_CHAIN, bytes: writer.finish() };
  writer.tag(1, WireType.LengthDelimited).fork();
  for (const { name, typeUrl, bytes } of filters) {
    const typedConfig = create(AnySchema, { typeUrl, value: bytes });
    const config = create(TypedExtensionConfigSchema, { name, typedConfig });
    writer.tag(1, WireType.LengthDelimited).bytes(toBinary(TypedExtensionConfigSchema, config));
  }
  writer.join();
  return { typeUrl: FILTER_CHAIN, bytes: writer.finish() };
}

/** A filter that keeps texts for those after it. @param formats  by their keys, as an access log has them */
export function filterState(formats: Readonly<Record<string, string>>): NamedFilter {
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

const filterOf = <D extends DescMessage>(name: string, schema: D, message: MessageShape<D>): NamedFilter => ({
  name,
  typeUrl: typeUrlOf(schema),
  bytes: toBinary(schema, message),
});
