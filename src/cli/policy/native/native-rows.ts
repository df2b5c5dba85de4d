/**
 * `policy check --native`: what of some policies Envoy decides by itself, and what it cannot.
 * @module
 */
import { importKeySets } from '../../../authz/jwks/import-key-sets.ts';
import { tokenKeysOf } from '../../../authz/native/tokens/token-keys.ts';
import { compileSnapshot } from '../../../policy/compile/compile-snapshot.ts';
import { type NativeRow, nativeReport } from '../../../policy/compile-envoy/native-report.ts';
import type { TokenKeySets } from '../../../policy/compile-envoy/tokens/token-filters.ts';
import type { Finding } from '../../../policy/documents/finding.ts';
import type { PolicyModel } from '../../../policy/model.ts';
import type { PolicyPath } from '../../../policy/sources/policy-path.ts';
import { inlineKeySets } from '../../../server/explain/explain-offline.ts';
import { tokenRulesOf } from '../../../server/policy/token-rules.ts';
import { type NativeFlags, nativeModel } from './native-model.ts';

/** What is told. */
export interface NativeAnswer {
  readonly rows: readonly NativeRow[];
  /** Errors of all files, also of those that hold no policies. */
  readonly errors: readonly Finding[];
}

/** Finds it out; what the configuration says of callers and requests counts, and its defaults where there is none. */
export async function nativeRows(paths: readonly PolicyPath[], flags: NativeFlags): Promise<NativeAnswer> {
  const { config, model, workloads, errors } = await nativeModel(paths, flags);
  const { trustDomain, trustDomainAliases, policies, extAuthz } = config;
  const { allowEmpty } = policies;
  const { verifyPeer, peerTrustDomains, ambiguousRequests } = extAuthz;
  const settings = {
    trustDomains: [trustDomain, ...trustDomainAliases],
    ...{ verifyPeer, peerTrustDomains, ambiguousRequests, allowEmpty },
    decide: compileSnapshot(model, { allowEmpty }).decide,
    keySets: await keysOf(model),
  };
  return { rows: nativeReport(model, settings, trustDomain, workloads), errors };
}

/** Those that stand in the policies; others will have come by the time that they are in force. */
async function keysOf(model: PolicyModel): Promise<TokenKeySets> {
  const others = tokenRulesOf(model).map(({ keys: { id } }) => [id, toCome] as const);
  return new Map([...others, ...tokenKeysOf(await importKeySets(inlineKeySets(model)))]);
}

const toCome = { jwks: '{"keys":[]}', hasSecrets: false, cost: 1 } as const;
