/**
 * The shape of AuthorizationPolicy, and which attribute each of its fields asks about.
 * @module
 */
import { listForClusters, listOf, object, type Shape, text } from '../../../documents/shape.ts';
import type { Value } from '../../../documents/value.ts';
import type { ValueCheck } from '../checks/value-checks.ts';
import { attachmentFields } from './subject.ts';

/** A field of a source or an operation; its `not` form has the same meaning, negated. */
export interface RuleField {
  readonly name: string;
  readonly not: string;
  /** The attribute's key (`attribute.ts`). */
  readonly key: string;
  readonly check: ValueCheck;
}

const field = (name: string, key: string, check: ValueCheck): RuleField => ({
  name,
  not: `not${name[0]!.toUpperCase()}${name.slice(1)}`,
  key,
  check,
});

export const sourceFields: readonly RuleField[] = [
  field('principals', 'source.principal', 'text'),
  field('requestPrincipals', 'request.auth.principal', 'text'),
  field('namespaces', 'source.namespace', 'text'),
  field('serviceAccounts', 'source.serviceAccount', 'service-account'),
  field('trustDomains', 'source.trustDomain', 'trust-domain'),
  field('ipBlocks', 'source.ip', 'address'),
  field('remoteIpBlocks', 'remote.ip', 'address'),
];

export const operationFields: readonly RuleField[] = [
  field('hosts', 'operation.host', 'text'),
  field('methods', 'operation.method', 'text'),
  field('paths', 'operation.path', 'path'),
  field('ports', 'destination.port', 'port'),
];

/** Both forms of fields. */
export const namesOf = (fields: readonly RuleField[]): readonly string[] =>
  fields.flatMap(({ name, not }) => [name, not]);

/** Both forms of every field of a source. */
export const sourceNames = namesOf(sourceFields);

/** Both forms of every field of an operation. */
export const operationNames = namesOf(operationFields);

/** The fields of which one form or both are written in a source or an operation, in their order. */
export function writtenFields(content: Value | undefined, fields: readonly RuleField[]): readonly RuleField[] {
  if (content?.is !== 'map' || content.entries.size === 0) return [];
  const { entries } = content;
  return fields.filter(({ name, not }) => entries.has(name) || entries.has(not));
}

const texts = listOf(text);
const textLists = (fields: readonly RuleField[]): Record<string, Shape> =>
  Object.fromEntries(namesOf(fields).map((name) => [name, texts]));

const serviceAccounts = listOf({ is: 'text', max: 320 }, 16);
const source = object({ ...textLists(sourceFields), serviceAccounts, notServiceAccounts: serviceAccounts });
const condition = object({ key: text, values: texts, notValues: texts }, ['key']);

const rule = object({
  from: listForClusters(object({ source }), 512),
  to: listOf(object({ operation: object(textLists(operationFields)) })),
  when: listOf(condition),
});

/** The fields of the document beside its envelope. */
export const authorizationPolicyFields: Readonly<Record<string, Shape>> = {
  spec: object({
    ...attachmentFields,
    action: { is: 'text', oneOf: ['ALLOW', 'DENY', 'AUDIT', 'CUSTOM'] },
    provider: object({ name: text }),
    rules: listForClusters(rule, 512),
  }),
};
