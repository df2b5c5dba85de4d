/**
 * Random Calico policy: the compiled index against the plain evaluator.
 *
 *     node test/differential/calico-random.ts [cases] [seed]
 * @module
 */
import { CalicoReference } from '../reference/calico.ts';
import { checkRequestOf, randomWorld } from '../reference/calico-random.ts';
import { calicoCheck } from './calico-player.ts';

const REQUESTS = 100;

/** Plays `cases` random requests; returns the first world in which an answer differs, if any does. */
export function playRandomCalico(cases: number, firstSeed: number): string | undefined {
  for (let seed = firstSeed; seed < firstSeed + cases / REQUESTS; seed++) {
    const { policies, registry, requests } = randomWorld(seed, REQUESTS);
    const reference = new CalicoReference([...policies, ...registry]);
    const text = (documents: readonly unknown[]): string => documents.map((one) => JSON.stringify(one)).join('\n---\n');
    const { check, findings } = calicoCheck(text(policies), text(registry), 'upstream');
    const refused = findings.find(({ severity }) => severity === 'error');
    if (refused !== undefined) return `seed ${seed}: refused: ${JSON.stringify(refused)}`;
    for (const [i, request] of requests.entries()) {
      const want = reference.check(request);
      const got = check(checkRequestOf(request));
      if ((want.code === 0) === (got.status?.code === 0)) continue;
      return `seed ${seed}, request ${i}: ${JSON.stringify(request)} expected ${want.code} by ${want.by.join(' ')}, got ${JSON.stringify(got.dynamicMetadata)}`;
    }
  }
  return undefined;
}

if (import.meta.main) {
  const cases = Number(process.argv[2] ?? 100_000);
  const seed = Number(process.argv[3] ?? 1);
  const difference = playRandomCalico(cases, seed);
  console.log(difference ?? `${cases} cases from seed ${seed}: 0 differ`);
  process.exitCode = difference === undefined ? 0 : 1;
}
