import assert from 'node:assert/strict';
import type { CheckResponse } from '../../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';
import { checkRequestOf } from '../../reference/calico-random.ts';
import { type KubernetesWorld, randomKubernetesWorld } from '../../reference/kubernetes-random.ts';
import { calicoCheck } from '../calico-player.ts';
import { askJudge, buildJudge } from './go-judge.ts';

const WORLDS = 1_000;
const CONNECTIONS = 120;

type Document = {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Record<string, string> };
};

const question = ({ policies, registry, connections }: KubernetesWorld) => {
  const documents = registry as unknown as readonly Document[]; // the generator's own form
  return {
    Policies: policies,
    Namespaces: Object.fromEntries(
      documents
        .filter(({ kind }) => kind === 'Namespace')
        .map(({ metadata }) => [metadata.name, metadata.labels ?? {}]),
    ),
    Pods: documents.filter(({ kind }) => kind === 'Pod'),
    Connections: connections.map(({ source, destination, port, protocol }) => ({
      Source: source,
      Destination: destination,
      Port: port,
      Protocol: protocol,
    })),
  };
};

function answersOf({ policies, registry, connections }: KubernetesWorld): CheckResponse[] {
  const text = (documents: readonly unknown[]): string => documents.map((one) => JSON.stringify(one)).join('\n---\n');
  const { check, findings } = calicoCheck(text(policies), text(registry), 'upstream', { calico: 'off', l4: 'enforce' });
  assert.deepEqual(
    findings.filter(({ severity }) => severity === 'error'),
    [],
  );
  return connections.map(({ source, destination, from, to, port, protocol }) =>
    check(
      checkRequestOf({
        source: { address: source, port: 40_000, principal: from, labels: {} },
        destination: { address: destination, port, principal: to, labels: {} },
        protocol: protocol === 'UDP' ? 17 : 6,
        http: undefined,
      }),
    ),
  );
}

describe('the l4 plane against cyclonus', () => {
  it(`lets the same of ${WORLDS * CONNECTIONS} random connections pass`, async () => {
    const seed = Date.now() % 1_000_000;
    const worlds = Array.from({ length: WORLDS }, (_, i) => randomKubernetesWorld(seed + i, CONNECTIONS));
    const verdicts = await askJudge<ReturnType<typeof question>, boolean[]>(
      buildJudge('cyclonus'),
      worlds.map(question),
    );
    let allowed = 0;
    for (const [w, world] of worlds.entries()) {
      for (const [i, response] of answersOf(world).entries()) {
        const wanted = verdicts[w]![i]!; // as many as were asked
        if (wanted) allowed += 1;
        assert.equal(
          response.status?.code === 0,
          wanted,
          `seed ${seed + w}: ${JSON.stringify(world.connections[i])} under ${JSON.stringify(world.policies)}: ${JSON.stringify(response.dynamicMetadata)}`,
        );
      }
    }
    const share = allowed / (WORLDS * CONNECTIONS);
    assert.ok(share > 0.2 && share < 0.8, `${share} of them pass: the worlds say little`);
  }).timeout(600_000);
});
