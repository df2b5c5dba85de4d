import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { KubernetesClient, KubernetesRequest } from '../../../../../src/platform/kubernetes/client.ts';
import { impliedNamespaces } from '../../../../../src/server/authority/cluster/implied-namespaces.ts';

const namespace = (name: string, resourceVersion = '1') => ({ metadata: { name, resourceVersion } });
const whole = { metadata: { resourceVersion: '1', annotations: { 'k8s.io/initial-events-end': 'true' } } };

/** A watch that tells these, and is then quiet. */
function rig(labelSelector: string | undefined, events: readonly unknown[], own?: string) {
  const stopping = new AbortController();
  const { signal } = stopping;
  const asked: KubernetesRequest[] = [];
  const client: KubernetesClient = {
    request: () => Promise.reject(new Error('nothing else is asked')),
    async *stream(ask) {
      asked.push(ask);
      yield* events;
      await once(signal, 'abort');
    },
    close: async () => undefined,
  };
  const implied = impliedNamespaces({
    ...{ namespaces: ['named'], labelSelector, own, client, signal, said: () => undefined },
  });
  const until = (name: string) =>
    new Promise<ReadonlySet<string>>((resolve) => {
      const look = (names: ReadonlySet<string>): void => (names.has(name) ? resolve(names) : undefined);
      implied.subscribe(look);
      look(implied.value);
    });
  return { implied, until, asked, stop: () => stopping.abort() };
}

const told = (...names: string[]) => [
  ...names.map((name) => ({ type: 'ADDED', object: namespace(name) })),
  { type: 'BOOKMARK', object: whole },
];

describe('impliedNamespaces', () => {
  it('are those that are named, and no API server is asked', () => {
    const { implied, asked, stop } = rig(undefined, []);
    assert.deepEqual([...implied.value], ['named']);
    assert.deepEqual(asked, []);
    stop();
  });

  it('are besides those with the labels, but kube-system and our own', async () => {
    const { until, asked, stop } = rig('a=b', told('shop', 'kube-system', 'gatehouse-system'), 'gatehouse-system');
    assert.deepEqual([...(await until('shop'))], ['named', 'shop']);
    assert.equal(asked[0]?.query?.['labelSelector'], 'a=b');
    stop();
  });

  it('come and go with the labels; what is named stays', async () => {
    const { until, stop } = rig('a=b', [
      ...told('shop', 'named'),
      { type: 'ADDED', object: namespace('bank', '2') },
      { type: 'DELETED', object: namespace('shop', '3') },
      { type: 'DELETED', object: namespace('named', '4') },
      { type: 'ADDED', object: namespace('end', '5') },
    ]);
    assert.deepEqual([...(await until('end'))].sort(), ['bank', 'end', 'named']);
    stop();
  });
});
