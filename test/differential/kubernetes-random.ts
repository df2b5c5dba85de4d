/**
 * Random Kubernetes network policy: the l4 plane against the plain evaluator.
 *
 *     node test/differential/kubernetes-random.ts [cases] [seed]
 * @module
 */
import { checkRequestOf } from '../reference/calico-random.ts';
import { KubernetesReference } from '../reference/kubernetes.ts';
import { randomKubernetesWorld } from '../reference/kubernetes-random.ts';
import { calicoCheck } from './calico-player.ts';

const CONNECTIONS = 60;

/** Plays `cases` random connections; returns the first that is answered differently, if any is. */
export function playRandomKubernetes(cases: number, firstSeed: number): string | undefined {
  for (let seed = firstSeed; seed < firstSeed + cases / CONNECTIONS; seed++) {
    const { policies, registry, connections } = randomKubernetesWorld(seed, CONNECTIONS);
    const reference = new KubernetesReference([...policies, ...registry]);
    const text = (documents: readonly unknown[]): string => documents.map((one) => JSON.stringify(one)).join('\n---\n');
    const { check, findings } = calicoCheck(text(policies), text(registry), 'upstream', {
      calico: 'off',
      l4: 'enforce',
    });
    const refused = findings.find(({ severity }) => severity === 'error');
    if (refused !== undefined) return `seed ${seed}: refused: ${JSON.stringify(refused)}`;
    for (const [i, connection] of connections.entries()) {
      const { source, destination, from, to, port, protocol } = connection;
      const request = checkRequestOf({
        source: { address: source, port: 40_000, principal: from, labels: {} },
        destination: { address: destination, port, principal: to, labels: {} },
        protocol: protocol === 'UDP' ? 17 : 6,
        http: undefined,
      });
      const got = check(request);
      if (reference.allows(connection) === (got.status?.code === 0)) continue;
      return `seed ${seed}, connection ${i}: ${JSON.stringify(connection)} expected ${reference.allows(connection)}, got ${JSON.stringify(got.dynamicMetadata)}`;
    }
  }
  return undefined;
}

if (import.meta.main) {
  const cases = Number(process.argv[2] ?? 100_000);
  const seed = Number(process.argv[3] ?? 1);
  const difference = playRandomKubernetes(cases, seed);
  console.log(difference ?? `${cases} cases from seed ${seed}: 0 differ`);
  process.exitCode = difference === undefined ? 0 : 1;
}
