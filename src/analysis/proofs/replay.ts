/**
 * Asks the real decision about witnesses: what is printed was decided so.
 * @module
 */
import type { QuestionOptions } from '../../authz/question.ts';
import { GatehouseError } from '../../errors.ts';
import { Compilations } from '../../policy/compile/compilations.ts';
import { compileSnapshot } from '../../policy/compile/compile-snapshot.ts';
import type { Decision } from '../../policy/decision.ts';
import type { PolicyModel } from '../../policy/model.ts';
import { createReading } from './reading.ts';
import type { Witness } from './witness.ts';

/** Decides witnesses; undefined: refused before any policy was asked. */
export type Replay = (witness: Pick<Witness, 'request' | 'claims'>) => Decision | undefined;

/** Compiles a model, and decides by it. @param compilations  of models that are nearly the same */
export function createReplay(
  model: PolicyModel,
  options: QuestionOptions,
  allowEmpty: boolean,
  compilations: Compilations = new Compilations(),
): Replay {
  const snapshot = compileSnapshot(model, { allowEmpty, compilations });
  const read = createReading(options);
  return (witness) => {
    const facts = read(witness);
    return facts && snapshot.decide(facts);
  };
}

/** The error of a witness that was decided otherwise: a fault of ours, worth a report. */
export function disagrees({ request, claims }: Witness, wanted: string, got: string | undefined): GatehouseError {
  const asked = JSON.stringify({ ...request, ...(claims && { claims }) });
  return new GatehouseError(
    'internal',
    `the exact analysis says ${wanted} and the decision ${got ?? 'refuses to read it'}, so nothing is printed; please report this request and its policies: ${asked}`,
  );
}
