/**
 * The rules of protoc-gen-validate (`validate/validate.proto`), interpreted over a message's own descriptor.
 *
 * Envoy checks what it receives by exactly these rules, so what we send has to keep them.
 * @module
 */
import {
  type DescEnum,
  type DescField,
  type DescMessage,
  getOption,
  hasOption,
  type MessageShape,
  type Registry,
} from '@bufbuild/protobuf';
import { type ReflectList, type ReflectMap, type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { type Any, anyUnpack, FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt';
import { disabled, required, rules } from '../../gen/validate/validate_pb.ts';
import { reachesRules } from './rule-reach.ts';
import { brokenRules, brokenTextRules, bytesChecks, nanosecondsOf, orderChecks } from './value-rules.ts';
import { isDefault, isRequired, isSpared, rulesIn, type Written } from './written-rules.ts';

/**
 * Checks a message and all that it holds.
 *
 * @param types  if given, what is packed into an `Any` is checked too, and a type that is not among these is a violation;
 *   without them an `Any` is a black box
 * @returns one line a violation, e.g. `address.socket_address.port_value: lte=65535`; empty if there is none
 */
export function violations<D extends DescMessage>(schema: D, message: MessageShape<D>, types?: Registry): string[] {
  return [...inMessage(reflect(schema, message), '', types)];
}

type Types = Registry | undefined;

function* inMessage(message: ReflectMessage, prefix: string, types: Types): Iterable<string> {
  const { desc } = message;
  if (!reachesRules(desc)) return;
  if (hasOption(desc, disabled) && getOption(desc, disabled)) return;
  for (const oneof of desc.oneofs) {
    if (hasOption(oneof, required) && getOption(oneof, required) && message.oneofCase(oneof) === undefined) {
      yield `${prefix}${oneof.name}: one of its fields is required`;
    }
  }
  for (const field of desc.fields) {
    const written = hasOption(field, rules) ? getOption(field, rules) : undefined;
    yield* inField(message, field, written, `${prefix}${field.name}`, types);
  }
}

function* inField(
  message: ReflectMessage,
  field: DescField,
  written: Written,
  path: string,
  types: Types,
): Iterable<string> {
  switch (field.fieldKind) {
    case 'message':
      if (message.isSet(field)) yield* inSubmessage(message.get(field), written, path, types);
      else if (isRequired(written) && field.oneof === undefined) yield `${path}: required`;
      break;
    case 'list':
      yield* inList(message.get(field), written, path, types);
      break;
    case 'map':
      yield* inMap(message.get(field), written, path, types);
      break;
    default: {
      const implicit = field.presence === FeatureSet_FieldPresence.IMPLICIT && field.oneof === undefined;
      if (implicit || message.isSet(field)) yield* inScalar(message.get(field), field.enum, written, path);
    }
  }
}

function* inSubmessage(value: ReflectMessage, written: Written, path: string, types: Types): Iterable<string> {
  const { message, desc } = value;
  const type = written?.type;
  const [wrapped] = desc.fields;
  if (desc.typeName === 'google.protobuf.Any') {
    const limits = rulesIn(type?.case === 'any' ? type.value : undefined);
    for (const rule of brokenRules(orderChecks, limits, Reflect.get(message, 'typeUrl'))) yield `${path}: ${rule}`;
    if (types !== undefined) yield* inPacked(message as Any, path, types); // the descriptor says so
  } else if (type?.case === 'duration' || type?.case === 'timestamp') {
    const inNanoseconds = new Map([...rulesIn(type.value)].map(([rule, limit]) => [rule, comparable(limit)]));
    const nanoseconds = nanosecondsOf(message as never); // the field is of that type
    for (const rule of brokenRules(orderChecks, inNanoseconds, nanoseconds)) yield `${path}: ${rule}`;
  } else if (isWrapper(desc) && wrapped !== undefined) {
    yield* inScalar(value.get(wrapped), undefined, written, path);
  } else if (written?.message?.skip !== true) {
    yield* inMessage(value, `${path}.`, types);
  }
}

function* inPacked(packed: Any, path: string, types: Registry): Iterable<string> {
  const schema = types.getMessage(packed.typeUrl.slice(packed.typeUrl.lastIndexOf('/') + 1));
  const message = schema && anyUnpack(packed, schema);
  if (message === undefined) yield `${path}: the rules of ${packed.typeUrl} are not known`;
  else yield* inMessage(reflect(schema!, message), `${path}.`, types); // or there would be no message
}

function* inList(list: ReflectList, written: Written, path: string, types: Types): Iterable<string> {
  const items = written?.type.case === 'repeated' ? written.type.value : undefined;
  const of = list.field().message;
  if (items === undefined && of !== undefined && !reachesRules(of)) return;
  const limits = rulesIn(items);
  if (isSpared(limits, list.size === 0)) return;
  yield* inCount(list.size, limits.get('minItems'), limits.get('maxItems'), path);
  const all = [...list];
  if (items?.unique === true && new Set(all).size !== all.length) yield `${path}: unique`;
  for (const [i, value] of all.entries())
    yield* inElement(value, list.field().enum, items?.items, `${path}[${i}]`, types);
}

function* inMap(map: ReflectMap, written: Written, path: string, types: Types): Iterable<string> {
  const pairs = written?.type.case === 'map' ? written.type.value : undefined;
  const limits = rulesIn(pairs);
  if (isSpared(limits, map.size === 0)) return;
  yield* inCount(map.size, limits.get('minPairs'), limits.get('maxPairs'), path);
  for (const [key, value] of map) {
    const at = `${path}[${JSON.stringify(key)}]`;
    yield* inScalar(key, undefined, pairs?.keys, `${at} key`);
    yield* inElement(value, map.field().enum, pairs?.values, at, types);
  }
}

function* inCount(count: number, min: unknown, max: unknown, path: string): Iterable<string> {
  if (typeof min === 'bigint' && BigInt(count) < min) yield `${path}: at least ${min} needed, has ${count}`;
  if (typeof max === 'bigint' && BigInt(count) > max) yield `${path}: at most ${max} allowed, has ${count}`;
}

function inElement(
  value: unknown,
  of: DescEnum | undefined,
  written: Written,
  path: string,
  types: Types,
): Iterable<string> {
  return isReflectMessage(value) ? inSubmessage(value, written, path, types) : inScalar(value, of, written, path);
}

function* inScalar(value: unknown, of: DescEnum | undefined, written: Written, path: string): Iterable<string> {
  if (written?.type.case === undefined) return;
  const limits = rulesIn(written.type.value);
  if (isSpared(limits, isDefault(value))) return;
  let broken: string[];
  if (typeof value === 'string') broken = brokenTextRules(limits, value);
  else if (value instanceof Uint8Array) broken = brokenRules(bytesChecks, limits, value);
  else broken = brokenRules(orderChecks, limits, value);
  if (limits.get('definedOnly') === true && of?.value[Number(value)] === undefined) broken.push('definedOnly');
  for (const rule of broken) yield `${path}: ${rule}`;
}

function comparable(limit: unknown): unknown {
  if (Array.isArray(limit)) return limit.map(comparable);
  return typeof limit === 'object' && limit !== null ? nanosecondsOf(limit as never) : limit; // a Duration or a Timestamp
}

function isWrapper({ typeName }: DescMessage): boolean {
  return /^google\.protobuf\.(Double|Float|U?Int64|U?Int32|Bool|String|Bytes)Value$/.test(typeName);
}

function isReflectMessage(value: unknown): value is ReflectMessage {
  return typeof value === 'object' && value !== null && 'desc' in value && 'message' in value;
}
