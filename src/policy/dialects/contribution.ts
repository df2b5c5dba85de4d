/**
 * What one document adds to the model, and what a dialect has to know to read it.
 * @module
 */
import type { PolicyDocument } from '../documents/document.ts';
import type { EnvelopeKind } from '../documents/envelope.ts';
import type { Reporter } from '../documents/finding.ts';
import type { Dialect, Policy, RuleStage, TokenPolicy, TransportPolicy } from '../model.ts';
import type {
  Endpoint,
  NamespaceEntry,
  NetworkSet,
  ServiceAccountEntry,
  ServiceEntry,
  SliceEntry,
} from '../registry/registry.ts';
import type { Tier, TieredPolicy } from './calico/tiered-policy.ts';

/** Settings of the mesh that change what a document means. */
export interface DialectOptions {
  readonly trustDomain: string;
  readonly trustDomainAliases: readonly string[];
  readonly rootNamespace: string;
  /** Workloads of other trust domains are let in, and a policy is to say which trust domain it means. */
  readonly othersLetIn?: boolean;
  /** By provider name; `envoy` is the only value. A provider that is not named here cannot be asked. */
  readonly customProviders: Readonly<Record<string, 'envoy'>>;
}

/** A mesh of which nothing is said: the names that Istio gives. */
export const usualDialect: DialectOptions = {
  trustDomain: 'cluster.local',
  trustDomainAliases: [],
  rootNamespace: 'istio-system',
  customProviders: {},
};

/** One document, understood. Another dialect adds its own members here. */
export type Contribution =
  | { readonly to: 'istio-rules'; readonly stage: IstioRuleStage; readonly policy: Policy }
  | { readonly to: 'istio-tokens'; readonly policy: TokenPolicy }
  | { readonly to: 'istio-transport'; readonly policy: TransportPolicy }
  | { readonly to: 'tiers'; readonly policy: TieredPolicy }
  | { readonly to: 'tier'; readonly tier: Tier }
  | { readonly to: 'site'; readonly stages: readonly RuleStage[] }
  /** It decides nothing for workloads, and tells that Calico is there. */
  | { readonly to: 'calico' }
  | { readonly to: 'network-set'; readonly set: NetworkSet }
  | { readonly to: 'endpoint'; readonly endpoint: Endpoint }
  | { readonly to: 'namespace'; readonly namespace: NamespaceEntry }
  | { readonly to: 'service'; readonly service: ServiceEntry }
  | { readonly to: 'slice'; readonly slice: SliceEntry }
  | { readonly to: 'service-account'; readonly account: ServiceAccountEntry };

export type IstioRuleStage = 'delegate' | 'audit' | 'any-deny' | 'any-allow';

/** Reads documents of one kind: a row of the table in `table.ts`. */
export interface KindReader extends EnvelopeKind {
  readonly dialect: Dialect;
  readonly group: string;
  readonly kind: string;
  /** Reports what is wrong; the result counts only if nothing is. Undefined: valid, but applies to no workload here. */
  read(document: PolicyDocument, options: DialectOptions, report: Reporter): Contribution | undefined;
}
