/**
 * Asks the running server about one request of each way that the proofs find open.
 * @module
 */
import type { AdminClient } from '../../../../admin-api/client.ts';
import { asGatehouseError } from '../../../../errors.ts';
import type { Known, ProofEvidence, TriedOpening } from '../evidence.ts';

/** More ways than these are told as they are: each costs a question. */
const MOST = 32;

/** The same evidence, each way into a workload with what the server says to a request of it; ways of pods to come cannot be asked about. */
export async function askOpenings(
  proof: Known<ProofEvidence>,
  client: () => Promise<AdminClient>,
): Promise<Known<ProofEvidence>> {
  if (!('value' in proof)) return proof;
  const { unnamedIn, anonymous } = proof.value;
  if (unnamedIn.length + anonymous.length === 0) return proof;
  let left = MOST;
  const ask = async (opening: TriedOpening): Promise<TriedOpening> => {
    const { witness } = opening;
    if (witness === undefined || !witness.isOfToday || witness.claims !== undefined || left-- <= 0) return opening;
    try {
      const { ask: asking } = await client();
      return {
        ...opening,
        said: saidOf(await asking('POST /v1/explain', { request: witness.request, believePeer: true })),
      };
    } catch (thrown) {
      return { ...opening, said: `the running server cannot be asked about it: ${asGatehouseError(thrown).message}` };
    }
  };
  const asked = async (some: readonly TriedOpening[]): Promise<readonly TriedOpening[]> => {
    const out: TriedOpening[] = [];
    for (const each of some) out.push(await ask(each)); // one after the other: the server has other work
    return out;
  };
  return { value: { ...proof.value, unnamedIn: await asked(unnamedIn), anonymous: await asked(anonymous) } };
}

const saidOf = ({ decision, reason, summary }: { decision: string; reason: string; summary: string }): string =>
  decision === 'allow'
    ? 'asked about one such request, the running server allows it'
    : `asked about one such request, the running server denies it (${reason}): ${summary}`;
