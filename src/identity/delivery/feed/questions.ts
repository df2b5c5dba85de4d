/**
 * Questions to one decider elsewhere, on their way and waiting for their answers.
 * @module
 */
import { create } from '@bufbuild/protobuf';
import { GatehouseError } from '../../../errors.ts';
import { type Answer, type Question, QuestionSchema } from '../../../gen/gatehouse/feed/v1/feed_pb.ts';

/** Asks over one stream. */
export interface Questions {
  /**
   * Asks to derive a decision; resolves with the answer, JSON as the decider wrote it.
   * @throws GatehouseError `unreachable` when no answer comes, or too large a one
   */
  ask(decisionId: string): Promise<Uint8Array>;
  /** Those that have not been sent yet. */
  takeNew(): Question[];
  /** Takes a piece of an answer; one to what was not asked is nothing. */
  hear(answer: Answer): void;
  /** Answers whatever waits with an error. */
  close(why: string): void;
}

interface Waiting {
  readonly pieces: Uint8Array[];
  bytes: number;
  readonly done: (answer: Uint8Array | GatehouseError) => void;
}

const MOST_WAITING = 16;
const MOST_ANSWER_BYTES = 2 * 1024 * 1024;
const ANSWER_TIMEOUT_MS = 10_000;

/**
 * Creates what asks one decider.
 *
 * @param decider  its name
 * @param wake  called when there is something to send
 */
export function createQuestions(decider: string, wake: () => void, timeoutMs = ANSWER_TIMEOUT_MS): Questions {
  const waiting = new Map<bigint, Waiting>();
  let unsent: Question[] = [];
  let last = 0n;
  const fail = (why: string): GatehouseError =>
    new GatehouseError('unreachable', `the decider ${decider} made this decision and ${why}`, { decider });
  return {
    ask(decisionId) {
      if (waiting.size >= MOST_WAITING) return Promise.reject(fail('is asked too much at once: ask again'));
      const number = ++last;
      return new Promise((resolve, reject) => {
        const done: Waiting['done'] = (answer) => {
          clearTimeout(timer);
          waiting.delete(number);
          unsent = unsent.filter((each) => each.number !== number);
          if (answer instanceof GatehouseError) reject(answer);
          else resolve(answer);
        };
        const timer = setTimeout(() => done(fail(`did not answer within ${timeoutMs / 1000} s`)), timeoutMs);
        waiting.set(number, { pieces: [], bytes: 0, done });
        unsent.push(create(QuestionSchema, { number, decisionId }));
        wake();
      });
    },
    takeNew: () => unsent.splice(0),
    hear({ number, piece, complete }) {
      const asked = waiting.get(number);
      if (asked === undefined) return;
      asked.bytes += piece.length;
      if (asked.bytes > MOST_ANSWER_BYTES) return asked.done(fail('answers with more than 2 MiB: ask it there'));
      asked.pieces.push(piece);
      if (complete) asked.done(Buffer.concat(asked.pieces));
    },
    close(why) {
      for (const { done } of [...waiting.values()]) done(fail(why));
    },
  };
}
