/**
 * Answers that are worked out once for each question.
 * @module
 */

/** The same function with a memory. */
export function once<T>(answer: (question: string) => T): (question: string) => T {
  const known = new Map<string, T>();
  return (question) => {
    if (!known.has(question)) known.set(question, answer(question));
    return known.get(question) as T; // just set
  };
}
