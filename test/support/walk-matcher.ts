/**
 * Walks a serialized matcher as Envoy does, as far as delivery itself writes matchers; what it does not know it refuses.
 * @module
 */
import { createRegistry, type Message } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { ActionSchema, RBAC_Action } from '../../src/gen/envoy/config/rbac/v3/rbac_pb.ts';
import {
  type FilterStateInput,
  FilterStateInputSchema,
} from '../../src/gen/envoy/extensions/matching/common_inputs/network/v3/network_inputs_pb.ts';
import { UriSanInputSchema } from '../../src/gen/envoy/extensions/matching/common_inputs/ssl/v3/ssl_inputs_pb.ts';
import type { TypedExtensionConfig } from '../../src/gen/xds/core/v3/extension_pb.ts';
import type {
  Matcher,
  Matcher_MatcherList_Predicate,
  Matcher_OnMatch,
} from '../../src/gen/xds/type/matcher/v3/matcher_pb.ts';
import type { StringMatcher } from '../../src/gen/xds/type/matcher/v3/string_pb.ts';

/** What inputs show: by `uri`, or by the key of the filter state. Null: Envoy gives the whole search up, as for a name without TLS. */
export type Shown = Readonly<Record<string, string | null>>;

const registry = createRegistry(FilterStateInputSchema, UriSanInputSchema, ActionSchema);

/** The action, e.g. `allow n:x`; `nothing` where none was found, `gave up` where Envoy gives up. */
export function walkMatcher(matcher: Matcher | undefined, shown: Shown): string {
  try {
    return (matcher && walk(matcher, shown)) ?? 'nothing';
  } catch (thrown) {
    if (thrown === unavailable) return 'gave up';
    throw thrown;
  }
}

const unavailable = new Error('no data, now or ever');

function walk({ matcherType, onNoMatch }: Matcher, shown: Shown): string | undefined {
  const found = () => {
    if (matcherType.case === 'matcherList')
      for (const { predicate, onMatch } of matcherType.value.matchers)
        if (holds(predicate!, shown)) {
          const did = follow(onMatch, shown);
          if (did !== undefined) return did;
        }
    if (matcherType.case !== 'matcherTree') return undefined;
    const { input, treeType } = matcherType.value;
    const value = textOf(input!, shown);
    if (treeType.case !== 'exactMatchMap') throw new Error(`a tree of ${treeType.case}`);
    return value === undefined ? undefined : follow(treeType.value.map[value], shown);
  };
  return found() ?? follow(onNoMatch, shown);
}

function follow(onMatch: Matcher_OnMatch | undefined, shown: Shown): string | undefined {
  const next = onMatch?.onMatch;
  if (next?.case === 'matcher') return walk(next.value, shown);
  if (next?.case !== 'action') return undefined;
  const { name, action } = unpacked<'envoy.config.rbac.v3.Action'>(next.value) as Message & {
    name: string;
    action: number;
  }; // of this type alone
  return `${action === RBAC_Action.ALLOW ? 'allow' : 'deny'} ${name}`;
}

function holds({ matchType }: Matcher_MatcherList_Predicate, shown: Shown): boolean {
  switch (matchType.case) {
    case 'andMatcher':
      return matchType.value.predicate.every((each) => holds(each, shown));
    case 'orMatcher':
      return matchType.value.predicate.some((each) => holds(each, shown));
    case 'notMatcher':
      return !holds(matchType.value, shown);
    case 'singlePredicate': {
      const { input, matcher } = matchType.value;
      if (matcher.case !== 'valueMatch') throw new Error(`a predicate by ${matcher.case}`);
      const value = textOf(input!, shown);
      return value !== undefined && matches(matcher.value, value);
    }
    default:
      throw new Error(`a predicate of ${matchType.case}`);
  }
}

function matches({ matchPattern }: StringMatcher, value: string): boolean {
  switch (matchPattern.case) {
    case 'exact':
      return value === matchPattern.value;
    case 'prefix':
      return value.startsWith(matchPattern.value);
    case 'contains':
      return value.includes(matchPattern.value);
    case 'safeRegex':
      return new RegExp(`^(?:${matchPattern.value.regex})$`).test(value);
    default:
      throw new Error(`a test by ${matchPattern.case}`);
  }
}

function textOf(input: TypedExtensionConfig, shown: Shown): string | undefined {
  const message = unpacked(input);
  const value =
    shown[message.$typeName === FilterStateInputSchema.typeName ? (message as FilterStateInput).key : 'uri'];
  if (value === null) throw unavailable;
  return value;
}

function unpacked<Name extends string>({ typedConfig }: TypedExtensionConfig): Message<Name> {
  const message = typedConfig && anyUnpack(typedConfig, registry);
  if (message === undefined) throw new Error(`an extension of type ${typedConfig?.typeUrl}`);
  return message as Message<Name>; // of the registry
}
