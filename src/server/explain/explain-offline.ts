/**
 * Explains without a server: under the policies that a configuration names, or under files alone.
 * @module
 */
import type { KeySetDocuments } from '../../authz/jwks/documents.ts';
import { nothingRevoked } from '../../authz/state.ts';
import type { Config } from '../../config/config.ts';
import { systemClock } from '../../lib/clock.ts';
import type { PolicyModel } from '../../policy/model.ts';
import { openPolicySources } from '../../policy/sources/policy-sources.ts';
import { checkOptions } from '../policy/check-options.ts';
import { dialectOptions, sourceOptions } from '../policy/policy-sources.ts';
import { tokenRulesOf } from '../policy/token-rules.ts';
import type { ExplainState } from './explain-state.ts';

/** Nothing is kept from here for a later start. */
const forgetful = {
  get: async () => undefined,
  keep: async () => undefined,
  drop: async () => undefined,
  retain: async () => undefined,
};

/**
 * The state that a server with this configuration would begin with. Remote key sets are not fetched.
 *
 * @throws GatehouseError `policy_invalid`
 */
export async function offlineState(config: Config): Promise<ExplainState> {
  await using sources = await openPolicySources(sourceOptions(config), { clock: systemClock, lastGood: forgetful });
  const { model } = sources.current.value;
  return {
    check: checkOptions(config),
    allowEmpty: config.policies.allowEmpty,
    dialect: dialectOptions(config),
    trustDomain: config.trustDomain,
    owners: config.policies.owners,
    model,
    keySets: inlineKeySets(model),
    revocations: nothingRevoked,
    bundles: undefined,
  };
}

/** The keys that stand in the policies themselves. */
export function inlineKeySets(model: PolicyModel): KeySetDocuments {
  const documents = tokenRulesOf(model).flatMap(({ keys }) =>
    keys.from === 'inline' ? [[keys.id, { jwks: keys.jwks, failure: undefined, fetchedAt: 0 }] as const] : [],
  );
  return { generation: 1, documents: new Map(documents) };
}
