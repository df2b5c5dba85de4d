import assert from 'node:assert/strict';
import { parseIp } from '../../../../src/lib/ip-address.ts';
import { createRegistryContext } from '../../../../src/policy/meaning/registry-context.ts';
import { type Endpoint, emptyRegistry } from '../../../../src/policy/registry/registry.ts';

const position = { file: 'pods.yaml', line: 1, column: 1 };

const pod = (name: string, serviceAccount: string, app: string): Endpoint => ({
  ...{ namespace: 'default', name, serviceAccount, labels: [['app', app]], addresses: ['10.0.0.1'] },
  ...{ ports: [], hostNetwork: false, position },
});

describe('the pod of a workload at an address', () => {
  const cases: readonly {
    readonly name: string;
    readonly pods: readonly Endpoint[];
    readonly said: string | undefined;
    readonly want: string | undefined;
  }[] = [
    { name: 'is none: what is said counts', pods: [], said: 'said', want: 'said' },
    { name: 'of another account: what is said counts', pods: [pod('a', 'other', 'x')], said: 'said', want: 'said' },
    { name: 'is one: its labels count', pods: [pod('a', 'own', 'x')], said: 'said', want: 'x' },
    {
      name: 'is one of several: that of its account',
      pods: [pod('a', 'other', 'x'), pod('b', 'own', 'y')],
      said: undefined,
      want: 'y',
    },
    {
      name: 'is one of two: the one with the labels that are said',
      pods: [pod('a', 'own', 'x'), pod('b', 'own', 'y')],
      said: 'y',
      want: 'y',
    },
    {
      name: 'may be either, and they are alike',
      pods: [pod('a', 'own', 'x'), pod('b', 'own', 'x')],
      said: undefined,
      want: 'x',
    },
    {
      name: 'may be either, and they are not alike',
      pods: [pod('a', 'own', 'x'), pod('b', 'own', 'y')],
      said: undefined,
      want: undefined,
    },
    {
      name: 'is neither, and they are not alike',
      pods: [pod('a', 'own', 'x'), pod('b', 'own', 'y')],
      said: 'said',
      want: undefined,
    },
  ];
  for (const { name, pods, said, want } of cases)
    it(name, () => {
      const context = createRegistryContext({ ...emptyRegistry, endpoints: pods }, 'upstream');
      const labels = said === undefined ? undefined : new Map([['app', said]]);
      const workload = {
        spiffeId: 'spiffe://td/ns/default/sa/own',
        namespace: 'default',
        serviceAccount: 'own',
        labels,
      };
      const found = context.locate(workload, { bytes: parseIp('10.0.0.1')!, text: '10.0.0.1' }); // it is one
      assert.equal(found.labels?.get('app'), want);
    });
});
