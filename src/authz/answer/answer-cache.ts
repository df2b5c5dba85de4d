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

/** Answers stored for one decision: seldom more than one, because programs of different workloads make different decisions. */
const MOST_ANSWERS = 4;

/** Stores prepared answers by their decisions; they go with the snapshot that made these. */
export class AnswerCache {
  readonly #entries = new WeakMap<Decision, Entry[]>();

  /** Returns the bytes of an answer with this id, in a copy that the caller may change. */
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
    if (context.rejected !== undefined) return answer; // it names the request: no other gets the same
    if (entries.length === 0) this.#entries.set(context.decision, entries);
    if (entries.length >= MOST_ANSWERS) entries.shift();
    entries.push({ context: { ...context }, answer });
    return answer;
  }
}

function isSame(a: AnswerContext, b: AnswerContext): boolean {
  return (
    a.destination === b.destination && a.snapshot === b.snapshot && a.effects === b.effects && a.rejected === b.rejected
  );
}
