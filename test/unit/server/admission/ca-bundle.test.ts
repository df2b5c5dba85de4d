import assert from 'node:assert/strict';
import { createWatchable } from '../../../../src/lib/watchable.ts';
import type { KubernetesRequest } from '../../../../src/platform/kubernetes/client.ts';
import type { BelievedRoots } from '../../../../src/server/admission/believed-roots.ts';
import { type CaBundleDeps, keepCaBundle } from '../../../../src/server/admission/ca-bundle.ts';
import { eventually } from '../../../support/eventually.ts';

const root = (name: string): string => `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----\n`;
const outside = {
  matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system', 'ours'] }],
};

interface Webhook {
  failurePolicy: string;
  clientConfig: { caBundle?: string };
  namespaceSelector?: object;
  rules?: object[];
}

/** A configuration with its version, and an API server that knows nothing else. */
class Cluster {
  version = 1;
  patches = 0;
  failures: unknown[] = [];
  webhooks: Webhook[] = [{ failurePolicy: 'Ignore', clientConfig: {}, namespaceSelector: outside }];

  request = async <T>({ method = 'GET', body }: KubernetesRequest): Promise<T> => {
    if (this.failures.length > 0) throw this.failures.shift();
    if (method === 'PATCH') this.#patch(body as { path: string; value: string }[]); // what keepCaBundle sends
    return { metadata: { resourceVersion: String(this.version) }, webhooks: structuredClone(this.webhooks) } as T;
  };

  #patch([test, ...changes]: { path: string; value: string }[]): void {
    if (test?.value !== String(this.version)) throw new Error('testing /metadata/resourceVersion: not equal');
    for (const { path, value } of changes) {
      const [, , i, field] = path.split('/');
      const webhook = this.webhooks[Number(i)]!;
      if (field === 'failurePolicy') webhook.failurePolicy = value;
      else webhook.clientConfig.caBundle = value;
    }
    this.version += 1;
    this.patches += 1;
  }

  get believed(): string {
    return Buffer.from(this.webhooks[0]?.clientConfig.caBundle ?? '', 'base64').toString();
  }
}

function keep(cluster: Cluster, differs: Partial<CaBundleDeps> = {}) {
  const roots = createWatchable<string | undefined>(root('A'));
  const written = createWatchable<BelievedRoots>(new Map());
  const told: string[] = [];
  const kept = keepCaBundle({
    client: cluster,
    configuration: 'gatehouse',
    ...{ roots, written, enforces: true, ownNamespace: 'ours' },
    told: (why) => told.push(why),
    times: { lookMs: 60_000, restMs: 1, firstRetryMs: 1, lastRetryMs: 5 },
    ...differs,
  });
  return { roots, written, told, kept };
}

describe('keepCaBundle', () => {
  it('writes the authorities and a failurePolicy by what is enforced, then the next ones as they come', async () => {
    const cluster = new Cluster();
    const { roots, written, kept } = keep(cluster);
    await eventually('the first is written', () => (written.value.size === 1 ? true : undefined));
    assert.deepEqual([cluster.believed, cluster.webhooks[0]?.failurePolicy], [root('A'), 'Fail']);
    roots.replace(root('B') + root('A'));
    await eventually('the next one is written', () => (written.value.size === 2 ? true : undefined));
    assert.equal(cluster.believed, root('B') + root('A'));
    await kept[Symbol.asyncDispose]();
    assert.equal(cluster.patches, 2);
  });

  it('leaves Ignore to a webhook that asks for pods, and sets it there: they have to start while nobody answers', async () => {
    const cluster = new Cluster();
    for (const resources of [['pods'], ['pods/status'], ['*']])
      cluster.webhooks.push({
        ...{ failurePolicy: 'Fail', clientConfig: {}, namespaceSelector: outside },
        rules: [{ resources: ['namespaces'] }, { resources }],
      });
    const { written, kept } = keep(cluster);
    await eventually('it is written', () => (written.value.size === 1 ? true : undefined));
    await kept[Symbol.asyncDispose]();
    const policies = cluster.webhooks.map(({ failurePolicy }) => failurePolicy);
    assert.deepEqual(policies, ['Fail', 'Ignore', 'Ignore', 'Ignore']);
  });

  it('writes nothing where nothing differs', async () => {
    const cluster = new Cluster();
    cluster.webhooks[0]!.clientConfig.caBundle = Buffer.from(root('A')).toString('base64');
    const { written, kept } = keep(cluster, { enforces: false });
    await eventually('it has looked', () => (written.value.size === 1 ? true : undefined));
    await kept[Symbol.asyncDispose]();
    assert.equal(cluster.patches, 0);
  });

  it('tries again after whatever the API server says, and tells it', async () => {
    const cluster = new Cluster();
    cluster.failures = [new Error('forbidden'), new Error('away')];
    const { told, written, kept } = keep(cluster);
    await eventually('it is written', () => (written.value.size === 1 ? true : undefined));
    await kept[Symbol.asyncDispose]();
    assert.deepEqual(
      told.map((why) => /forbidden|away|^$/.exec(why)?.[0]),
      ['forbidden', 'away', ''],
    );
  });

  it('looks at once when there is a sign that it is not right', async () => {
    const cluster = new Cluster();
    const { written, kept } = keep(cluster);
    await eventually('it is written', () => (written.value.size === 1 ? true : undefined));
    cluster.webhooks[0]!.clientConfig = {};
    await eventually('it is written again', () => {
      kept.look();
      return cluster.believed === root('A') ? true : undefined;
    });
    await kept[Symbol.asyncDispose]();
  });

  const open: readonly { name: string; namespaceSelector: object | undefined }[] = [
    { name: 'selects everything', namespaceSelector: undefined },
    {
      name: 'leaves out kube-system alone',
      namespaceSelector: {
        matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system'] }],
      },
    },
    {
      name: 'leaves out namespaces by a label that anybody sets',
      namespaceSelector: { matchExpressions: [{ key: 'name', operator: 'NotIn', values: ['kube-system', 'ours'] }] },
    },
    {
      name: 'names the namespaces to select them',
      namespaceSelector: {
        matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['kube-system', 'ours'] }],
      },
    },
  ];
  for (const { name, namespaceSelector } of open)
    it(`never lets a webhook block the cluster that ${name}: failurePolicy stays, and it is told`, async () => {
      const cluster = new Cluster();
      cluster.webhooks = [
        { failurePolicy: 'Ignore', clientConfig: {}, ...(namespaceSelector && { namespaceSelector }) },
      ];
      const { told, written, kept } = keep(cluster);
      await eventually('it is written', () => (written.value.size === 1 ? true : undefined));
      await kept[Symbol.asyncDispose]();
      assert.match(told[0] ?? '', /does not leave out kube-system and our own namespace/);
      assert.deepEqual([cluster.believed, cluster.webhooks[0]?.failurePolicy], [root('A'), 'Ignore']);
    });
});
