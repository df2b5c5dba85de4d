import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { eventually } from '../../support/eventually.ts';
import { type ClusterSources, clusterSources } from '../../support/kubernetes/cluster-sources.ts';
import { status } from '../../support/kubernetes/fake-api-server.ts';
import {
  coreKinds,
  denyObject,
  type FakeCluster,
  type FakeKind,
  fakeCluster,
  istioKind,
  podObject,
  serviceObject,
  sliceKind,
  sliceObject,
} from '../../support/kubernetes/fake-cluster.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

const all = [...coreKinds, istioKind];

interface Named {
  readonly ref: { readonly name: string };
  readonly position: { readonly file: string };
}

const policiesOf = ({ load }: ClusterSources): readonly Named[] =>
  load().model.planes.flatMap(({ stages }) => stages.flatMap(({ policies }): readonly Named[] => policies));
/** Names of the policies in force. */
const inForce = (sources: ClusterSources): string[] =>
  policiesOf(sources)
    .map(({ ref }) => ref.name)
    .sort();
const pathsOf = ({ load }: ClusterSources): string => JSON.stringify(load().model.planes);
const podsOf = ({ load }: ClusterSources): string[] =>
  load().model.registry!.endpoints.map(({ name, addresses }) => `${name} ${addresses.join()}`);

/** Places behind Services: pods by their names, and addresses that are no pod's. */
const placesOf = ({ load }: ClusterSources): string[] => {
  const { endpoints, networkSets } = load().model.registry!;
  return [...endpoints, ...networkSets].flatMap(({ name, behind = [] }) =>
    behind.map(({ service, port }) => `${service}: ${name} ${port}`),
  );
};

async function withCluster(
  run: (cluster: FakeCluster, dir: TempDir) => Promise<void>,
  kinds: readonly FakeKind[] = all,
): Promise<void> {
  await using dir = await tempDir();
  await using cluster = await fakeCluster(kinds);
  await run(cluster, dir);
}

describe('a cluster as the source of policies and registry', () => {
  it('puts in force what the cluster holds, and what becomes of it', () =>
    withCluster(async (cluster, dir) => {
      cluster.put('authorizationpolicies', denyObject('shop', 'one', '/one'));
      cluster.put('pods', podObject('shop', 'api', '10.0.0.1'));
      await using sources = await clusterSources(dir, cluster.kubeconfig);
      assert.deepEqual(inForce(sources), ['one']);
      assert.deepEqual(podsOf(sources), ['api 10.0.0.1']);
      const [policy] = policiesOf(sources);
      assert.equal(policy?.position.file, 'AuthorizationPolicy shop/one');
      cluster.put('authorizationpolicies', denyObject('shop', 'two', '/two'));
      cluster.put('pods', podObject('shop', 'web', '10.0.0.2'), podObject('shop', 'api', '10.0.0.3'));
      await eventually(
        'what came is in force',
        () => (inForce(sources).length === 2 && podsOf(sources).length === 2) || undefined,
      );
      assert.deepEqual(podsOf(sources), ['api 10.0.0.3', 'web 10.0.0.2']);
      cluster.remove('authorizationpolicies', 'shop', 'one');
      cluster.remove('authorizationpolicies', 'shop', 'two');
      cluster.remove('pods', 'shop', 'api');
      await eventually(
        'what went is gone',
        () => (inForce(sources).length === 0 && podsOf(sources).length === 1) || undefined,
      );
      assert.deepEqual(sources.load().degraded, []);
    }));

  it('knows the places behind a Service by its slices, a broken one by what it was, and none when the Service is gone', () =>
    withCluster(
      async (cluster, dir) => {
        const places = (what: string, ...want: readonly string[]) =>
          eventually(what, () => placesOf(sources).join() === want.join() || undefined);
        cluster.put('pods', podObject('shop', 'db', '10.0.0.1'));
        cluster.put('services', serviceObject('shop', 'db'));
        cluster.put('endpointslices', sliceObject('shop', 'db', '10.0.0.1', '192.0.2.1'));
        await using sources = await clusterSources(dir, cluster.kubeconfig);
        const both = ['service shop/db: db 8080', 'service shop/db: place 192.0.2.1 8080'];
        assert.deepEqual(placesOf(sources), both);
        cluster.put('endpointslices', sliceObject('shop', 'db', '10.0.0.1', 'nowhere'));
        await eventually(
          'the broken slice is told',
          () => sources.load().findings.some(({ code }) => code === 'address-invalid') || undefined,
        );
        assert.deepEqual(placesOf(sources), both);
        const [found, ...more] = sources.load().findings;
        assert.deepEqual(
          [found?.file, found?.path, more],
          ['EndpointSlice shop/db-1', 'endpoints[0].addresses[1]', []],
        );
        cluster.put('endpointslices', sliceObject('shop', 'db', '10.0.0.2'));
        await places('it was mended', 'service shop/db: place 10.0.0.2 8080');
        cluster.put('pods', podObject('shop', 'two', '10.0.0.2'));
        await places('a pod has the address', 'service shop/db: two 8080');
        cluster.remove('services', 'shop', 'db');
        await places('the Service is gone');
      },
      [...all, sliceKind],
    ));

  it('makes no generation of what says nothing new, such as the heartbeat of a pod', () =>
    withCluster(async (cluster, dir) => {
      cluster.put('pods', podObject('shop', 'api', '10.0.0.1'));
      await using sources = await clusterSources(dir, cluster.kubeconfig);
      cluster.put('pods', podObject('shop', 'api', '10.0.0.1', { probed: 'now' }));
      cluster.put('pods', podObject('shop', 'web', '10.0.0.2'));
      await eventually('the new pod is there', () => podsOf(sources).length === 2 || undefined);
      assert.equal(sources.load().generation, 2);
    }));

  it('keeps the last good content of a broken object, and names its field', () =>
    withCluster(async (cluster, dir) => {
      cluster.put('authorizationpolicies', denyObject('shop', 'one', '/one'), denyObject('shop', 'two', '/two'));
      await using sources = await clusterSources(dir, cluster.kubeconfig);
      const broken = {
        ...denyObject('shop', 'one', '/x'),
        spec: { action: 'DENY', rules: [{ from: [{ source: { ipBlocks: ['nonsense'] } }] }] },
      };
      cluster.put('authorizationpolicies', broken, denyObject('shop', 'two', '/other'));
      await eventually('it is told', () => sources.load().degraded[0]);
      assert.deepEqual(sources.load().degraded, [
        'AuthorizationPolicy shop/one spec.rules[0].from[0].source.ipBlocks[0]',
      ]);
      assert.match(pathsOf(sources), /\/one/);
      assert.match(pathsOf(sources), /\/other/); // the other one goes on
      cluster.put('authorizationpolicies', denyObject('shop', 'one', '/mended'));
      await eventually('it is mended', () => sources.load().degraded.length === 0 || undefined);
      assert.match(pathsOf(sources), /\/mended/);
    }));

  it('starts without a broken object of a namespace, and names it', () =>
    withCluster(async (cluster, dir) => {
      const broken = {
        ...denyObject('shop', 'one', '/x'),
        spec: { action: 'DENY', rules: [{ to: [{ operation: { ports: ['abc'] } }] }] },
      };
      cluster.put('authorizationpolicies', broken, denyObject('shop', 'two', '/two'));
      await using sources = await clusterSources(dir, cluster.kubeconfig);
      assert.deepEqual(inForce(sources), ['two']);
      assert.match(sources.load().degraded.join(), /^AuthorizationPolicy shop\/one spec/);
    }));

  it('does not start with a broken one of the root namespace, which was never in force', () =>
    withCluster(async (cluster, dir) => {
      const broken = {
        ...denyObject('istio-system', 'one', '/x'),
        spec: { action: 'DENY', rules: [{ to: [{ operation: { ports: ['abc'] } }] }] },
      };
      cluster.put('authorizationpolicies', broken);
      await assert.rejects(clusterSources(dir, cluster.kubeconfig), /AuthorizationPolicy istio-system\/one/);
    }));

  it('calls a policy in a file and in the cluster an error with both places; the file holds', () =>
    withCluster(async (cluster, dir) => {
      const file = dir.at('one.yaml');
      writeFileSync(file, JSON.stringify(denyObject('shop', 'one', '/one')));
      cluster.put('authorizationpolicies', denyObject('shop', 'one', '/one'), denyObject('shop', 'two', '/two'));
      await using sources = await clusterSources(dir, cluster.kubeconfig, { rest: { policies: { paths: [file] } } });
      assert.deepEqual(inForce(sources), ['one', 'two']);
      const [finding] = sources.load().findings.filter(({ code }) => code === 'duplicate-document');
      assert.match(finding!.message, /one stands at .*one\.yaml:1 already, and again at AuthorizationPolicy shop\/one/);
      assert.deepEqual(sources.load().degraded, ['AuthorizationPolicy shop/one metadata.name']);
    }));

  it('calls a pod in a file and in the cluster an error with both places; no other pod is lost', () =>
    withCluster(async (cluster, dir) => {
      const file = dir.at('pods.json');
      writeFileSync(
        file,
        JSON.stringify({
          apiVersion: 'v1',
          kind: 'List',
          items: [podObject('shop', 'api', '10.0.0.9'), podObject('shop', 'vm', '10.0.0.8')],
        }),
      );
      cluster.put('pods', podObject('shop', 'api', '10.0.0.1'), podObject('shop', 'web', '10.0.0.2'));
      await using sources = await clusterSources(dir, cluster.kubeconfig, { rest: { registry: { paths: [file] } } });
      assert.deepEqual(podsOf(sources).sort(), ['api 10.0.0.9', 'vm 10.0.0.8', 'web 10.0.0.2']);
      assert.match(sources.load().degraded.join(), /^Pod shop\/api metadata\.name$/);
      writeFileSync(file, JSON.stringify(podObject('shop', 'vm', '10.0.0.8')));
      await sources.sources.reload();
      assert.deepEqual(podsOf(sources).sort(), ['api 10.0.0.1', 'vm 10.0.0.8', 'web 10.0.0.2']);
      assert.deepEqual(sources.load().degraded, []);
    }));

  it('starts by what was kept while the API server is away, says so, and catches up', () =>
    withCluster(async (cluster, dir) => {
      cluster.put('authorizationpolicies', denyObject('shop', 'one', '/one'));
      cluster.put('pods', podObject('shop', 'api', '10.0.0.1'), podObject('shop', 'web', '10.0.0.2'));
      await (await clusterSources(dir, cluster.kubeconfig))[Symbol.asyncDispose]();
      await cluster.server.down();
      await using sources = await clusterSources(dir, cluster.kubeconfig);
      assert.deepEqual(inForce(sources), ['one']);
      assert.deepEqual(podsOf(sources).sort(), ['api 10.0.0.1', 'web 10.0.0.2']);
      const told = await eventually('it says so', () => sources.board.state.value.degraded[0]);
      assert.match(told, /^kubernetes: .*ECONNREFUSED/);
      assert.ok(/gatehouse_cluster_behind_seconds [0-9.]*[1-9]/.test(await sources.metrics.text()));
      await cluster.server.up();
      cluster.put('authorizationpolicies', denyObject('shop', 'two', '/two'));
      await eventually('it caught up', () => inForce(sources).length === 2 || undefined);
      await eventually('all is well', () => sources.board.state.value.degraded.length === 0 || undefined);
      assert.ok(/gatehouse_cluster_behind_seconds 0\n/.test(await sources.metrics.text()));
      assert.ok(/gatehouse_cluster_objects\{kind="Pod"\} 2\n/.test(await sources.metrics.text()));
    }));

  it('is not ready without anything kept, and says what it waits for', () =>
    withCluster(async (cluster, dir) => {
      cluster.fault = (asked) => {
        if (!asked.path.endsWith('/pods')) return false;
        asked.json(403, status(403, 'Forbidden', 'pods is forbidden: User "gatehouse" cannot list resource "pods"'));
        return true;
      };
      await assert.rejects(
        clusterSources(dir, cluster.kubeconfig, { timeoutMs: 700 }),
        /kubernetes: .*pods is forbidden.*our role needs/,
      );
    }));

  it('goes on deciding by what it holds when a permission is taken away', () =>
    withCluster(async (cluster, dir) => {
      cluster.put('pods', podObject('shop', 'api', '10.0.0.1'));
      await using sources = await clusterSources(dir, cluster.kubeconfig);
      cluster.fault = (asked) => {
        if (!asked.path.endsWith('/pods')) return false;
        asked.json(403, status(403, 'Forbidden', 'pods is forbidden'));
        return true;
      };
      cluster.cut();
      await eventually('it says so', () =>
        sources.board.state.value.degraded.find((what) => /pods is forbidden.*what was read last holds/.test(what)),
      );
      assert.deepEqual(podsOf(sources), ['api 10.0.0.1']);
    }));

  it('takes up a kind that is installed later, and lets go of one that is gone', () =>
    withCluster(async (cluster, dir) => {
      cluster.put('authorizationpolicies', denyObject('shop', 'one', '/one'));
      await using sources = await clusterSources(dir, cluster.kubeconfig);
      assert.deepEqual(inForce(sources), []);
      cluster.kinds.push(istioKind);
      await eventually('it is taken up', () => inForce(sources).length === 1 || undefined);
      cluster.kinds.pop();
      cluster.cut();
      await eventually('it is let go', () => inForce(sources).length === 0 || undefined);
      await eventually('nothing is wrong', () => sources.board.state.value.degraded.length === 0 || undefined);
    }, coreKinds));

  it('keeps what it has of a kind that is only not listed for a while', () =>
    withCluster(async (cluster, dir) => {
      cluster.put('authorizationpolicies', denyObject('shop', 'one', '/one'));
      await using sources = await clusterSources(dir, cluster.kubeconfig);
      const asked = cluster.server.asked.length;
      cluster.fault = (one) => {
        if (one.path.startsWith('/apis/security')) one.json(503, status(503, 'ServiceUnavailable'));
        return one.path.startsWith('/apis/security');
      };
      cluster.kinds.pop();
      cluster.cut();
      await eventually(
        'it was looked for',
        () => cluster.server.asked.slice(asked).filter(({ path }) => path === '/apis').length > 2 || undefined,
      );
      assert.deepEqual(inForce(sources), ['one']);
    }));

  it('says that a kind is of a version that it does not know, and is not ready by it', () =>
    withCluster(
      (cluster, dir) =>
        assert.rejects(
          clusterSources(dir, cluster.kubeconfig, { timeoutMs: 600 }),
          /security\.istio\.io\/v9 AuthorizationPolicy is of a version that is not known here/,
        ),
      [...coreKinds, { ...istioKind, version: 'v9' }],
    ));

  it('warns of what was applied and is not stored', () =>
    withCluster(async (cluster, dir) => {
      const applied = {
        ...denyObject('shop', 'one', '/one'),
        spec: { action: 'ALLOW', rules: [{ form: [{ source: { principals: ['x'] } }] }] },
      };
      const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(applied) };
      cluster.put('authorizationpolicies', {
        ...denyObject('shop', 'one', '/one', { annotations }),
        spec: { action: 'ALLOW', rules: [{}] },
      });
      await using sources = await clusterSources(dir, cluster.kubeconfig);
      const [finding] = sources.load().findings.filter(({ code }) => code === 'field-not-stored');
      assert.equal(finding?.path, 'spec.rules[0].form');
      assert.equal(finding?.severity, 'warning');
    }));

  it('warns of an address that two pods have, as long as they do', () =>
    withCluster(async (cluster, dir) => {
      cluster.put('pods', podObject('shop', 'dead', '10.0.0.1'), podObject('shop', 'new', '10.0.0.1'));
      cluster.put('pods', podObject('shop', 'host', '10.0.0.1', { hostNetwork: true }));
      await using sources = await clusterSources(dir, cluster.kubeconfig);
      const shared = () => sources.load().findings.filter(({ code }) => code === 'address-shared');
      assert.match(shared()[0]!.message, /10\.0\.0\.1 is the address of Pod shop\/new too/);
      assert.equal(shared()[0]?.file, 'Pod shop/dead');
      cluster.remove('pods', 'shop', 'dead');
      await eventually('it is alone', () => shared().length === 0 || undefined);
    }));

  it('reads what the CRDs store and nobody can mean as files are read, and a policy of a megabyte', () =>
    withCluster(async (cluster, dir) => {
      const spec = (name: string, of: unknown) => ({ ...denyObject('shop', name, '/'), spec: of });
      const stored: readonly unknown[] = [
        {},
        { rules: [] },
        { action: 'DENY', rules: [{}] },
        { rules: [{ from: [] }] },
        { rules: [{ from: [{}] }] },
        { rules: [{ from: [{ source: {} }] }] },
        { rules: [{ from: [{ source: { principals: [] } }] }] },
        { rules: [{ from: [{ source: { principals: [''] } }] }] },
        { rules: [{ from: [{ source: { principals: ['spiffe://a/b', 'a*b'] } }] }] },
        { action: 'CUSTOM', rules: [{}] },
        {
          rules: [
            { to: [{ operation: { ports: ['abc', '0'], methods: ['get'], paths: ['x', '/{**}/b'], hosts: ['a*b'] } }] },
          ],
        },
        { rules: [{ when: [{ key: '' }, { key: 'nobody.knows', values: [] }] }] },
        { targetRefs: [{ kind: 'Whatever', name: 'x' }], rules: [{}] },
        { selector: null, rules: null, action: null },
      ];
      const paths = Array.from({ length: 20_000 }, (_, i) => `/${'p'.repeat(50)}/${i}`);
      cluster.put('authorizationpolicies', ...stored.map((one, i) => spec(`odd-${i}`, one)));
      const { spec: _, ...without } = denyObject('shop', 'none', '/');
      cluster.put(
        'authorizationpolicies',
        without,
        spec('large', { action: 'DENY', rules: [{ to: [{ operation: { paths } }] }] }),
      );
      await using sources = await clusterSources(dir, cluster.kubeconfig);
      assert.ok(inForce(sources).includes('large') && inForce(sources).includes('none'));
      for (const place of sources.load().degraded) assert.match(place, /^AuthorizationPolicy shop\/odd-\d+( spec\.|$)/);
      const told = new Set(sources.load().findings.map(({ file }) => file));
      const silent = stored.flatMap((_, i) =>
        inForce(sources).includes(`odd-${i}`) || told.has(`AuthorizationPolicy shop/odd-${i}`) ? [] : [i],
      );
      assert.deepEqual(silent, []);
    }));

  it('watches the namespaces that are named, and what has none', () =>
    withCluster(async (cluster, dir) => {
      await using _ = await clusterSources(dir, cluster.kubeconfig, { more: { namespaces: ['shop', 'pay'] } });
      const paths = new Set(cluster.server.asked.filter(({ query }) => query.has('watch')).map(({ path }) => path));
      assert.ok(paths.has('/api/v1/namespaces/shop/pods') && paths.has('/api/v1/namespaces/pay/pods'));
      assert.ok(paths.has('/apis/security.istio.io/v1/namespaces/shop/authorizationpolicies'));
      assert.ok(paths.has('/api/v1/namespaces') && !paths.has('/api/v1/pods'));
    }));
});
