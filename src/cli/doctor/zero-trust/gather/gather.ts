/**
 * Gathers what the five requirements are judged by: configuration, files, the running server, Envoys.
 * @module
 */
import type { AdminClient } from '../../../../admin-api/client.ts';
import type { Config } from '../../../../config/config.ts';
import { asGatehouseError } from '../../../../errors.ts';
import { type ProofSide, proofSide } from '../../../../server/policy/proof-side.ts';
import type { Json } from '../../json.ts';
import type { Evidence, Known } from '../evidence.ts';
import { askOpenings } from './ask-openings.ts';
import { askProofs, registeredWorkloads } from './ask-proofs.ts';
import { askServer, serverEvidence } from './ask-server.ts';
import { configEvidence } from './config-evidence.ts';
import { followedSide } from './followed.ts';
import { readEnvoy } from './read-envoy.ts';
import { writersOf } from './writers.ts';

/** Where to look. */
export interface Sources {
  readonly config: Config;
  readonly client: () => Promise<AdminClient>;
  /** The server's files are those of this machine. */
  readonly isLocal: boolean;
  readonly envoys: readonly { readonly from: string; readonly dump: Json }[];
  /** How long the proofs may take. */
  readonly timeoutMs: number;
}

/** Looks everywhere; what cannot be seen says why. */
export async function gatherEvidence({ config, client, isLocal, envoys, timeoutMs }: Sources): Promise<Evidence> {
  const side = await sideOf(config, client);
  const answers = await askServer(client);
  const pid = isLocal && 'value' in answers ? answers.value.status.pid : undefined;
  return {
    config: configEvidence(config),
    ...serverEvidence(answers, config, 'value' in side ? side.value : undefined),
    workloads: 'value' in side ? { value: registeredWorkloads(side.value) } : side,
    proof: 'value' in side ? await askOpenings(askProofs(side.value, timeoutMs), client) : side,
    envoys: envoys.map(({ from, dump }) => readEnvoy(from, dump, config.trustDomain)),
    writers: config.kubernetes.policies
      ? { why: 'who may write policies in the cluster is not seen: kubectl auth can-i --list says it' }
      : writersOf(config, pid),
  };
}

/** The files of policy and registry, and what of them is followed in a cluster. */
async function sideOf(config: Config, client: Sources['client']): Promise<Known<ProofSide>> {
  const { policies, registry } = config.kubernetes;
  try {
    const isFollowed = policies || registry;
    return { value: isFollowed ? await followedSide(config, await client()) : proofSide(config, undefined) };
  } catch (thrown) {
    return { why: asGatehouseError(thrown).message };
  }
}
