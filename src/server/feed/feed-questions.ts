/**
 * Answers what the authority asks a decider, in pieces that its messages have room for.
 * @module
 */
import { create } from '@bufbuild/protobuf';
import { asGatehouseError, meaningOf } from '../../errors.ts';
import { type Answer, AnswerSchema, type Question } from '../../gen/gatehouse/feed/v1/feed_pb.ts';

/** Derives a decision that was made here; what it resolves with becomes JSON. @throws GatehouseError `not_found` */
export type Derive = (decisionId: string) => Promise<unknown>;

const PIECE_BYTES = 32 * 1024;
const DECISION_ID = /^[0-9A-Za-z_-]{22}$/;

/** Makes the answer to one question: the derivation, or why there is none. */
export async function answersTo({ number, decisionId }: Question, derive: Derive): Promise<readonly Answer[]> {
  const bytes = Buffer.from(JSON.stringify(await answerTo(decisionId, derive)));
  const answers: Answer[] = [];
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    const complete = at + PIECE_BYTES >= bytes.length;
    answers.push(create(AnswerSchema, { number, piece: bytes.subarray(at, at + PIECE_BYTES), complete }));
  }
  return answers;
}

async function answerTo(decisionId: string, derive: Derive): Promise<object> {
  try {
    if (DECISION_ID.test(decisionId)) return { derivation: await derive(decisionId) };
    return { error: { code: 'message_invalid', message: 'that is no id of a decision' } };
  } catch (thrown) {
    const { code, message } = asGatehouseError(thrown);
    return { error: { code, message: code === 'internal' ? meaningOf(code).safeText : message } };
  }
}
