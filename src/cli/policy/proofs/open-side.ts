/**
 * Reads the policies that a command is asked about.
 * @module
 */
import type { Tenant } from '../../../analysis/proofs/prove/tenants.ts';
import type { Config } from '../../../config/config.ts';
import type { ReadPaths } from '../../../policy/sources/load-paths.ts';
import { type ProofSide, proofSide } from '../../../server/policy/proof-side.ts';
import { proofTenants } from '../../../server/policy/proof-tenants.ts';
import { configOf } from '../explain/asked.ts';
import type { ProofFlags } from './proof-options.ts';

/** The policies of the flags. @throws GatehouseError `config_invalid`, `policy_invalid`, `not_found` */
export async function openSide(flags: ProofFlags, config: string | undefined, read?: ReadPaths): Promise<ProofSide> {
  return proofSide(await configured(flags, config), flags.planes ?? flags.plane, read);
}

/** The same with the tenants of the configuration. */
export async function openTenants(
  flags: ProofFlags,
): Promise<{ readonly side: ProofSide; readonly tenants: readonly Tenant[] }> {
  const config = await configured(flags, flags.config);
  const side = proofSide(config, flags.planes ?? flags.plane);
  return { side, tenants: proofTenants(config, side.model.registry) };
}

/** The configuration that the flags and a file come to. @throws GatehouseError `config_invalid` */
export async function configured(flags: ProofFlags, config: string | undefined): Promise<Config> {
  const { policies, registry, trustDomain, defaultNamespace, rootNamespace } = flags;
  const read = await configOf({
    ...(config !== undefined && { config }),
    ...(policies && { policies }),
    ...(registry && { registry }),
    ...(trustDomain !== undefined && { trustDomain }),
    ...(defaultNamespace !== undefined && { defaultNamespace }),
  });
  return rootNamespace === undefined ? read : { ...read, policies: { ...read.policies, rootNamespace } };
}
