import assert from 'node:assert/strict';
import { type Child, startChild } from '../support/child.ts';
import { eventually } from '../support/eventually.ts';
import { type GatehouseDir, gatehouseDir } from '../support/gatehouse-dir.ts';
import { useApiServer } from '../support/kubernetes/api-server.ts';
import { makePod, removePod } from '../support/kubernetes/pod-token.ts';
import { makeCgroup } from '../support/pod-cgroup.ts';
import { gatehouseCommand, type RunningGatehouse, runGatehouse } from '../support/run-gatehouse.ts';

const container = 'c'.repeat(64);

describe('pods that call the Workload API of their node', function () {
  this.timeout(300_000);
  const server = useApiServer();
  const opened = new AsyncDisposableStack();
  let dir: GatehouseDir;
  let gatehouse: RunningGatehouse;
  const start = () => runGatehouse(dir.config);
  before(async () => {
    const { kubeconfig } = server().user('system:node:node-1', 'system:nodes');
    dir = opened.use(
      await gatehouseDir({
        kubernetes: { kubeconfig, policies: false, registry: false },
        attestation: { kubernetes: { nodeName: 'node-1', implicit: { namespaces: ['default'] } } },
        entries: [
          {
            spiffeId: 'spiffe://cluster.local/proxy',
            selectors: ['k8s:ns:default', 'k8s:pod-label:app:details', 'k8s:container-name:app', 'unix:uid:0'],
          },
        ],
      }),
    );
    await makePod(server(), 'first');
    gatehouse = await start();
    opened.defer(() => gatehouse[Symbol.asyncDispose]());
  });
  after(() => opened.disposeAsync());

  /** `svid fetch` by a process in that control group. */
  async function fetch(path: string): Promise<{ readonly ids: readonly string[]; readonly text: string }> {
    using group = makeCgroup(path);
    const [program, args] = gatehouseCommand(
      'svid',
      'fetch',
      '--socket',
      `unix:${dir.at('run/workload.sock')}`,
      '--output',
      'json',
    );
    await using child: Child = startChild('/bin/sh', ['-c', `${group.enter}; exec "$0" "$@"`, program, ...args]);
    await child.ended;
    const ids = [...child.stdout().matchAll(/"spiffeId": *"([^"]+)"/g)].map(([, id]) => id!);
    return { ids, text: `${child.stdout()}${child.stderr()}` };
  }

  it('get the identity of their service account', async () => {
    const pod = await makePod(server(), 'reviews');
    const { ids, text } = await fetch(`kubepods/besteffort/pod${pod.uid}/${container}`);
    assert.deepEqual(ids, ['spiffe://cluster.local/ns/default/sa/reviews'], text);
  });

  it('get what an entry gives to a label and a container besides, that first', async () => {
    const pod = await makePod(server(), 'details', { labels: { app: 'details' } });
    const status = {
      containerStatuses: [
        {
          name: 'app',
          image: 'x',
          imageID: 'x',
          ready: true,
          restartCount: 0,
          containerID: `containerd://${container}`,
        },
      ],
    };
    await server().admin.api.must(
      'PATCH',
      '/api/v1/namespaces/default/pods/details/status',
      { status },
      'application/merge-patch+json',
    );
    const low = pod.uid.replaceAll('-', '_');
    const { ids, text } = await fetch(`kubepods.slice/kubepods-pod${low}.slice/cri-containerd-${container}.scope`);
    assert.deepEqual(ids, ['spiffe://cluster.local/proxy', 'spiffe://cluster.local/ns/default/sa/details'], text);
  });

  it('are refused when they run on another node, are gone, or lie in groups that anybody can make', async () => {
    const elsewhere = await makePod(server(), 'elsewhere', { node: 'node-2' });
    assert.match((await fetch(`kubepods/pod${elsewhere.uid}/${container}`)).text, /does not name its pod/);
    const gone = await makePod(server(), 'gone');
    await removePod(server(), gone);
    assert.match((await fetch(`kubepods/pod${gone.uid}/${container}`)).text, /does not name its pod/);
    const real = await makePod(server(), 'real');
    assert.match(
      (await fetch(`user.slice/kubepods/pod${real.uid}/${container}`)).text,
      /no entry matches your selectors/,
    );
    const within = `kubepods/pod${real.uid}/${container}/kubepods/pod${gone.uid}/${container}`;
    assert.match((await fetch(within)).text, /lies in two pods/);
  });

  it('wait for a watch that has told nothing yet', async () => {
    const pod = await makePod(server(), 'early');
    await gatehouse.stop();
    server().pause();
    gatehouse = await start();
    const first = fetch(`kubepods/pod${pod.uid}/${container}`);
    server().resume();
    const { ids } = await first;
    const waited =
      ids.length > 0
        ? ids
        : await eventually('a busy machine may take longer than callers wait', async () => {
            const again = await fetch(`kubepods/pod${pod.uid}/${container}`);
            return again.ids.length > 0 ? again.ids : undefined;
          });
    assert.deepEqual(waited, ['spiffe://cluster.local/ns/default/sa/early']);
  });
});
