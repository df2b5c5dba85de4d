/**
 * Explains a request without a server: under the policies that a configuration names.
 * @module
 */
import { type Explanation, explain } from '../analysis/explain.ts';
import type { KeySetDocuments } from '../authz/jwks/documents.ts';
import { importKeySets } from '../authz/jwks/import-key-sets.ts';
import { createTokenVerifier } from '../authz/jwt/verifier.ts';
import { loadConfig } from '../config/read-config.ts';
import { systemClock } from '../lib/clock.ts';
import { compileSnapshot } from '../policy/compile/compile-snapshot.ts';
import type { PolicyModel } from '../policy/model.ts';
import { openPolicySources } from '../policy/sources/policy-sources.ts';
import { deciderSettings } from './decider-role.ts';
import { sourceOptions } from './policy-role.ts';
import { tokenRulesOf } from './token-rules.ts';

/** Nothing is kept from here for a later start. */
const forgetful = {
  get: async () => undefined,
  keep: async () => undefined,
  drop: async () => undefined,
  retain: async () => undefined,
};

/**
 * Explains the answer that a server with this configuration would give. Keys of remote key sets are not fetched.
 *
 * @throws GatehouseError `config_invalid`, `policy_invalid`
 */
export async function explainOffline(configFile: string, request: Uint8Array): Promise<Explanation> {
  const config = loadConfig(configFile);
  const settings = deciderSettings(config);
  await using sources = await openPolicySources(sourceOptions(config), { clock: systemClock, lastGood: forgetful });
  const { model } = sources.current.value;
  const evaluate = { allowEmpty: settings.allowEmpty };
  return explain(request, {
    model,
    evaluate,
    state: {
      snapshot: compileSnapshot(model, evaluate),
      keySets: await importKeySets(inlineKeySets(model)),
      revocations: { sequence: 0, spiffeIds: new Set(), serials: new Set(), spkis: new Set() },
      bundles: undefined,
    },
    options: settings.check,
    verifyTokens: createTokenVerifier(),
    nowMs: systemClock.now(),
    caller: { local: true },
  });
}

/** The keys that stand in the policies themselves. */
function inlineKeySets(model: PolicyModel): KeySetDocuments {
  const documents = tokenRulesOf(model).flatMap(({ keys }) =>
    keys.from === 'inline' ? [[keys.id, { jwks: keys.jwks, failure: undefined, fetchedAt: 0 }] as const] : [],
  );
  return { generation: 1, documents: new Map(documents) };
}
