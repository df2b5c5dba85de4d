/**
 * Prepared answers, by what they depend on.
 * @module
 */
import type { Decision } from '../../policy/decision.ts';
import { type AnswerContext, type PreparedAnswer, prepareAnswer } from './respond.ts';

interface Entry {
  readonly context: AnswerContext;
  readonly answer: PreparedAnswer;
}

/** Answers kept for one decision: seldom more than one, because programs of different workloads make different decisions. */
const MOST_KEPT = 4;

/** Forgets with the snapshot whose decisions it answered. */
export class AnswerBook {
  readonly #entries = new WeakMap<Decision, Entry[]>();

  /** The bytes of an answer with this id; a copy of the caller's own. */
  answer(context: AnswerContext, id: Buffer): Uint8Array {
    const { bytes, idAt } = this.#prepared(context);
    const out = Buffer.allocUnsafe(bytes.length);
    out.set(bytes);
    for (let i = 0; i < idAt.length; i++) out.set(id, idAt[i]);
    return out;
  }

  #prepared(context: AnswerContext): PreparedAnswer {
    const entries = this.#entries.get(context.decision) ?? [];
    for (let i = 0; i < entries.length; i++) if (isSame(entries[i]!.context, context)) return entries[i]!.answer;
    const answer = prepareAnswer(context);
    if (context.rejected !== undefined) return answer; // names the request: not worth keeping
    if (entries.length === 0) this.#entries.set(context.decision, entries);
    if (entries.length >= MOST_KEPT) entries.shift();
    entries.push({ context: { ...context }, answer });
    return answer;
  }
}

function isSame(a: AnswerContext, b: AnswerContext): boolean {
  return (
    a.destination === b.destination && a.snapshot === b.snapshot && a.effects === b.effects && a.rejected === b.rejected
  );
}
