/**
 * Strings in the dynamic metadata that Envoy sends along.
 * @module
 */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type { Metadata } from '../../gen/envoy/config/core/v3/base_pb.ts';
import { toByteString } from '../../lib/byte-string.ts';

/** The string at `path` of a filter's metadata, or (with `list`) the string elements of the list there; empty if absent. */
export function metadataStrings(
  metadata: Metadata,
  filter: string,
  path: readonly string[],
  list: boolean,
): readonly string[] {
  const fields = Object.hasOwn(metadata.filterMetadata, filter) ? metadata.filterMetadata[filter] : undefined;
  let value: JsonValue | undefined = fields;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) return [];
    value = (value as JsonObject)[name]; // neither a list nor a scalar: checked above
  }
  if (list) return Array.isArray(value) ? value.filter((each) => typeof each === 'string').map(toByteString) : [];
  return typeof value === 'string' ? [toByteString(value)] : [];
}
