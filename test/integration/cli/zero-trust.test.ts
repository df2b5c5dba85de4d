import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import { checkClient, question } from '../../support/check-client.ts';
import { commandLine } from '../../support/command-line.ts';
import { eventually } from '../../support/eventually.ts';
import { allowing, type GatehouseDir, gatehouseDir } from '../../support/gatehouse-dir.ts';
import { coreKinds, fakeCluster, istioKind } from '../../support/kubernetes/fake-cluster.ts';
import { runGatehouse } from '../../support/run-gatehouse.ts';
import { sidecarBootstrap } from '../../support/sidecar-bootstrap.ts';

const addresses = { details: '10.0.0.1', productpage: '10.0.0.2' } as const;
type Name = keyof typeof addresses;
const names = ['details', 'productpage'] as const;

const podOf = (name: Name) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels: { app: name } },
  spec: { serviceAccountName: name, containers: [{ name: 'a', image: 'a', ports: [{ containerPort: 9080 }] }] },
  status: { podIP: addresses[name], podIPs: [{ ip: addresses[name] }] },
});

const labels = (name: Name) => ({ matchLabels: { app: name } });
const to9080 = { ports: [{ protocol: 'TCP', port: 9080 }] };

/** Denies what no other policy names, at every layer, into and out of everything; demands mTLS everywhere. */
const closed = [
  {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: 'nothing', namespace: 'istio-system' },
    spec: {},
  },
  {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name: 'strict', namespace: 'istio-system' },
    spec: { mtls: { mode: 'STRICT' } },
  },
  {
    apiVersion: 'projectcalico.org/v3',
    kind: 'GlobalNetworkPolicy',
    metadata: { name: 'nothing' },
    spec: { order: 10_000, selector: 'all()', types: ['Ingress', 'Egress'] },
  },
  ...(['details', 'productpage'] as const).map((name) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace: 'default' },
    spec:
      name === 'details'
        ? { podSelector: labels(name), ingress: [{ from: [{ podSelector: labels('productpage') }], ...to9080 }] }
        : {
            podSelector: labels(name),
            policyTypes: ['Ingress', 'Egress'],
            egress: [{ to: [{ podSelector: labels('details') }], ...to9080 }],
          },
  })),
];

const honest = {
  registry: { paths: ['./registry'] },
  policies: { planes: { l4: 'enforce' } },
  extAuthz: { verifyPeer: 'enforce' },
};

async function honestWorld(): Promise<GatehouseDir> {
  const dir = await gatehouseDir(honest);
  await mkdir(dir.at('registry'));
  await writeFile(dir.at('registry/pods.yaml'), names.map((name) => stringify(podOf(name))).join('---\n'));
  await dir.policy('closed', closed.map((each) => stringify(each)).join('---\n'));
  await dir.policy('details', allowing('GET'));
  for (const name of names) await writeFile(dir.at(`${name}.json`), JSON.stringify(await dumpOf(name)));
  return dir;
}

/** What Envoy's /config_dump has of the sidecar that `gatehouse envoy bootstrap` makes. */
async function dumpOf(name: Name) {
  const options = ['--listen', '0.0.0.0:9080', '--upstream', '127.0.0.1:9081', '--trust-domain', 'cluster.local'];
  const bootstrap = parse(await sidecarBootstrap('--workload', `default/${name}`, ...options)) as {
    readonly static_resources: { readonly listeners: object[]; readonly clusters: object[] };
  }; // of our own making
  const { listeners, clusters } = bootstrap.static_resources;
  const type = (kind: string) => ({ '@type': `type.googleapis.com/envoy.admin.v3.${kind}` });
  return {
    configs: [
      { ...type('BootstrapConfigDump'), bootstrap },
      { ...type('ListenersConfigDump'), static_listeners: listeners.map((listener) => ({ listener })) },
      { ...type('ClustersConfigDump'), static_clusters: clusters.map((cluster) => ({ cluster })) },
    ],
  };
}

interface Told {
  readonly ok: boolean;
  readonly requirements: readonly {
    readonly state: string;
    readonly findings: readonly { readonly state: string; readonly evidence: string; readonly fix: string }[];
  }[];
}

async function doctor(dir: GatehouseDir, ...more: readonly string[]) {
  const dumps = names.flatMap((name) => ['--config-dump', dir.at(`${name}.json`)]);
  const flags = ['--zero-trust', '--config', dir.config, ...dumps, '--output', 'json', ...more];
  const { out, err, code } = await commandLine('doctor', ...flags);
  return { code, out, err, told: (more.length === 0 && out !== '' ? JSON.parse(out) : undefined) as Told | undefined }; // of this program
}

const statesOf = (told: Told | undefined): readonly string[] => told?.requirements.map(({ state }) => state) ?? [];
const faultsOf = (told: Told | undefined): string =>
  told?.requirements
    .flatMap(({ findings }) => findings.filter(({ state }) => state !== 'true').map(({ evidence }) => evidence))
    .join('\n') ?? '';

/** All true, and one false. */
const allBut = (fault: number): readonly string[] => [0, 1, 2, 3, 4].map((at) => String(at !== fault));

/** One Check for each workload, as its Envoy asks it. */
async function askForAll(target: string): Promise<void> {
  using client = checkClient(target);
  for (const name of names) {
    const { attributes } = question('GET');
    const principal = `spiffe://cluster.local/ns/default/sa/${name}`;
    const destination = {
      principal,
      labels: { app: name },
      address: {
        address: {
          case: 'socketAddress',
          value: { address: addresses[name], portSpecifier: { case: 'portValue', value: 9080 } },
        },
      },
    } as const;
    await client.ask({ attributes: { ...attributes, destination } });
  }
}

describe('doctor --zero-trust', function () {
  this.timeout(300_000);

  it('finds all five true in an honest world, false by what is planted, and unknown without a server', async () => {
    await using dir = await honestWorld();
    {
      await using server = await runGatehouse(dir.config);
      const unseen = await doctor(dir);
      assert.equal(unseen.code, 2, faultsOf(unseen.told) + unseen.err);
      assert.deepEqual(statesOf(unseen.told), ['unknown', 'true', 'true', 'true', 'true'], faultsOf(unseen.told));

      await askForAll(server.ready.extAuthz);
      const first = await eventually('all is seen', async () => {
        const told = await doctor(dir);
        return told.code === 0 ? told : undefined;
      });
      assert.deepEqual(statesOf(first.told), ['true', 'true', 'true', 'true', 'true']);
      const page = await doctor(dir, '--output', 'markdown');
      assert.match(page.out, /^# Zero trust: cluster\.local\n/);
      assert.match(page.out, /all five requirements are met/);

      const dump = await readFile(dir.at('details.json'), 'utf8');
      for (const [was, is, requirement] of [
        ['"failure_mode_allow":false', '"failure_mode_allow":true', 0],
        [
          '"admin":{"address":{"socket_address":{"address":"127.0.0.1"',
          '"admin":{"address":{"socket_address":{"address":"0.0.0.0"',
          3,
        ],
      ] as const) {
        assert.ok(dump.includes(was), was);
        await writeFile(dir.at('details.json'), dump.replaceAll(was, is));
        const spoiled = await doctor(dir);
        assert.equal(spoiled.code, 1);
        assert.deepEqual(statesOf(spoiled.told), allBut(requirement), faultsOf(spoiled.told));
      }
      await writeFile(dir.at('details.json'), dump);
      await chmod(dir.at('policies'), 0o777);
      assert.deepEqual(statesOf((await doctor(dir)).told), allBut(3));
      await chmod(dir.at('policies'), 0o755);

      const open = closed.filter(({ kind }) => kind !== 'PeerAuthentication');
      await dir.policy('closed', open.map((each) => stringify(each)).join('---\n'));
      const plain = await eventually('the server goes by the files', async () => {
        const told = await doctor(dir);
        return faultsOf(told.told).includes('goes by something else') ? undefined : told;
      });
      assert.equal(plain.code, 1);
      assert.equal(statesOf(plain.told)[4], 'false');

      const strict = closed.filter(({ kind }) => kind === 'PeerAuthentication');
      const metadata = { name: 'all', namespace: 'default' };
      const all = { apiVersion: 'security.istio.io/v1', kind: 'AuthorizationPolicy', metadata, spec: { rules: [{}] } };
      await dir.policy('closed', [...strict, all].map((each) => stringify(each)).join('---\n'));
      const opened = await eventually('the server goes by what is left', async () => {
        const told = await doctor(dir);
        return faultsOf(told.told).includes('goes by something else') ? undefined : told;
      });
      assert.equal(statesOf(opened.told)[2], 'false');
      assert.match(
        faultsOf(opened.told),
        /no rule names what .* may ask of default\/productpage: .*; asked about one such request, the running server allows it/,
      );
    }
    const alone = await doctor(dir);
    assert.equal(statesOf(alone.told)[0], 'unknown');
    assert.equal(alone.code, 1, 'what files say is false stays false');
    assert.ok((await readFile(dir.config, 'utf8')).includes('enforce'));
  });

  it('judges what the server follows in a cluster, as the server holds it', async () => {
    await using dir = await honestWorld();
    await using cluster = await fakeCluster([...coreKinds, istioKind]);
    await dir.configure({
      ...honest,
      registry: { paths: [] },
      kubernetes: { kubeconfig: cluster.kubeconfig, policies: true, registry: true },
    });
    const isOfCluster = ({ kind }: { readonly kind: string }): boolean => kind === 'AuthorizationPolicy';
    const files = closed.filter((each) => !isOfCluster(each));
    await dir.policy('closed', files.map((each) => stringify(each)).join('---\n'));
    await dir.policy('details', '');
    const objects = [...closed.filter(isOfCluster), parse(allowing('GET')) as object];
    cluster.put('authorizationpolicies', ...objects);
    cluster.put('pods', ...names.map(podOf));
    await using server = await runGatehouse(dir.config);
    await askForAll(server.ready.extAuthz);
    const states = ['true', 'true', 'true', 'unknown', 'true'];
    const told = await eventually('all is seen', async () => {
      const each = await doctor(dir);
      return JSON.stringify(statesOf(each.told)) === JSON.stringify(states) ? each : undefined;
    });
    assert.match(faultsOf(told.told), /^who may write policies in the cluster is not seen: [^\n]*$/);
    for (const name of names) cluster.remove('pods', 'default', name);
    await eventually('what went is gone', async () => statesOf((await doctor(dir)).told)[2] === 'unknown' || undefined);
  });

  it('refuses what belongs to the other report', async () => {
    const { code, err } = await commandLine('doctor', '--output', 'markdown');
    assert.equal(code, 2);
    assert.match(err, /--zero-trust/);
  });
});
