import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { runCommandLine } from '../../../../src/cli/program.ts';
import { recordingTerminal } from '../../../support/recording-terminal.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

interface Entry {
  readonly tenant: string;
  readonly direction: string;
  readonly proved: boolean;
  readonly scope: string;
  readonly counterexample?: {
    readonly from: { readonly labels: Record<string, string> };
    readonly to: { readonly labels: Record<string, string> };
    readonly request: { readonly port: number };
  };
}

interface MapDocument {
  readonly classes: readonly { readonly id: string; readonly future?: { readonly labels: string } }[];
  readonly edges: readonly { readonly from: string }[];
}

const namespace = (name: string, team: string): object => ({
  ...{ apiVersion: 'v1', kind: 'Namespace' },
  metadata: { name, labels: { team } },
});
const pod = (space: string, name: string, address: string): object => ({
  ...{ apiVersion: 'v1', kind: 'Pod' },
  metadata: { name, namespace: space, labels: { app: name } },
  spec: { serviceAccountName: 'main', containers: [{ name: 'main', image: 'x' }] },
  status: { podIP: address, podIPs: [{ ip: address }] },
});
const registry = [
  ...[namespace('red-1', 'red'), namespace('blue-1', 'blue')],
  ...[pod('red-1', 'web', '10.0.0.1'), pod('blue-1', 'api', '10.0.1.1')],
];

const networkPolicy = (space: string, name: string, spec: object): object => ({
  ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
  ...{ metadata: { name, namespace: space }, spec },
});
const guard = (space: string): object => networkPolicy(space, 'guard', { podSelector: {}, ingress: [] });

const calicoPolicy = (metadata: { readonly name: string; readonly namespace?: string }, spec: object): object => ({
  apiVersion: 'projectcalico.org/v3',
  kind: metadata.namespace === undefined ? 'GlobalNetworkPolicy' : 'NetworkPolicy',
  ...{ metadata, spec },
});

const byName = { red: { namespaces: ['red-1'] }, blue: { namespaces: ['blue-1'] } };
const byLabel = {
  red: { namespaces: { matchLabels: { team: 'red' } } },
  blue: { namespaces: { matchLabels: { team: 'blue' } } },
};

describe('policy prove, of pods and namespaces to come', () => {
  let dir: TempDir;
  beforeEach(async () => {
    dir = await tempDir();
  });
  afterEach(() => dir[Symbol.asyncDispose]());

  async function into(tenant: string, policies: readonly object[], tenants: object, services: readonly object[] = []) {
    const text = (documents: readonly object[]): string =>
      documents.map((each) => JSON.stringify(each)).join('\n---\n');
    writeFileSync(dir.at('policies.yaml'), text(policies));
    writeFileSync(dir.at('registry.yaml'), text([...registry, ...services]));
    const config = {
      trustDomain: 'cluster.local',
      policies: { paths: ['policies.yaml'], planes: { l4: 'enforce' } },
      registry: { paths: ['registry.yaml'] },
      tenants,
    };
    writeFileSync(dir.at('gatehouse.yaml'), JSON.stringify(config));
    const terminal = recordingTerminal();
    await runCommandLine(['policy', 'prove', '--config', dir.at('gatehouse.yaml'), '--output', 'json'], terminal);
    const { out, err, code } = terminal.said;
    if (code === 2) return { code, err, proved: undefined, scope: undefined, counterexample: undefined };
    const { tenants: entries } = JSON.parse(out) as { tenants: Entry[] };
    return { code, err, ...entries.find((one) => one.tenant === tenant && one.direction === 'in')! };
  }

  it('tells service accounts apart that do not exist, by their labels', async () => {
    const from = (role: string, team: string) => ({
      ...{ selector: 'all()', types: ['Ingress'] },
      ingress: [
        {
          action: 'Allow',
          source: { serviceAccounts: { selector: `role == '${role}'` }, namespaceSelector: `team in { ${team} }` },
        },
      ],
    });
    const policies = [
      calicoPolicy({ name: 'in', namespace: 'red-1' }, from('x', "'red', 'blue'")),
      calicoPolicy({ name: 'in', namespace: 'blue-1' }, from('y', "'red', 'blue'")),
    ];
    for (const tenant of ['red', 'blue']) {
      const { proved, scope } = await into(tenant, policies, byName);
      assert.deepEqual([proved, scope], [true, 'today'], tenant);
    }
  });

  it('claims nothing of a namespace that policies name and that may come with one label or another', async () => {
    const from = (team: string, ...selectors: readonly string[]) =>
      calicoPolicy(
        { name: `into-${team}` },
        {
          ...{ selector: 'all()', namespaceSelector: `team == '${team}'`, types: ['Ingress'] },
          ingress: [`team == '${team}'`, ...selectors].map((namespaceSelector) => ({
            ...{ action: 'Allow', source: { namespaceSelector } },
          })),
        },
      );
    const closed = await into('red', [from('red'), from('blue')], byLabel);
    assert.deepEqual([closed.proved, closed.scope], [true, 'namespaces']);
    const { proved, scope } = await into(
      'red',
      [from('red', "projectcalico.org/name == 'ops' && team == 'blue'"), from('blue')],
      byLabel,
    );
    assert.deepEqual([proved, scope], [true, 'future']);
  });

  describe('behind a Service', () => {
    const service = (space: string, name: string, spec: object): object => ({
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: space }, spec },
    });
    const front = service('blue-1', 'front', {
      ...{ selector: { app: 'front' }, ports: [{ port: 80, targetPort: 'web' }] },
    });
    const db = service('red-1', 'db', { selector: { app: 'db' }, ports: [{ port: 1, targetPort: 5432 }] });
    const from = calicoPolicy(
      { name: 'in', namespace: 'red-1' },
      {
        ...{ selector: 'all()', types: ['Ingress'] },
        ingress: [{ action: 'Allow', source: { services: { name: 'front', namespace: 'blue-1' } } }],
      },
    );
    const out = calicoPolicy(
      { name: 'out', namespace: 'blue-1' },
      {
        ...{ selector: 'all()', types: ['Egress'] },
        egress: [{ action: 'Allow', destination: { services: { name: 'db', namespace: 'red-1' } } }],
      },
    );

    it('finds the pod to come that a Service selects', async () => {
      const { proved, scope, counterexample } = await into('red', [from], byName, [front]);
      assert.deepEqual([proved, scope, counterexample?.from.labels], [true, 'today', { app: 'front' }]);
    });

    it('is told by a map of what may come', async () => {
      await into('red', [from], byName, [front]);
      const terminal = recordingTerminal();
      const words = [
        '--config',
        dir.at('gatehouse.yaml'),
        '--universe',
        'any',
        '--to',
        'red-1/web',
        '--output',
        'json',
      ];
      await runCommandLine(['policy', 'map', ...words], terminal);
      const { classes, edges } = JSON.parse(terminal.said.out) as MapDocument;
      const callers = classes.filter(({ id }) => edges.some((edge) => edge.from === id));
      assert.deepEqual(
        callers.map(({ future }) => future?.labels),
        ['app=front'],
      );
    });

    it('goes where a Service sends, and to no pod that a label alone cannot be', async () => {
      const { proved, scope, counterexample } = await into('red', [out], byName, [db]);
      assert.deepEqual([proved, scope], [true, 'today']);
      assert.deepEqual([counterexample?.to.labels, counterexample?.request.port], [{ app: 'db' }, 5432]);
    });

    it('does not know who is behind one without a selector', async () => {
      const { code, err } = await into('red', [from], byName, [service('blue-1', 'front', { ports: [{ port: 80 }] })]);
      assert.equal(code, 2);
      assert.match(err, /behind service blue-1\/front, which has no selector/);
    });

    it('does not know who will be behind one that does not exist', async () => {
      const { code, err } = await into('red', [out], byName);
      assert.equal(code, 2);
      assert.match(err, /behind service red-1\/db, which does not exist/);
    });
  });

  it('asks callers by their accounts, and the called by their labels and ports: their kinds do not multiply', async () => {
    const numbers = Array.from({ length: 20 }, (_, i) => i);
    const policies = ['red-1', 'blue-1'].flatMap((space) => [
      guard(space),
      ...numbers.flatMap((i) => [
        networkPolicy(space, `n-${i}`, {
          podSelector: { matchLabels: { app: `a${i}` } },
          ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 'http' }, { port: 8000 + i }] }],
        }),
        {
          ...{
            apiVersion: 'security.istio.io/v1',
            kind: 'AuthorizationPolicy',
            metadata: { name: `i-${i}`, namespace: space },
          },
          spec: {
            selector: { matchLabels: { app: `a${i}` } },
            rules: [{ from: [{ source: { principals: [`cluster.local/ns/${space}/sa/s${i}`] } }] }],
          },
        },
      ]),
    ]);
    const { code, err, proved, scope } = await into('red', policies, byName);
    assert.deepEqual([code, err, proved, scope], [0, '', true, 'future']);
  });
});
