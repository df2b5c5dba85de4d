import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { askWebhook, type ClusterObject } from '../../support/ask-webhook.ts';
import { eventually } from '../../support/eventually.ts';
import { type GatehouseDir, gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';

const namespace = (name: string, labels: object): ClusterObject => ({
  ...{ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } },
});
const pod = (space: string, name: string, podIP: string): ClusterObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: space, labels: { app: name } },
  spec: { serviceAccountName: name, containers: [{ name: 'main', image: 'x' }] },
  status: { podIP, podIPs: [{ ip: podIP }] },
});
const authorization = (space: string, name: string, spec: object): ClusterObject => ({
  ...{ apiVersion: 'security.istio.io/v1', kind: 'AuthorizationPolicy', metadata: { name, namespace: space }, spec },
});
const from = (space: string) => ({ rules: [{ from: [{ source: { namespaces: [space] } }] }] });

const redNamespace = namespace('red-shop', { team: 'red' });
const cart = pod('red-shop', 'cart', '10.1.0.1');
const web = pod('blue-shop', 'web', '10.1.1.1');
const ownOnly = authorization('red-shop', 'own-only', from('red-shop'));
const blueOnly = authorization('blue-shop', 'secret-name', from('blue-shop'));
const nothing = authorization('istio-system', 'nothing', {});
const probes = authorization('red-shop', 'probes', {
  rules: [{ to: [{ operation: { methods: ['GET'], paths: ['/healthz'] } }] }],
});
const registry = [redNamespace, namespace('blue-shop', { team: 'blue' }), cart, web];
const policies = [ownOnly, blueOnly, nothing];
const tenants = { red: { namespaces: "team == 'red'" }, blue: { namespaces: "team == 'blue'" } };

const documents = (objects: readonly object[]): string => objects.map((each) => stringify(each)).join('---\n');

async function makeDir(differs: object = {}): Promise<GatehouseDir> {
  const dir = await gatehouseDir({
    listen: { ...usualListeners, admission: '127.0.0.1:0' },
    policies: { paths: ['tenants'] },
    registry: { paths: ['registry'] },
    tenants,
    admission: { check: 'enforce', prove: 'enforce', service: 'gatehouse.gatehouse-system', ...differs },
  });
  await mkdir(dir.at('tenants'));
  await mkdir(dir.at('registry'));
  await writeFile(dir.at('registry/cluster.yaml'), documents(registry));
  await writeFile(dir.at('tenants/all.yaml'), documents(policies));
  return dir;
}

const metric = async ({ ready }: RunningGatehouse, line: RegExp): Promise<string | undefined> =>
  line.exec(await (await fetch(`http://${ready.health}/metrics`)).text())?.[1];
const degraded = async ({ ready }: RunningGatehouse): Promise<readonly string[]> =>
  ((await (await fetch(`http://${ready.health}/readyz`)).json()) as { readonly degraded: readonly string[] }).degraded;
const isProved = (server: RunningGatehouse, tenant: string, direction: string): Promise<string | undefined> =>
  metric(server, new RegExp(`gatehouse_tenant_proved\\{tenant="${tenant}",direction="${direction}"\\} (\\d)`));

describe('admission.prove: enforce', function () {
  this.timeout(300_000);
  let dir: GatehouseDir;
  let server: RunningGatehouse;
  const ask = (asked: Parameters<typeof askWebhook>[1]) => askWebhook(server.ready.admission!, asked);
  before(async () => {
    dir = await makeDir();
    server = await runGatehouse(dir.config);
  });
  after(async () => {
    await server?.stop();
    await dir?.[Symbol.asyncDispose]();
  });

  it('refuses a policy that opens a tenant, with what passes, and names nothing of the other', async () => {
    const { allowed, status } = await ask({ object: probes });
    assert.equal(allowed, false);
    assert.match(
      status?.message ?? '',
      /with this, tenant red is not alone \(others reach it\): a pod of another namespace reaches red-shop\/cart GET \/healthz .* on TCP 8080, istio allows it by red-shop\/probes rule 0/,
    );
    assert.doesNotMatch(status?.message ?? '', /blue|web/);
    assert.match(server.log(), /tenant red is not alone .*blue-shop\/web reaches red-shop\/cart/);
  });

  it('lets a policy in that opens nothing', async () => {
    const narrower = authorization('red-shop', 'own-get', {
      rules: [{ from: [{ source: { namespaces: ['red-shop'] } }], to: [{ operation: { methods: ['GET'] } }] }],
    });
    assert.deepEqual(await ask({ object: narrower }), { uid: 'u', allowed: true });
  });

  it('lets in another label of a namespace, on which nothing rests', async () => {
    const object = namespace('red-shop', { team: 'red', tier: 'gold' });
    assert.deepEqual(await ask({ operation: 'UPDATE', object, oldObject: redNamespace }), { uid: 'u', allowed: true });
  });

  const refused: readonly { name: string; asked: Parameters<typeof askWebhook>[1]; says: RegExp; hides?: RegExp }[] = [
    {
      name: 'the DELETE of the policy of the root namespace, on which namespaces to come rest',
      asked: { operation: 'DELETE', oldObject: nothing },
      says: /together with objects elsewhere: tenant-opened/,
      hides: /red|blue/,
    },
    {
      name: 'an annotation by which that policy would only be rehearsed',
      asked: {
        operation: 'UPDATE',
        object: { ...nothing, metadata: { ...nothing.metadata, annotations: { 'istio.io/dry-run': 'true' } } },
        oldObject: nothing,
      },
      says: /tenant-opened/,
    },
    {
      name: 'labels of a namespace by which it is nobody’s',
      asked: { operation: 'UPDATE', object: namespace('red-shop', { team: 'none' }), oldObject: redNamespace },
      says: /nobody could say whether tenants are alone/,
    },
  ];
  for (const { name, asked, says, hides } of refused)
    it(`refuses ${name}`, async () => {
      const { allowed, status } = await ask(asked);
      assert.equal(allowed, false);
      assert.match(status?.message ?? '', says);
      if (hides !== undefined) assert.doesNotMatch((status?.message ?? '').split('\n').slice(1).join(), hides);
    });

  it('never refuses whoever clears a namespace away, and tells', async () => {
    const user = 'system:serviceaccount:kube-system:namespace-controller';
    const { allowed, warnings } = await ask({ operation: 'DELETE', oldObject: nothing, user });
    assert.equal(allowed, true);
    assert.match(warnings?.[0] ?? '', /tenant-opened/);
  });

  it('looks at no status and at no DELETE of a pod', async () => {
    assert.equal(
      (await ask({ operation: 'UPDATE', object: cart, oldObject: web, subResource: 'status' })).allowed,
      true,
    );
    assert.deepEqual(await ask({ operation: 'DELETE', oldObject: cart }), { uid: 'u', allowed: true });
  });

  it('says by condition, log and metric that a proof was lost, and that it stands again', async () => {
    await eventually('red is proved', async () => (await isProved(server, 'red', 'in')) === '1' || undefined);
    await writeFile(dir.at('tenants/probes.yaml'), documents([probes]));
    await eventually('the proof is lost', async () => (await isProved(server, 'red', 'in')) === '0' || undefined);
    assert.deepEqual(await degraded(server), [
      'tenants: red (others reach it) is not proved: the log says what passes',
      'tenants: blue (it reaches others) is not proved: the log says what passes',
    ]);
    assert.match(server.log(), /"code":"tenant_opened".*blue-shop\/web reaches red-shop\/cart/);
    const again = {
      operation: 'UPDATE',
      object: { ...probes, metadata: { ...probes.metadata, labels: { a: 'b' } } },
      oldObject: probes,
    } as const;
    assert.equal((await ask(again)).allowed, true, 'what was open before is no reason to refuse');
    await writeFile(
      dir.at('tenants/probes.yaml'),
      documents([ownOnly].map((one) => ({ ...one, metadata: { ...one.metadata, name: 'again' } }))),
    );
    await eventually('the proof stands', async () => (await isProved(server, 'red', 'in')) === '1' || undefined);
    assert.deepEqual(await degraded(server), []);
    assert.match(server.log(), /"code":"tenant_closed"/);
    assert.equal(await metric(server, /gatehouse_tenant_proofs_lost_total\{tenant="red",direction="in"\} (\d)/), '1');
  });
});

describe('admission.prove: warn', function () {
  this.timeout(300_000);
  it('lets in what opens a tenant, and tells', async () => {
    await using dir = await makeDir({ prove: 'warn' });
    await using server = await runGatehouse(dir.config);
    const { allowed, warnings } = await askWebhook(server.ready.admission!, { object: probes });
    assert.equal(allowed, true);
    assert.match(warnings?.join('\n') ?? '', /tenant red is not alone/);
  });
});

describe('a change that cannot be proved in time', function () {
  this.timeout(300_000);
  for (const onTimeout of ['allow', 'deny'])
    it(`is taken as admission.onTimeout: ${onTimeout} says, and counted`, async () => {
      await using dir = await makeDir({ onTimeout });
      await using server = await runGatehouse(dir.config);
      const { allowed } = await askWebhook(server.ready.admission!, { object: probes }, '1001ms');
      assert.equal(allowed, onTimeout === 'allow');
      assert.equal(await metric(server, /gatehouse_admission_reviews_total\{outcome="late"\} (\d)/), '1');
    });
});
