/**
 * Reads the rules that a proto writes beside its fields.
 * @module
 */
import { isFieldSet, type Message } from '@bufbuild/protobuf';
import { type FieldRules, file_validate_validate } from '../../gen/validate/validate_pb.ts';
import type { WrittenRules } from './value-rules.ts';

/** The rules of one field; undefined if it has none. */
export type Written = FieldRules | undefined;

const NONE: WrittenRules = new Map();
const schemas = new Map(file_validate_validate.messages.map((schema) => [schema.typeName, schema]));
const known = new WeakMap<Message, WrittenRules>();

/** The rules that were written into a rules message; a oneof of forms counts as the form that was chosen. */
export function rulesIn(message: Message | undefined): WrittenRules {
  if (message === undefined) return NONE;
  const before = known.get(message);
  if (before !== undefined) return before;
  const written = new Map<string, unknown>();
  for (const field of schemas.get(message.$typeName)?.fields ?? []) {
    if (!isFieldSet(message, field)) continue;
    const chosen: unknown = field.oneof && Reflect.get(message, field.oneof.localName);
    written.set(
      field.localName,
      chosen === undefined ? Reflect.get(message, field.localName) : Reflect.get(Object(chosen), 'value'),
    );
  }
  known.set(message, written);
  return written;
}

/** Whether a field of messages must be set. */
export function isRequired(written: Written): boolean {
  if (written?.message?.required === true) return true;
  const { case: kind, value } = written?.type ?? {};
  return (kind === 'any' || kind === 'duration' || kind === 'timestamp') && value?.required === true;
}

/** Whether `ignore_empty` spares this value. */
export function isSpared(written: WrittenRules, isEmpty: boolean): boolean {
  return isEmpty && written.get('ignoreEmpty') === true;
}

/** Whether a value is its type's default: empty text, no bytes, zero. */
export function isDefault(value: unknown): boolean {
  if (typeof value === 'string' || value instanceof Uint8Array) return value.length === 0;
  return Number(value) === 0;
}
