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
import { askingFacts, combinations, EVERYTHING, factsFilter, factsKey } from './facts-filter.ts';
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
  /** Of a policy: which of the filters that fill in what trees read belongs to it; `''`: it is no policy. */
  readonly facts: string;
}

type ConfigMap = ReadonlyMap<string, NativeConfig>;

/** What goes by that name: of the policy, of revocations, or of both. */
export function configNamed(name: string, ofPolicy: ConfigMap, ofRevocations: ConfigMap): NativeConfig | undefined {
  const key = name === resourceNames.request ? ofPolicy.get(resourceNames.policy)?.facts : name;
  return key === undefined ? undefined : (ofRevocations.get(key) ?? ofPolicy.get(key));
}

/** The resources of one policy, by name. */
export function configsOf(policy: NativePolicy): ConfigMap {
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
  const facts = (name: string) => (name === resourceNames.policy ? factsKey(policy.reads) : '');
  return new Map(
    all.map(([name, filter]) => [name, configOf(name, filter, { asks: asksAt(name), facts: facts(name) })]),
  );
}

/** The resources of revocations, by name; those that fill in what trees read by `factsKey`. */
export function revocationConfigs(revocations: Revocations | undefined): ConfigMap {
  const asks = revocations === undefined ? 'no revocations are known yet' : '';
  const more = { asks, revocationSequence: revocations?.sequence ?? -1 };
  const http = revocationFilter(revocations);
  const facts = (fills: Parameters<typeof factsFilter>[1]) => factsFilter(revocations, fills);
  return ofRevocations({ facts, http, network: networkRevocationFilter(revocations) }, more);
}

interface RevocationFilters {
  readonly facts: (fills: Parameters<typeof factsFilter>[1]) => Filter;
  readonly http: Uint8Array;
  readonly network: Uint8Array;
}

function ofRevocations({ facts, http, network }: RevocationFilters, more: Parameters<typeof configOf>[2]): ConfigMap {
  const filters = [
    [resourceNames.facts, facts(EVERYTHING)] as const,
    [resourceNames.revocations, { typeUrl: typeUrlOf(HttpRbac), bytes: http }] as const,
    [resourceNames.networkRevocations, { typeUrl: typeUrlOf(NetworkRbac), bytes: network }] as const,
  ];
  const ofRequests = combinations.map(
    (reads) => [factsKey(reads), configOf(resourceNames.request, facts(reads), more)] as const,
  );
  return new Map([...filters.map(([name, filter]) => [name, configOf(name, filter, more)] as const), ...ofRequests]);
}

/** All resources of an Envoy that is to ask about everything. */
export function askingConfigs(why: string): ConfigMap {
  // It refuses by whatever is revoked: Gatehouse is asked, always.
  const all = { asks: why, revocationSequence: Number.MAX_SAFE_INTEGER };
  const network = askingNetworkRevocationFilter('asks');
  const filters = { facts: () => askingFacts('asks'), http: askingRevocationFilter('asks'), network };
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
  {
    asks,
    revocationSequence = -1,
    facts = '',
  }: { readonly asks: string; readonly revocationSequence?: number; readonly facts?: string },
): NativeConfig {
  const typedConfig = create(AnySchema, { typeUrl, value: bytes });
  const value = toBinary(TypedExtensionConfigSchema, create(TypedExtensionConfigSchema, { name, typedConfig }));
  return {
    name,
    version: createHash('sha256').update(value).digest('hex').slice(0, 16),
    resource: create(AnySchema, { typeUrl: CONFIG_TYPE_URL, value }),
    ...{ revocationSequence, asks, facts },
  };
}
