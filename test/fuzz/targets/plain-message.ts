/**
 * A CheckRequest read and written by @bufbuild/protobuf, where that library can be the judge.
 * @module
 */
import { type DescField, type DescMessage, fromBinary, ScalarType, toBinary } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { CheckRequestSchema } from '../../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';

export type Rewritten =
  /** The same message in canonical form; unknown fields are dropped. */
  | { readonly kind: 'message'; readonly bytes: Buffer }
  | { readonly kind: 'no-message' }
  /** The library reads a field by its number alone and takes no text but UTF-8; Envoy's own reader, and ours, do otherwise. */
  | { readonly kind: 'no-judge' };

/** The CheckRequest in `bytes`, written anew. */
export function rewritten(bytes: Buffer): Rewritten {
  try {
    if (hasStrangeField(CheckRequestSchema, new BinaryReader(bytes), bytes.length)) return { kind: 'no-judge' };
    const message = fromBinary(CheckRequestSchema, bytes, { readUnknownFields: false });
    return { kind: 'message', bytes: Buffer.from(toBinary(CheckRequestSchema, message)) };
  } catch (thrown) {
    return { kind: String(thrown).includes('utf-8') ? 'no-judge' : 'no-message' };
  }
}

/** Whether a known field has another wire type than its own. */
function hasStrangeField(type: DescMessage, reader: BinaryReader, end: number): boolean {
  const fields = new Map(type.fields.map((field) => [field.number, field]));
  while (reader.pos < end) {
    const [number, wire] = reader.tag();
    const field = fields.get(number);
    if (field === undefined || wire !== wireTypeOf(field)) {
      if (field !== undefined) return true;
      reader.skip(wire, number);
      continue;
    }
    const inner = field.fieldKind === 'message' || (field.fieldKind === 'list' && field.listKind === 'message');
    if (!inner && field.fieldKind !== 'map') reader.skip(wire, number);
    else if (field.fieldKind === 'map') skipEntry(reader);
    else if (hasStrangeField(field.message!, reader, reader.uint32() + reader.pos)) return true;
  }
  return false;
}

/** Entries of maps have two fields of bytes, or the library's answer is its own business. */
function skipEntry(reader: BinaryReader): void {
  const end = reader.uint32() + reader.pos;
  while (reader.pos < end) {
    const [number, wire] = reader.tag();
    if (number > 2 || wire !== WireType.LengthDelimited) throw new Error('utf-8 or not, a strange entry');
    reader.skip(wire, number);
  }
}

const varints = new Set([ScalarType.BOOL, ScalarType.INT32, ScalarType.INT64, ScalarType.UINT32, ScalarType.UINT64]);

function wireTypeOf(field: DescField): WireType {
  if (field.fieldKind === 'enum') return WireType.Varint;
  if (field.fieldKind !== 'scalar') return WireType.LengthDelimited;
  if (varints.has(field.scalar)) return WireType.Varint;
  return field.scalar === ScalarType.DOUBLE ? WireType.Bit64 : WireType.LengthDelimited;
}
