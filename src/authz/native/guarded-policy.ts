/**
 * Puts a guard around a policy's tree: who is meant by a revocation asks, whatever the tree says.
 *
 * Each RBAC filter of Envoy judges alone, so what the filter of revocations handed over would be decided by the tree. The guard
 * reads what that filter did. It lets the tree decide only for whom no revocation means, so an Envoy without the filter asks always.
 * @module
 */
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { GatehouseError } from '../../errors.ts';
import { RBACSchema } from '../../gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.ts';
import { MatcherSchema } from '../../gen/xds/type/matcher/v3/matcher_pb.ts';
import { action, listOf, not, stateAt, when, where } from './matchers.ts';
import { ASK, NOT_REVOKED, POLICY_PREFIX, stateKeys } from './names.ts';

const FIELD = { matcher: 4, rulesStatPrefix: 6 } as const;
/** Of `Matcher` and of its `OnMatch`. */
const ON_NO_MATCH = 3;
const ON_MATCH_MATCHER = 1;

/**
 * The serialized RBAC filter with the guard before its matcher; the tree itself, which may be megabytes, is copied and not read.
 *
 * @param http  serialized `envoy.extensions.filters.http.rbac.v3.RBAC` with a matcher
 * @throws GatehouseError `internal` when it has no matcher, or writes to other keys than are looked at
 */
export function guardedPolicy(http: Uint8Array): Uint8Array {
  const { matcher, rest } = split(http);
  const prefix = fromBinary(RBACSchema, rest).rulesStatPrefix;
  if (matcher === undefined || prefix !== POLICY_PREFIX) {
    const what = matcher === undefined ? 'no matcher' : `the prefix ${JSON.stringify(prefix)}`;
    throw new GatehouseError('internal', `a policy for Envoy has ${what}: it would decide without being asked about`);
  }
  const writer = new BinaryWriter();
  writer.raw(rest);
  writer.tag(FIELD.matcher, WireType.LengthDelimited).fork();
  writer.raw(guard());
  writer.tag(ON_NO_MATCH, WireType.LengthDelimited).fork();
  writer.tag(ON_MATCH_MATCHER, WireType.LengthDelimited).bytes(matcher);
  writer.join();
  writer.join();
  return writer.finish();
}

/** A `Matcher` whose `on_no_match` is still to come. */
function guard(): Uint8Array {
  const isMeant = not(where(stateAt(stateKeys.revocation), { case: 'exact', value: NOT_REVOKED }));
  return toBinary(MatcherSchema, listOf([when(isMeant, action(`${ASK}revocations`, 'allow'))]));
}

/** The bytes of the matcher, and all other fields as they are. */
function split(http: Uint8Array): { readonly matcher: Uint8Array | undefined; readonly rest: Uint8Array } {
  const reader = new BinaryReader(http);
  const rest: Uint8Array[] = [];
  let matcher: Uint8Array | undefined;
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [field, type] = reader.tag();
    if (field === FIELD.matcher) matcher = reader.bytes();
    else {
      reader.skip(type, field);
      rest.push(http.subarray(start, reader.pos));
    }
  }
  return { matcher, rest: Buffer.concat(rest) };
}
