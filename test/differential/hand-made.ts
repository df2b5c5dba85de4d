/**
 * Hand-made corner cases: asked of the judge, played against the product.
 * @module
 */
import type { Case } from './case.ts';
import { curlLine } from './curl-line.ts';
import { askJudge } from './judge.ts';
import { type Outcome, playCase } from './play-case.ts';

/** The tables, by name; made when asked for, since keys are generated for some. */
export const cornerTables: Readonly<Record<string, () => Promise<readonly Case[]>>> = {
  operations: async () => (await import('./corners/operations.ts')).operationCorners,
  callers: async () => (await import('./corners/callers.ts')).callerCorners,
  headers: async () => (await import('./corners/headers.ts')).headerCorners,
  shapes: async () => (await import('./corners/shapes.ts')).shapeCorners,
  metadata: async () => (await import('./corners/shapes.ts')).metadataCorners,
  bytes: async () => (await import('./corners/bytes.ts')).byteCorners,
  crowds: async () => (await import('./corners/crowds.ts')).crowdCorners,
  tokens: async () => (await import('./corners/tokens.ts')).tokenCorners,
};

/** Plays every `step`-th case of a table, beginning with `first`. */
export async function playCorners(name: string, step: number, first: number): Promise<readonly Outcome[]> {
  const cases = ((await cornerTables[name]?.()) ?? []).filter((_, i) => i % step === first % step);
  const answers = Map.groupBy(await askJudge(cases), (answer) => answer.case);
  const outcomes: Outcome[] = [];
  for (const of of cases) outcomes.push(await playCase(of, answers.get(of.id) ?? []));
  return outcomes;
}

/** What is wrong with an outcome, for people; undefined if nothing is. */
export function problemOf({ of, refusal, differences }: Outcome): string | undefined {
  if (refusal !== undefined) return `${of.id}: ${refusal}\n${of.documents.join('\n')}`;
  const [first] = differences;
  if (first === undefined) return undefined;
  const { vector, what, expected, got } = first;
  return [
    `${vector.id}: ${what}: Istio and Envoy say ${expected || 'nothing'}, we say ${got || 'nothing'} (${differences.length} differences)`,
    ...of.documents,
    curlLine(vector.request ?? {}),
  ].join('\n');
}
