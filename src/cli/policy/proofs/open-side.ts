/**
 * Reads the policies that a command is asked about.
 * @module
 */
import { type ProofSide, proofSide } from '../../../server/policy/proof-side.ts';
import { configOf } from '../explain/asked.ts';
import type { ProofFlags } from './proof-options.ts';

/** The policies of the flags. @throws GatehouseError `config_invalid`, `policy_invalid`, `not_found` */
export async function openSide(flags: ProofFlags, config: string | undefined): Promise<ProofSide> {
  const { policies, registry, trustDomain, defaultNamespace, rootNamespace, planes } = flags;
  const read = await configOf({
    ...(config !== undefined && { config }),
    ...(policies && { policies }),
    ...(registry && { registry }),
    ...(trustDomain !== undefined && { trustDomain }),
    ...(defaultNamespace !== undefined && { defaultNamespace }),
  });
  const told = rootNamespace === undefined ? read : { ...read, policies: { ...read.policies, rootNamespace } };
  return proofSide(told, planes);
}
