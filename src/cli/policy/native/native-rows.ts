/**
 * `policy check --native`: what of some policies Envoy cannot decide by itself.
 * @module
 */
import type { NativeRow } from '../../../policy/compile-envoy/native-report.ts';
import type { TokenKeySets } from '../../../policy/compile-envoy/tokens/token-filters.ts';
import type { PolicyModel } from '../../../policy/model.ts';
import { configIfAny } from '../../config/config-option.ts';
import type { PolicyFlags } from '../policy-options.ts';

/** The rows; what the configuration says of callers and requests counts, and its defaults where there is none. */
export async function nativeRows(
  model: PolicyModel,
  { trustDomain, trustDomainAliases }: { readonly trustDomain: string; readonly trustDomainAliases: readonly string[] },
  { config: flag }: PolicyFlags,
): Promise<readonly NativeRow[]> {
  const [{ nativeReport }, { compileSnapshot }, { loadConfig }] = await Promise.all([
    import('../../../policy/compile-envoy/native-report.ts'),
    import('../../../policy/compile/compile-snapshot.ts'),
    import('../../../config/read-config.ts'),
  ]);
  const file = configIfAny(flag);
  const config = file === undefined ? undefined : loadConfig(file);
  const allowEmpty = config?.policies.allowEmpty ?? false;
  const { verifyPeer, peerTrustDomains, ambiguousRequests } = config?.extAuthz ?? usual;
  const settings = {
    trustDomains: [trustDomain, ...trustDomainAliases],
    ...{ verifyPeer, peerTrustDomains, ambiguousRequests, allowEmpty },
    decide: compileSnapshot(model, { allowEmpty }).decide,
    keySets: await keysOf(model),
  };
  return nativeReport(model, settings, trustDomain);
}

/** Those that stand in the policies; others will have come by the time that they are in force. */
async function keysOf(model: PolicyModel): Promise<TokenKeySets> {
  const [{ importKeySets }, { tokenKeysOf }, { inlineKeySets }, { tokenRulesOf }] = await Promise.all([
    import('../../../authz/jwks/import-key-sets.ts'),
    import('../../../authz/native/tokens/token-keys.ts'),
    import('../../../server/explain/explain-offline.ts'),
    import('../../../server/policy/token-rules.ts'),
  ]);
  const others = tokenRulesOf(model).map(({ keys: { id } }) => [id, toCome] as const);
  return new Map([...others, ...tokenKeysOf(await importKeySets(inlineKeySets(model)))]);
}

const toCome = { jwks: '{"keys":[]}', hasSecrets: false, cost: 1 } as const;

/** As little as Envoy's defaults ask for. */
const usual = { verifyPeer: 'off', peerTrustDomains: 'any', ambiguousRequests: 'asUpstream' } as const;

/** One row for people. */
export function nativeText({ namespace, labels, everything, bytes, asks }: NativeRow): string {
  const whom = [namespace, ...labels.map(([key, value]) => `${key}=${value}`)].join(' ');
  if (everything !== undefined) return `${whom}: everything asks: ${everything}\n`;
  const lines = asks.map(({ reason, policy, rule }) =>
    policy === undefined
      ? `  asks: ${reason}\n`
      : `  asks: ${policy.namespace}/${policy.name} rule ${rule}: ${reason}\n`,
  );
  return `${whom}: Envoy decides, by ${bytes} bytes\n${lines.join('')}`;
}
