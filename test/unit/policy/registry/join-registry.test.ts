import assert from 'node:assert/strict';
import { joinRegistry, type RegistryParts } from '../../../../src/policy/registry/join-registry.ts';
import type { Endpoint, LabelPairs, ServiceEntry } from '../../../../src/policy/registry/registry.ts';

const pod = (name: string, labels: LabelPairs, namespace = 'shop'): Endpoint => ({
  ...{ namespace, name, serviceAccount: 'web', labels, addresses: [], hostNetwork: false },
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
});
const service = (name: string, selector: LabelPairs, target = 'http', namespace = 'shop'): ServiceEntry => ({
  ...{ namespace, name, selector },
  ports: [{ target, own: 80, protocol: 'TCP' }],
});
const parts = (endpoints: readonly Endpoint[], services: readonly ServiceEntry[] = []): RegistryParts => ({
  ...{ endpoints, services, slices: [], serviceAccounts: [], networkSets: [] },
  namespaces: [{ name: 'shop', labels: [] }],
});
const copy = (given: RegistryParts): RegistryParts => structuredClone(given);

describe('joinRegistry', () => {
  const pods = [
    pod('a', [['app', 'a']]),
    pod('b', [
      ['app', 'b'],
      ['tier', 'front'],
    ]),
    pod('c', [['app', 'a']], 'bank'),
  ];
  const services = [
    service('all', [['app', 'a']]),
    service('number', [['app', 'a']], '9090'),
    service('two', [
      ['tier', 'front'],
      ['app', 'b'],
    ]),
    service('other', [
      ['tier', 'front'],
      ['app', 'a'],
    ]),
    service('unnamed', [['app', 'b']], 'grpc'),
    service('elsewhere', [['app', 'a']], 'http', 'bank'),
  ];

  it('puts before each pod the Services that select it, in their order', () => {
    const { endpoints } = joinRegistry(parts(pods, services), undefined);
    const behind = endpoints.map((one) => one.behind?.map(({ service: key, port }) => `${key} ${port}`));
    assert.deepEqual(behind, [
      ['service shop/all 8080', 'service shop/number 9090'],
      ['service shop/two 8080'],
      ['service bank/elsewhere 8080'],
    ]);
  });

  it('is the same value while its parts say the same', () => {
    const first = joinRegistry(parts(pods, services), undefined);
    assert.equal(joinRegistry(parts(pods, services), first), first);
    assert.equal(joinRegistry(copy(parts(pods, services)), first), first);
    const bare = joinRegistry(parts(pods), undefined);
    assert.equal(joinRegistry(copy(parts(pods)), bare), bare);
    assert.equal(joinRegistry(copy(parts(pods, [service('none', [['app', 'z']])])), bare), bare);
  });

  it('keeps every pod that did not change, whatever else did', () => {
    const first = joinRegistry(parts(pods, services), undefined);
    const [a, b, c] = first.endpoints;
    const changed = joinRegistry(copy(parts([pods[0]!, pod('b', []), pods[2]!], services)), first);
    assert.deepEqual(changed.endpoints[1], pod('b', []));
    assert.ok(changed.endpoints[0] === a && changed.endpoints[2] === c);
    assert.equal(changed.namespaces, first.namespaces);
    const fewer = joinRegistry(copy(parts(pods, services.slice(1))), first);
    assert.ok(fewer.endpoints[0] !== a && fewer.endpoints[1] === b && fewer.endpoints[2] === c);
    const back = joinRegistry(parts(pods, services), joinRegistry(parts([]), fewer));
    assert.deepEqual(back, first);
  });
});
