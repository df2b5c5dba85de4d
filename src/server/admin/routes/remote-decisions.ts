/**
 * Decisions of deciders elsewhere: the records that they have sent, and the derivations that they are asked for.
 *
 * What they say is read as what a stranger says: by the schema of the route, under the decider's own name.
 * @module
 */
import * as z from 'zod';
import { type Derivation, decisionRecordShape, derivationAnswer } from '../../../admin-api/decisions.ts';
import { GatehouseError } from '../../../errors.ts';
import type { RemoteAnswer, RemoteDeciders } from '../../decider/remote-deciders.ts';
import type { DecisionRecord } from '../../log/decision-record.ts';

/** A record of a decider elsewhere. */
export interface ReadRecord {
  readonly decider: string;
  readonly record: DecisionRecord;
}

/**
 * The decisions that they have sent; one that makes no sense is left out.
 *
 * @param since  only what has come later: microseconds of `performance.now`, as the decision log counts
 */
export const remoteDecisions = (remote: RemoteDeciders, since = 0): readonly ReadRecord[] =>
  remote.decisions().flatMap(({ decider, record, heardAt }) => {
    if (heardAt <= since) return [];
    const { success, data } = decisionRecordShape.safeParse(jsonOf(record));
    return success ? [{ decider, record: data as DecisionRecord }] : []; // no member of JSON is undefined
  });

const answerShape = z.union([
  z.object({ derivation: derivationAnswer }),
  z.object({ error: z.object({ code: z.string(), message: z.string().max(10_000) }) }),
]);

/**
 * Asks the decider that made a decision.
 *
 * @returns undefined where no decider elsewhere says that it did
 * @throws GatehouseError `unreachable` when it is away, does not answer, or says what makes no sense; naming it
 */
export async function remoteDerivation(remote: RemoteDeciders, id: string): Promise<Derivation | undefined> {
  const answers = (await remote.ask(id)).map((answer) => ({ decider: answer.decider, said: readAnswer(answer, id) }));
  const derived = answers.filter(({ said }) => 'derivation' in said);
  const [first] = derived;
  if (derived.length > 1)
    throw new GatehouseError(
      'unreachable',
      `the deciders ${derived.map(({ decider }) => decider).join(' and ')} all say that they made the decision ${id}: at most one speaks the truth`,
      { id, deciders: derived.map(({ decider }) => decider) },
    );
  if (first !== undefined && 'derivation' in first.said) {
    const others = answers.flatMap(({ decider, said }) =>
      'failed' in said ? [`the decider ${decider} says that it made this decision too, and: ${said.failed}`] : [],
    );
    const { derivation } = first.said;
    return { ...derivation, decider: first.decider, notes: [...derivation.notes, ...others] };
  }
  const [failed] = answers;
  if (failed === undefined) return undefined;
  const why = 'failed' in failed.said ? failed.said.failed : '';
  throw new GatehouseError('unreachable', `decision ${id}: ${why}`, { id, decider: failed.decider });
}

type Said = { readonly derivation: Derivation } | { readonly failed: string };

function readAnswer(answer: RemoteAnswer, id: string): Said {
  if ('failed' in answer)
    return { failed: answer.failed instanceof Error ? answer.failed.message : String(answer.failed) };
  const read = answerShape.safeParse(jsonOf(answer.answer));
  if (!read.success) return { failed: `the decider ${answer.decider} answers what makes no sense` };
  if ('error' in read.data) return { failed: `the decider ${answer.decider} says: ${read.data.error.message}` };
  if (read.data.derivation.record.id === id) return read.data;
  return { failed: `the decider ${answer.decider} answers with another decision` };
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined; // no schema takes that
  }
}
