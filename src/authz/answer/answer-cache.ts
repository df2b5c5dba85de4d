/**
 * Prepared answers, by what they depend on.
 * @module
 */
import type { Decision } from '../../policy/decision.ts';
import { type AnswerContext, type PreparedAnswer, prepareAnswer } from './respond.ts';

/** How one kind of answer is made: prepared once for each outcome, then given its id. */
export interface AnswerForm<Prepared, Answer> {
  prepare(context: AnswerContext): Prepared;
  /** A copy with this id. */
  withId(prepared: Prepared, id: Buffer): Answer;
}

interface Entry<Prepared> {
  readonly context: AnswerContext;
  readonly prepared: Prepared;
}

/** Answers stored for one decision: seldom more than one, because programs of different workloads make different decisions. */
const MOST_ANSWERS = 4;

/** Stores prepared answers by their decisions; they go with the snapshot that made these. */
export class AnswerCache<Prepared, Answer> {
  readonly #form: AnswerForm<Prepared, Answer>;
  readonly #entries = new WeakMap<Decision, Entry<Prepared>[]>();

  constructor(form: AnswerForm<Prepared, Answer>) {
    this.#form = form;
  }

  /** Returns an answer with this id, which the caller may change. */
  answer(context: AnswerContext, id: Buffer): Answer {
    return this.#form.withId(this.#prepared(context), id);
  }

  #prepared(context: AnswerContext): Prepared {
    const entries = this.#entries.get(context.decision) ?? [];
    for (let i = 0; i < entries.length; i++) if (isSame(entries[i]!.context, context)) return entries[i]!.prepared;
    const prepared = this.#form.prepare(context);
    if (context.rejected !== undefined) return prepared; // it names the request: no other gets the same
    if (entries.length === 0) this.#entries.set(context.decision, entries);
    if (entries.length >= MOST_ANSWERS) entries.shift();
    entries.push({ context: { ...context }, prepared });
    return prepared;
  }
}

/** CheckResponses as bytes. */
export const checkResponses: AnswerForm<PreparedAnswer, Uint8Array> = {
  prepare: prepareAnswer,
  withId({ bytes, idAt }, id) {
    const out = Buffer.allocUnsafe(bytes.length);
    out.set(bytes);
    for (let i = 0; i < idAt.length; i++) out.set(id, idAt[i]);
    return out;
  },
};

function isSame(a: AnswerContext, b: AnswerContext): boolean {
  return (
    a.destination === b.destination && a.snapshot === b.snapshot && a.effects === b.effects && a.rejected === b.rejected
  );
}
