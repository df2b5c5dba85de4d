/**
 * The few parts of Envoy's matcher trees that delivery itself writes.
 * @module
 */
import { create, type DescMessage, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';
import { ActionSchema, RBAC_Action } from '../../gen/envoy/config/rbac/v3/rbac_pb.ts';
import { FilterStateInputSchema } from '../../gen/envoy/extensions/matching/common_inputs/network/v3/network_inputs_pb.ts';
import { UriSanInputSchema } from '../../gen/envoy/extensions/matching/common_inputs/ssl/v3/ssl_inputs_pb.ts';
import { type TypedExtensionConfig, TypedExtensionConfigSchema } from '../../gen/xds/core/v3/extension_pb.ts';
import {
  type Matcher,
  type Matcher_MatcherList_FieldMatcher,
  Matcher_MatcherList_FieldMatcherSchema,
  type Matcher_MatcherList_Predicate,
  Matcher_MatcherList_Predicate_PredicateListSchema,
  Matcher_MatcherList_Predicate_SinglePredicateSchema,
  Matcher_MatcherList_PredicateSchema,
  Matcher_MatcherListSchema,
  Matcher_MatcherTree_MatchMapSchema,
  Matcher_MatcherTreeSchema,
  type Matcher_OnMatch,
  Matcher_OnMatchSchema,
  MatcherSchema,
} from '../../gen/xds/type/matcher/v3/matcher_pb.ts';
import { type StringMatcher, StringMatcherSchema } from '../../gen/xds/type/matcher/v3/string_pb.ts';

/** A message with its type, as Envoy's extensions are configured. */
function packed<D extends DescMessage>(schema: D, message: MessageShape<D>): Any {
  return create(AnySchema, { typeUrl: typeUrlOf(schema), value: toBinary(schema, message) });
}

/** What an `Any` calls a message of this type. */
export const typeUrlOf = ({ typeName }: DescMessage): string => `type.googleapis.com/${typeName}`;

function extension<D extends DescMessage>(name: string, schema: D, message: MessageShape<D>): TypedExtensionConfig {
  return create(TypedExtensionConfigSchema, { name, typedConfig: packed(schema, message) });
}

/** Ends the search: allows or denies under a name. */
export function action(name: string, verdict: 'allow' | 'deny'): Matcher_OnMatch {
  const does = verdict === 'allow' ? RBAC_Action.ALLOW : RBAC_Action.DENY;
  const value = extension('envoy.filters.rbac.action', ActionSchema, create(ActionSchema, { name, action: does }));
  return create(Matcher_OnMatchSchema, { onMatch: { case: 'action', value } });
}

/** Goes on with another matcher. */
export function goOn(matcher: Matcher): Matcher_OnMatch {
  return create(Matcher_OnMatchSchema, { onMatch: { case: 'matcher', value: matcher } });
}

/** The URI names of the caller's certificate, joined by commas. */
export const uriNames = (): TypedExtensionConfig =>
  extension('uri_san', UriSanInputSchema, create(UriSanInputSchema, {}));

/** What the filter state holds under a key. */
export const stateAt = (key: string): TypedExtensionConfig =>
  extension('filter_state', FilterStateInputSchema, create(FilterStateInputSchema, { key }));

/** True for what has a value that matches; false for what has none. */
export function where(
  input: TypedExtensionConfig,
  matches: StringMatcher['matchPattern'],
): Matcher_MatcherList_Predicate {
  const value = create(StringMatcherSchema, { matchPattern: matches });
  return create(Matcher_MatcherList_PredicateSchema, {
    matchType: {
      case: 'singlePredicate',
      value: create(Matcher_MatcherList_Predicate_SinglePredicateSchema, {
        input,
        matcher: { case: 'valueMatch', value },
      }),
    },
  });
}

/** True where the other is false, for what has no value too. */
export function not(value: Matcher_MatcherList_Predicate): Matcher_MatcherList_Predicate {
  return create(Matcher_MatcherList_PredicateSchema, { matchType: { case: 'notMatcher', value } });
}

/** True where both are. */
export const both = (...of: readonly Matcher_MatcherList_Predicate[]): Matcher_MatcherList_Predicate =>
  create(Matcher_MatcherList_PredicateSchema, { matchType: { case: 'andMatcher', value: listed(of) } });

/** True where one is. */
export const either = (...of: readonly Matcher_MatcherList_Predicate[]): Matcher_MatcherList_Predicate =>
  create(Matcher_MatcherList_PredicateSchema, { matchType: { case: 'orMatcher', value: listed(of) } });

const listed = (predicate: readonly Matcher_MatcherList_Predicate[]) =>
  create(Matcher_MatcherList_Predicate_PredicateListSchema, { predicate: [...predicate] });

/** One item of a list. */
export function when(
  predicate: Matcher_MatcherList_Predicate,
  onMatch: Matcher_OnMatch,
): Matcher_MatcherList_FieldMatcher {
  return create(Matcher_MatcherList_FieldMatcherSchema, { predicate, onMatch });
}

/** The first item that holds, else the rest. */
export function listOf(matchers: readonly Matcher_MatcherList_FieldMatcher[], onNoMatch?: Matcher_OnMatch): Matcher {
  const value = create(Matcher_MatcherListSchema, { matchers: [...matchers] });
  return create(MatcherSchema, { matcherType: { case: 'matcherList', value }, ...(onNoMatch && { onNoMatch }) });
}

/** The same for each of these values, else the rest. @param keys  one at least */
export function mapOf(
  input: TypedExtensionConfig,
  keys: Iterable<string>,
  onMatch: Matcher_OnMatch,
  onNoMatch?: Matcher_OnMatch,
): Matcher {
  const map = Object.fromEntries([...keys].sort().map((key) => [key, onMatch]));
  const value = create(Matcher_MatcherTreeSchema, {
    input,
    treeType: { case: 'exactMatchMap', value: create(Matcher_MatcherTree_MatchMapSchema, { map }) },
  });
  return create(MatcherSchema, { matcherType: { case: 'matcherTree', value }, ...(onNoMatch && { onNoMatch }) });
}

/** Takes that action whatever comes. */
export function always(onNoMatch: Matcher_OnMatch): Matcher {
  return create(MatcherSchema, { onNoMatch });
}
