/**
 * A rule in the form that requests are served from.
 * @module
 */
import type { TokenRule } from '../../policy/model.ts';
import { plainAudience } from './audiences.ts';
import { locationsOf } from './locations.ts';

/** A token rule, prepared for lookups. */
export interface CompiledRule {
  readonly rule: TokenRule;
  /** Different for every rule that was ever compiled here. */
  readonly serial: number;
  readonly locations: ReturnType<typeof locationsOf>;
  /** Plain forms; empty: any. */
  readonly audiences: ReadonlySet<string>;
  /** Lower-case names of every header that the rule may write. */
  readonly ownHeaders: readonly string[];
  readonly spaceDelimited: ReadonlySet<string>;
}

let serials = 0;
const known = new WeakMap<readonly TokenRule[], readonly CompiledRule[]>();

/** Compiles `rules` and puts them in the order of their issuers, in which Istio hands them to Envoy. Kept by the identity of the array. */
export function compileRules(rules: readonly TokenRule[]): readonly CompiledRule[] {
  let compiled = known.get(rules);
  if (compiled === undefined) {
    compiled = rules.toSorted((a, b) => (a.issuer < b.issuer ? -1 : a.issuer > b.issuer ? 1 : 0)).map(compileRule);
    known.set(rules, compiled);
  }
  return compiled;
}

function compileRule(rule: TokenRule): CompiledRule {
  const payloadHeader = rule.outputPayloadToHeader === '' ? [] : [rule.outputPayloadToHeader];
  return {
    rule,
    serial: ++serials,
    locations: locationsOf(rule),
    audiences: new Set(rule.audiences.map(plainAudience)),
    ownHeaders: [...payloadHeader, ...rule.outputClaimToHeaders.map(({ header }) => header)].map((name) =>
      name.toLowerCase(),
    ),
    spaceDelimited: new Set(['permission', 'scope', ...rule.spaceDelimitedClaims]),
  };
}
