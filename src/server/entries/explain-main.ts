/**
 * The entry of the explaining thread: it answers one question after the other, beside everything that must not wait for it.
 * @module
 */
import { parentPort } from 'node:worker_threads';
import { asGatehouseError } from '../../errors.ts';
import type { ExplainAnswer, ExplainOrder } from '../explain/explain-thread.ts';
import { createExplainer, type Explainer } from '../explain/explainer.ts';

/** The last one made; its states differ seldom from one question to the next. */
let known: { readonly state: number; readonly explainer: Promise<Explainer> } | undefined;

parentPort?.on('message', (order: ExplainOrder) => {
  void answer(order).then((message) => parentPort?.postMessage(message));
});

async function answer({ id, state, parts, question }: ExplainOrder): Promise<ExplainAnswer> {
  try {
    if (parts !== undefined) known = { state, explainer: createExplainer(parts) };
    if (known?.state !== state)
      return { id, error: { code: 'internal', message: 'asked about a state that was not told' } };
    return { id, explanation: (await known.explainer)(question) };
  } catch (thrown) {
    const { code, message, details } = asGatehouseError(thrown);
    return { id, error: { code, message, details } };
  }
}
