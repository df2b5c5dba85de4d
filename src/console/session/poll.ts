/**
 * An answer that is asked for again and again while somebody looks at it.
 * @module
 */
import { type Signal, signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { Answer, Question, Route } from '../../admin-api/routes.ts';
import { ask } from './ask.ts';

/** What is known. */
export interface Polled<A> {
  readonly answer: A | undefined;
  /** Why the last try failed; the answer is then an older one. */
  readonly trouble: string;
}

/** Asks at once, then every so often; the next question waits for the answer, and nothing is asked while the page is hidden. */
export function usePolled<R extends Route>(
  route: R,
  question: Question<R>,
  everyMs: number,
): Signal<Polled<Answer<R>>> {
  const key = JSON.stringify(question);
  const polled = useMemo(() => signal<Polled<Answer<R>>>({ answer: undefined, trouble: '' }), [route, key]);
  useEffect(() => {
    const stopping = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async (): Promise<void> => {
      if (!document.hidden || polled.value.answer === undefined) {
        try {
          polled.value = { answer: await ask(route, question, stopping.signal), trouble: '' };
        } catch (thrown) {
          if (stopping.signal.aborted) return;
          polled.value = { ...polled.value, trouble: (thrown as Error).message };
        }
      }
      timer = setTimeout(() => void look(), everyMs);
    };
    void look();
    return () => {
      stopping.abort();
      clearTimeout(timer);
    };
  }, [route, key, everyMs]);
  return polled;
}
