import assert from 'node:assert/strict';
import { checkRequestOf } from '../../reference/calico-random.ts';
import { kernelRules } from '../../reference/kernel-rules.ts';
import { randomKubernetesWorld } from '../../reference/kubernetes-random.ts';
import { calicoCheck } from '../calico-player.ts';
import { startPodNetwork } from './pod-network.ts';

const WORLDS = 40;
const OUTSIDE = '203.0.113.9';
const pods = Array.from({ length: 7 }, (_, i) => `10.0.0.${i + 1}`);

describe('the l4 plane against the kernel', () => {
  it(`says of real connections between network namespaces what nftables does to them, in ${WORLDS} random worlds`, async () => {
    await using network = await startPodNetwork([...pods, OUTSIDE], [80, 85, 443]);
    const seed = Date.now() % 1_000_000;
    const counts = { made: 0, refused: 0 };
    for (let i = 0; i < WORLDS; i++) {
      const { policies, registry, connections } = randomKubernetesWorld(seed + i, 120);
      network.rule(kernelRules(policies, registry));
      const text = (documents: readonly unknown[]): string =>
        documents.map((one) => JSON.stringify(one)).join('\n---\n');
      const { check } = calicoCheck(text(policies), text(registry), 'upstream', { calico: 'off', l4: 'enforce' });
      const tcp = connections.filter(({ protocol }) => protocol === 'TCP');
      for (const [source, asked] of Map.groupBy(tcp, (one) => one.source)) {
        const reached = await network.connect(
          source,
          asked.map(({ destination, port }) => ({ address: destination, port })),
        );
        for (const [n, { destination, from, to, port }] of asked.entries()) {
          const { status, dynamicMetadata } = check(
            checkRequestOf({
              source: { address: source, port: 40_000, principal: from, labels: {} },
              destination: { address: destination, port, principal: to, labels: {} },
              protocol: 6,
              http: undefined,
            }),
          );
          counts[reached[n] === true ? 'made' : 'refused'] += 1;
          assert.equal(
            status?.code === 0,
            reached[n],
            `seed ${seed + i}: ${source} -> ${destination}:${port} under ${JSON.stringify(policies)}: ${JSON.stringify(dynamicMetadata)}`,
          );
        }
      }
    }
    assert.ok(counts.made > 500 && counts.refused > 500, JSON.stringify(counts));
  }).timeout(300_000);
});
