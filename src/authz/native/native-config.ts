/**
 * What is delivered under one name: a filter's configuration and its version.
 * @module
 */
import { createHash } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';
import { TypedExtensionConfigSchema } from '../../gen/envoy/config/core/v3/extension_pb.ts';
import { RBACSchema as HttpRbac } from '../../gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.ts';
import { RBACSchema as NetworkRbac } from '../../gen/envoy/extensions/filters/network/rbac/v3/rbac_pb.ts';
import { askEverything, type NativePolicy } from '../../policy/compile-envoy/native-policy.ts';
import type { Revocations } from '../state.ts';
import { askingFacts, factsFilter } from './facts-filter.ts';
import { chainOf, type Filter } from './filter-chain.ts';
import { guardedPolicy } from './guarded-policy.ts';
import { typeUrlOf } from './matchers.ts';
import { AUDIT_PREFIX, resourceNames } from './names.ts';
import {
  askingNetworkRevocationFilter,
  askingRevocationFilter,
  networkRevocationFilter,
  revocationFilter,
} from './revocation-filter.ts';
import { tokenChain } from './tokens/token-chain.ts';

/** The type of every resource of ECDS. */
export const CONFIG_TYPE_URL = typeUrlOf(TypedExtensionConfigSchema);

/** One resource, the same object for whoever gets the same. */
export interface NativeConfig {
  readonly name: string;
  /** Hash of what is delivered. */
  readonly version: string;
  readonly resource: Any;
  /** Of the revocations that it refuses by; -1: it is not about revocations. */
  readonly revocationSequence: number;
  /** Why everything is asked about; `''`: not everything is. */
  readonly asks: string;
}

/** The resources of one policy, by name. */
export function configsOf(policy: NativePolicy): ReadonlyMap<string, NativeConfig> {
  const asks = policy.everything ?? '';
  const guarded = { typeUrl: typeUrlOf(HttpRbac), bytes: guardedPolicy(policy.http) };
  const http = policy.tokens === undefined ? guarded : tokenChain(policy.tokens, guarded.bytes);
  const network = { typeUrl: typeUrlOf(NetworkRbac), bytes: policy.network };
  const audit = policy.others.get(resourceNames.audit);
  const all = [
    [resourceNames.policy, http] as const,
    [resourceNames.network, network] as const,
    [resourceNames.marks, chainOf(audit === undefined ? [] : [{ name: resourceNames.audit, ...audit }])] as const,
    [resourceNames.audit, NO_AUDIT] as const, // what the policy has of that name comes after it
    ...policy.others,
  ];
  const asksAt = (name: string) => (name === resourceNames.network ? (policy.everyConnection ?? asks) : asks);
  return new Map(all.map(([name, filter]) => [name, configOf(name, filter, { asks: asksAt(name) })]));
}

/** The resources of revocations, by name. */
export function revocationConfigs(revocations: Revocations | undefined): ReadonlyMap<string, NativeConfig> {
  const asks = revocations === undefined ? 'no revocations are known yet' : '';
  const more = { asks, revocationSequence: revocations?.sequence ?? -1 };
  const http = revocationFilter(revocations);
  const facts = factsFilter(revocations);
  return ofRevocations({ facts, http, network: networkRevocationFilter(revocations) }, more);
}

interface RevocationFilters {
  readonly facts: Filter;
  readonly http: Uint8Array;
  readonly network: Uint8Array;
}

function ofRevocations(
  { facts, http, network }: RevocationFilters,
  more: Parameters<typeof configOf>[2],
): ReadonlyMap<string, NativeConfig> {
  const filters = [
    [resourceNames.facts, facts] as const,
    [resourceNames.revocations, { typeUrl: typeUrlOf(HttpRbac), bytes: http }] as const,
    [resourceNames.networkRevocations, { typeUrl: typeUrlOf(NetworkRbac), bytes: network }] as const,
  ];
  return new Map(filters.map(([name, filter]) => [name, configOf(name, filter, more)]));
}

/** All resources of an Envoy that is to ask about everything. */
export function askingConfigs(why: string): ReadonlyMap<string, NativeConfig> {
  // It refuses by whatever is revoked: Gatehouse is asked, always.
  const all = { asks: why, revocationSequence: Number.MAX_SAFE_INTEGER };
  const network = askingNetworkRevocationFilter('asks');
  const filters = { facts: askingFacts('asks'), http: askingRevocationFilter('asks'), network };
  return new Map([...configsOf(askEverything(why)), ...ofRevocations(filters, all)]);
}

/** Envoy takes a filter without rules, and it does nothing: a resource is never removed. */
const NO_AUDIT: Filter = {
  typeUrl: typeUrlOf(HttpRbac),
  bytes: toBinary(HttpRbac, create(HttpRbac, { rulesStatPrefix: AUDIT_PREFIX })),
};

function configOf(
  name: string,
  { typeUrl, bytes }: Filter,
  { asks, revocationSequence = -1 }: { readonly asks: string; readonly revocationSequence?: number },
): NativeConfig {
  const typedConfig = create(AnySchema, { typeUrl, value: bytes });
  const value = toBinary(TypedExtensionConfigSchema, create(TypedExtensionConfigSchema, { name, typedConfig }));
  return {
    name,
    version: createHash('sha256').update(value).digest('hex').slice(0, 16),
    resource: create(AnySchema, { typeUrl: CONFIG_TYPE_URL, value }),
    revocationSequence,
    asks,
  };
}
