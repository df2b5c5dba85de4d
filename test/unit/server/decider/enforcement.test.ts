import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import type { PolicyModel } from '../../../../src/policy/model.ts';
import { createEnforcement } from '../../../../src/server/decider/enforcement.ts';
import { createInForce } from '../../../../src/server/decider/in-force.ts';
import type { DeciderSettings, FromDecider } from '../../../../src/server/decider/messages.ts';
import { eventually } from '../../../support/eventually.ts';

const settings: DeciderSettings = {
  ...{ transport: 'lane', allowEmpty: true, trustDomain: 'cluster.local' as DeciderSettings['trustDomain'] },
  check: {
    ...{ workloads: [], clients: [], trustedHops: 0, ownPrefixes: [], verifyPeer: 'off', peerTrustDomains: 'any' },
    ...{ ambiguousRequests: 'asUpstream', decisionHeader: false },
  },
};

/** So many pods that they are not indexed within one slice, each time others. */
const modelOf = (generation: number): PolicyModel => ({
  ...{ generation, absence: 'upstream', planes: [] },
  registry: {
    ...{ namespaces: [], serviceAccounts: [], networkSets: [] },
    endpoints: Array.from({ length: 20_000 }, (_, i) => ({
      ...{ namespace: 'a', name: `${generation}-${i}`, serviceAccount: 'a', labels: [], ports: [], hostNetwork: false },
      addresses: [`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`],
    })),
  },
});

describe('enforcement', () => {
  it('puts something in force however often something else comes before it is ready, and the last one in the end', async () => {
    const inForce = createInForce();
    const told: FromDecider[] = [];
    using enforcement = createEnforcement({
      inForce,
      tell: (message) => told.push(message),
      checks: () => 0,
      changed: () => undefined,
    });
    inForce.putRevocations({ sequence: 1n } as unknown as Parameters<typeof inForce.putRevocations>[0]); // nobody asks
    enforcement.configure(settings);
    enforcement.takePolicies(modelOf(1));
    const generations = (): number[] => told.flatMap((one) => (one.kind === 'in-force' ? [one.generation] : []));
    assert.deepEqual(generations(), [1]);
    let generation = 1;
    while (generations().length < 4 && generation < 300) {
      enforcement.takePolicies(modelOf(++generation));
      for (let i = 0; i < 4; i++) await turn();
    }
    assert.ok(generations().length >= 4, `${generations().length - 1} came into force while ${generation} others came`);
    await eventually('the last one is in force', () => generations().includes(generation) || undefined);
    assert.deepEqual(
      generations(),
      generations().toSorted((a, b) => a - b),
    );
  });
});
