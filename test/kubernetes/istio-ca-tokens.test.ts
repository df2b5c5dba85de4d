import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { status } from '@grpc/grpc-js';
import { eventually } from '../support/eventually.ts';
import { type GatehouseDir, gatehouseDir, usualListeners } from '../support/gatehouse-dir.ts';
import { askIstioCa, boastfulCsr, type CaAnswer } from '../support/istio-ca-client.ts';
import { useApiServer } from '../support/kubernetes/api-server.ts';
import { makePod, type PodThere, podToken, removePod } from '../support/kubernetes/pod-token.ts';
import { openssl } from '../support/openssl.ts';
import { gatehouseJson, type RunningGatehouse, runGatehouse } from '../support/run-gatehouse.ts';
import { svidOf } from '../support/svid-of.ts';

const idOf = (namespace: string, name: string) => `spiffe://cluster.local/ns/${namespace}/sa/${name}`;
const refused = { code: status.UNAUTHENTICATED, text: 'request authenticate failure' };
const notForOthers = { code: status.UNAUTHENTICATED, text: 'request impersonation authentication failure' };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

function nameIn(answer: CaAnswer): string {
  assert.ok('chain' in answer, JSON.stringify(answer));
  return new X509Certificate(answer.chain[0] ?? '').subjectAltName ?? '';
}

describe("Istio's CA API with the tokens of a real API server", function () {
  this.timeout(300_000);
  const server = useApiServer();
  const opened = new AsyncDisposableStack();
  let dir: GatehouseDir;
  let gatehouse: RunningGatehouse;
  let ca: string;
  let csr: string;
  const start = async (attestation: object): Promise<RunningGatehouse> => {
    await dir.configure({
      listen: { ...usualListeners, istioCa: '127.0.0.1:0' },
      kubernetes: { kubeconfig: server().admin.kubeconfig, policies: false, registry: false },
      attestation: { kubernetes: { audience: ['gatehouse', 'istio-ca'], ...attestation } },
      entries: [
        {
          spiffeId: 'spiffe://cluster.local/canary',
          selectors: ['k8s:ns:shop', 'k8s:sa:cart', 'k8s:pod-label:track:canary'],
        },
      ],
      workloads: [{ namespace: 'default', serviceAccount: 'door', socket: { path: './run/door.sock' } }],
    });
    return runGatehouse(dir.config);
  };
  before(async () => {
    dir = opened.use(await gatehouseDir());
    gatehouse = await start({
      implicit: { namespaces: ['default'], namespaceSelector: { matchLabels: { mesh: 'on' } } },
      nodeProxies: ['istio-system/ztunnel'],
      clusterId: 'Kubernetes',
    });
    opened.defer(() => gatehouse[Symbol.asyncDispose]());
    ({ ca } = await svidOf(dir.at('run/door.sock')));
    csr = await boastfulCsr(dir);
  });
  after(() => opened.disposeAsync());
  const ask = (headers: Readonly<Record<string, string>>, metadata = {}) =>
    askIstioCa(gatehouse, { ca }, { csr, validityDuration: 600n, metadata }, headers);

  it('certifies the account of the pod, whatever the request says, in the form of istiod, and writes down how it knew', async () => {
    const pod = await makePod(server(), 'details');
    const answer = await ask(bearer(await podToken(server(), pod, { audiences: ['istio-ca'] })), { CertSigner: '' });
    assert.equal(nameIn(answer), `URI:${idOf('default', 'details')}`);
    const chain = 'chain' in answer ? answer.chain : [];
    assert.equal(chain.length, 2);
    assert.ok(chain.every((each) => each.endsWith('-----END CERTIFICATE-----\n')));
    await writeFile(dir.at('leaf.pem'), chain[0] ?? '');
    await writeFile(dir.at('roots.pem'), chain[1] ?? '');
    const verified = openssl(['verify', '-x509_strict', '-CAfile', dir.at('roots.pem'), dir.at('leaf.pem')]);
    assert.ok(verified.ok, verified.text);
    const { validFrom, validTo } = new X509Certificate(chain[0] ?? '');
    const lifeMs = Date.parse(validTo) - Date.parse(validFrom);
    assert.ok(lifeMs >= 600_000 && lifeMs <= 611_000, `${lifeMs} ms`);
    const account = await server().admin.api.must('GET', '/api/v1/namespaces/default/serviceaccounts/details');
    const ledger = (await gatehouseJson(
      'ca',
      'ledger',
      '--config',
      dir.config,
      '--id',
      idOf('default', 'details'),
    )) as {
      rows: { selectors: string[] }[];
    };
    assert.deepEqual(ledger.rows[0]?.selectors, [
      ...['k8s:token', 'k8s:ns:default', 'k8s:sa:details', `k8s:pod-uid:${pod.uid}`],
      ...['k8s:pod-name:details', `k8s:sa-uid:${account.metadata.uid}`, 'k8s:node-name:node-1'],
    ]);
    assert.match(gatehouse.log(), /certified spiffe:\/\/cluster\.local\/ns\/default\/sa\/details at Istio's CA API/);
  });

  it('answers who proves nothing as istiod does, and says why in the log', async () => {
    const pod = await makePod(server(), 'reviews');
    const token = await podToken(server(), pod, { audiences: [] });
    for (const headers of [{}, bearer('x'), bearer(token), { authorization: `Basic ${token}` }])
      assert.deepEqual(await ask(headers), refused);
    assert.match(gatehouse.log(), /token of default\/reviews in pod reviews is refused: it is for somebody else/);
    assert.match(gatehouse.log(), /"reason":"other_audience"/);
  });

  it('holds a caller to its cluster where it names one', async () => {
    const token = bearer(await podToken(server(), await makePod(server(), 'ratings')));
    for (const clusterid of ['Kubernetes', '']) nameIn(await ask({ ...token, clusterid }));
    assert.deepEqual(await ask({ ...token, clusterid: 'cluster-2' }), refused);
  });

  it('gives an entry before what is implied, and nothing where nothing gives it', async () => {
    await server().namespace('shop', { mesh: 'on' });
    const canary = await makePod(server(), 'cart-2', {
      namespace: 'shop',
      serviceAccount: 'cart',
      labels: { track: 'canary' },
    });
    assert.equal(nameIn(await ask(bearer(await podToken(server(), canary)))), 'URI:spiffe://cluster.local/canary');
    const stable = await makePod(server(), 'cart-1', { namespace: 'shop', serviceAccount: 'cart' });
    assert.equal(nameIn(await ask(bearer(await podToken(server(), stable)))), `URI:${idOf('shop', 'cart')}`);
    const { api } = server().admin;
    const labels = (mesh: string | null) =>
      api.must(
        'PATCH',
        '/api/v1/namespaces/kube-system',
        { metadata: { labels: { mesh } } },
        'application/merge-patch+json',
      );
    await api.ask('POST', '/api/v1/namespaces', { metadata: { name: 'kube-system' } });
    await labels('on');
    const system = await makePod(server(), 'dns', { namespace: 'kube-system' });
    const out = await makePod(server(), 'out', { namespace: 'elsewhere' });
    const codeFor = async (pod: PodThere) => {
      const answer = await ask(bearer(await podToken(server(), pod)));
      return 'code' in answer ? answer.code : status.OK;
    };
    for (const pod of [system, out]) assert.equal(await codeFor(pod), status.PERMISSION_DENIED);
    const unlabelled = { metadata: { labels: { mesh: null } } };
    await api.must('PATCH', '/api/v1/namespaces/shop', unlabelled, 'application/merge-patch+json');
    await eventually('a namespace that has lost its label implies nothing', async () =>
      (await codeFor(stable)) === status.PERMISSION_DENIED ? true : undefined,
    );
    assert.equal(await codeFor(canary), status.OK);
  });

  it("lets a node's proxy speak for pods of its own node, and nobody else for anybody", async () => {
    const there = { namespace: 'istio-system', serviceAccount: 'ztunnel' };
    const proxy = await makePod(server(), 'ztunnel-1', { ...there, node: 'node-1' });
    const other = await makePod(server(), 'ztunnel-2', { ...there, node: 'node-2' });
    const pod = await makePod(server(), 'books', { node: 'node-1' });
    const wanted = { ImpersonatedIdentity: idOf('default', 'books') };
    const token = bearer(await podToken(server(), proxy, { audiences: ['istio-ca'] }));
    const answer = await ask(token, wanted);
    assert.equal(nameIn(answer), `URI:${idOf('default', 'books')}`);
    assert.deepEqual(await ask(bearer(await podToken(server(), other)), wanted), notForOthers);
    assert.deepEqual(
      await ask(bearer(await podToken(server(), pod)), { ImpersonatedIdentity: idOf('default', 'details') }),
      notForOthers,
    );
    for (const ImpersonatedIdentity of [
      idOf('default', 'nobody'),
      'spiffe://cluster.local/ns/default/sa/books/x',
      'spiffe://cluster.local/gatehouse/authority',
      'books',
      7,
    ])
      assert.deepEqual(await ask(token, { ImpersonatedIdentity }), notForOthers, String(ImpersonatedIdentity));
    const foreign = await ask(token, { ImpersonatedIdentity: 'spiffe://other.example/ns/default/sa/books' });
    assert.equal('code' in foreign && foreign.code, status.PERMISSION_DENIED);
    const [leaf = ''] = 'chain' in answer ? answer.chain : [];
    const key = await readFile(dir.at('new.key'), 'utf8');
    assert.deepEqual(await askIstioCa(gatehouse, { ca, key, cert: leaf }, { csr }), refused);
    await removePod(server(), pod);
    assert.deepEqual(await ask(token, wanted), notForOthers);
  });

  it('renews by the certificate alone while the pod lives, and by nothing that does not fit', async () => {
    const pod = await makePod(server(), 'orders');
    const token = bearer(await podToken(server(), pod));
    const first = await ask(token);
    const key = await readFile(dir.at('new.key'), 'utf8');
    const cert = 'chain' in first ? (first.chain[0] ?? '') : '';
    const own = { ca, key, cert };
    const again = await askIstioCa(gatehouse, own, { csr });
    assert.equal(nameIn(again), `URI:${idOf('default', 'orders')}`);
    nameIn(await askIstioCa(gatehouse, { ...own, cert: 'chain' in again ? (again.chain[0] ?? '') : '' }, { csr }));
    nameIn(await askIstioCa(gatehouse, own, { csr }, token));
    const another = await podToken(server(), await makePod(server(), 'payments'));
    const mixed = await askIstioCa(gatehouse, own, { csr }, bearer(another));
    assert.equal('code' in mixed && mixed.code, status.PERMISSION_DENIED, 'a token of somebody else beside it');
    assert.deepEqual(await askIstioCa(gatehouse, own, { csr }, bearer('stolen')), refused);
    const { api } = server().admin;
    await api.must('DELETE', '/api/v1/namespaces/default/serviceaccounts/orders');
    await api.must('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'orders' } });
    assert.deepEqual(await askIstioCa(gatehouse, own, { csr }), refused, 'an account that was made again');
    assert.match(gatehouse.log(), /"reason":"account_recreated"/);
    await removePod(server(), pod);
    assert.deepEqual(await askIstioCa(gatehouse, own, { csr }), refused);
    assert.match(gatehouse.log(), /a caller of default\/orders in pod orders is refused: its pod is gone/);
  });

  it('renews by the certificate no longer than it is told after the last token', async () => {
    const pod = await makePod(server(), 'bounded');
    const token = bearer(await podToken(server(), pod));
    const first = await ask(token);
    await gatehouse.stop();
    gatehouse = await start({ implicit: { namespaces: ['default'] }, renewFor: '0s' });
    const own = {
      ca,
      key: await readFile(dir.at('new.key'), 'utf8'),
      cert: 'chain' in first ? (first.chain[0] ?? '') : '',
    };
    assert.deepEqual(await askIstioCa(gatehouse, own, { csr }), refused);
    assert.match(gatehouse.log(), /cannot be renewed by its certificate any more/);
    nameIn(await askIstioCa(gatehouse, own, { csr }, token));
    const ztunnel = await makePod(server(), 'ztunnel-9', { namespace: 'istio-system', serviceAccount: 'ztunnel' });
    const forOthers = await ask(bearer(await podToken(server(), ztunnel)), {
      ImpersonatedIdentity: idOf('default', 'bounded'),
    });
    assert.deepEqual(forOthers, notForOthers, 'by default nobody speaks for others');
  });
});
