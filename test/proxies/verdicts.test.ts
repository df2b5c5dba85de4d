import assert from 'node:assert/strict';
import { askAdmin } from '../support/ask-admin.ts';
import { eventually } from '../support/eventually.ts';
import { makeCertificate, usualCa } from '../support/openssl-ca.ts';
import type { ClientIdentity } from '../support/svid-of.ts';
import { askProxy, type ProxyAnswer, type ProxyQuestion } from './ask-proxy.ts';
import { type ProxyMesh, startProxyMesh } from './mesh.ts';
import { type ProxyProgram, programs } from './programs.ts';
import type { RunningProxy } from './starters.ts';

const policies = {
  details: `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: readers, namespace: default }
spec:
  action: ALLOW
  rules:
  - from: [{ source: { principals: [cluster.local/ns/default/sa/productpage] } }]
    to: [{ operation: { methods: [GET, HEAD], paths: [/books*] } }]
  - from: [{ source: { principals: [cluster.local/ns/default/sa/reviews] } }]
    to: [{ operation: { methods: [POST], paths: [/reviews] } }]
  - to: [{ operation: { methods: [GET], paths: [/public/*] } }]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: nobody, namespace: default }
spec:
  action: DENY
  rules:
  - to: [{ operation: { paths: [/public/secret*] } }]
  - from: [{ source: { notRemoteIpBlocks: [127.0.0.0/8] } }]
  - when: [{ key: "request.headers[x-role]", values: [admin] }]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: other-names, namespace: default }
spec:
  selector: { matchLabels: { app: details } }
  action: DENY
  rules:
  - when: [{ key: connection.sni, values: [other.example] }]
`,
};

type Row = Omit<ProxyQuestion, 'ca' | 'identity'> & { readonly name: string; readonly who?: string };

const rows: readonly Row[] = [
  { name: 'who may', who: 'productpage', path: '/books/1?x=/admin' },
  { name: 'who may, of a path with an escape', who: 'productpage', path: '/books/a%20b' },
  { name: 'HEAD of who may', who: 'productpage', method: 'HEAD', path: '/books' },
  { name: 'another method', who: 'productpage', method: 'DELETE', path: '/books' },
  { name: 'another path', who: 'productpage', path: '/admin' },
  { name: 'another path, with one that may in the query', who: 'productpage', path: '/admin?/books' },
  {
    name: 'a body of who may',
    who: 'reviews',
    method: 'POST',
    path: '/reviews',
    body: 'GET /books HTTP/1.1\r\nHost: a\r\n\r\n',
  },
  { name: 'a body of who may not', who: 'productpage', method: 'POST', path: '/reviews', body: 'x'.repeat(100_000) },
  { name: 'an empty body', who: 'reviews', method: 'POST', path: '/reviews', body: '' },
  { name: 'somebody else', who: 'reviews', path: '/books' },
  { name: 'nobody', path: '/books' },
  { name: 'nobody, where all may', path: '/public/a' },
  { name: 'nobody, where nobody may', path: '/public/secrets' },
  { name: 'another certificate authority', who: 'stranger', path: '/public/a' },
  { name: 'a header by which it is denied', path: '/public/a', headers: [['X-Role', 'admin']] },
  { name: 'a header by which it is not', path: '/public/a', headers: [['X-Role', 'user']] },
  { name: 'one who says that he is elsewhere', path: '/public/a', headers: [['Forwarded', 'for=1.2.3.4']] },
  {
    name: 'WebSocket of who may',
    who: 'productpage',
    path: '/books',
    headers: [
      ['Connection', 'close, Upgrade'],
      ['Upgrade', 'websocket'],
      ['Sec-WebSocket-Key', 'AAAAAAAAAAAAAAAAAAAAAA=='],
      ['Sec-WebSocket-Version', '13'],
    ],
  },
  {
    name: 'WebSocket of who may not',
    who: 'reviews',
    path: '/books',
    headers: [
      ['Connection', 'close, Upgrade'],
      ['Upgrade', 'websocket'],
      ['Sec-WebSocket-Key', 'AAAAAAAAAAAAAAAAAAAAAA=='],
      ['Sec-WebSocket-Version', '13'],
    ],
  },
];

/** What a client may write to pass for another. */
const forged = (identity: ClientIdentity): readonly (readonly [string, string])[] => {
  const escaped = encodeURIComponent(identity.cert);
  const base64 = /BEGIN CERTIFICATE-----([^-]+)/.exec(identity.cert)![1]!.replace(/\s/g, '');
  return [
    ...([
      ['X-Forwarded-Uri', '/books'],
      ['X-Forwarded-Method', 'GET'],
      ['X-Forwarded-Host', 'a'],
      ['X-Forwarded-For', '127.0.0.1'],
    ] as const),
    ...([
      ['X-Original-URI', '/books'],
      ['X-Original-Method', 'GET'],
      ['X-Real-Ip', '127.0.0.1'],
    ] as const),
    ...([
      ['X-Forwarded-Tls-Client-Cert', base64],
      ['X-Forwarded-Client-Cert', `Cert="${escaped}"`],
    ] as const),
  ];
};
const ours = (identity: ClientIdentity): readonly (readonly [string, string])[] => [
  ['X-Gatehouse-Certificate', `=${encodeURIComponent(identity.cert)}`],
  ['X-Gatehouse-Verified', '=SUCCESS'],
  ['X-Gatehouse-Uri', '/books'],
  ['X-Gatehouse-Method', 'GET'],
  ['X-Gatehouse-Workload', 'default/other'],
];

/** What Traefik never says, a policy of `details` reads. */
const workloadOf = ({ proxy }: ProxyProgram): string => (proxy === 'traefik' ? 'ratings' : 'details');

describe('real proxies that ask by HTTP', function () {
  this.timeout(300_000);
  let mesh: ProxyMesh;
  let reference: RunningProxy;
  const running = new Map<string, RunningProxy>();
  const identities = new Map<string, ClientIdentity>();
  before(async () => {
    mesh = await startProxyMesh(policies);
    for (const name of ['productpage', 'reviews']) identities.set(name, await mesh.identity(name));
    makeCertificate(mesh.dir, { name: 'otherca', extensions: usualCa });
    const cert = makeCertificate(mesh.dir, {
      ...{ name: 'stranger', issuer: 'otherca' },
      extensions:
        'basicConstraints=critical,CA:FALSE\nkeyUsage=digitalSignature\nsubjectAltName=URI:spiffe://cluster.local/ns/default/sa/productpage\n',
    });
    const { readFileSync } = await import('node:fs');
    const ca = identities.get('reviews')!.ca;
    identities.set('stranger', { cert, key: readFileSync(mesh.dir.at('stranger.key'), 'utf8'), ca });
    reference = await mesh.startReference();
    for (const each of programs) running.set(each.name, await mesh.start(each, workloadOf(each)));
  });
  after(() => mesh[Symbol.asyncDispose]());

  const ask = (proxy: RunningProxy, { who, ...question }: Omit<Row, 'name'>): Promise<ProxyAnswer> => {
    const { ca } = identities.get('reviews')!;
    return askProxy(proxy.port, { ...question, ca, identity: who === undefined ? undefined : identities.get(who) });
  };
  const verdict = ({ status }: ProxyAnswer): string => (status === 200 ? 'allow' : 'deny');

  for (const { name } of programs) {
    describe(name, () => {
      for (const row of rows)
        it(`decides as Envoy's gRPC does: ${row.name}`, async () => {
          const [wanted, got] = await Promise.all([ask(reference, row), ask(running.get(name)!, row)]);
          assert.equal(
            verdict(got),
            verdict(wanted),
            `${got.status} ${got.body}, and Envoy ${wanted.status} ${wanted.body}`,
          );
          if (verdict(got) === 'deny' && row.who !== 'stranger') assert.equal(got.status, 403);
        });

      it('tells the application the id of the decision, and nothing that the client made up', async () => {
        const answer = await ask(running.get(name)!, {
          ...{ who: 'productpage', path: '/books/1?x=2' },
          headers: [['X-Gatehouse-Id', 'mine']],
        });
        assert.equal(answer.status, 200, answer.body);
        const seen = JSON.parse(/\{.*\}/s.exec(answer.body)![0]) as { url: string; headers: Record<string, string> };
        assert.equal(seen.url, '/books/1?x=2');
        assert.match(seen.headers['x-gatehouse-id'] ?? '', /^[\w-]{22}$/);
        const why = await askAdmin(
          mesh.gatehouse.ready.admin,
          'GET',
          `/v1/decisions/${seen.headers['x-gatehouse-id']}`,
        );
        assert.equal(why.status, 200, JSON.stringify(why.body));
      });

      it('lets nobody pass for another by headers', async () => {
        const identity = identities.get('productpage')!;
        for (const who of [undefined, 'reviews']) {
          for (const headers of [forged(identity), ours(identity)]) {
            const answer = await ask(running.get(name)!, { ...(who && { who }), path: '/admin', headers });
            assert.equal(answer.status, 403, answer.body);
          }
        }
        const still = await ask(running.get(name)!, { who: 'productpage', path: '/books', headers: forged(identity) });
        assert.equal(still.status, 200, 'who may still may');
      });

      it('asks for no path that servers may read otherwise', async () => {
        for (const path of [
          '/books//1',
          '/books/../admin',
          '/books/%2e%2e/admin',
          '/books/..;/admin',
          '/books%2f..%2fadmin',
          '/public/%2fsecret',
        ]) {
          const { status, body } = await ask(running.get(name)!, { who: 'productpage', path });
          if (status !== 200) continue;
          const { url } = JSON.parse(/\{.*\}/s.exec(body)![0]) as { url: string };
          assert.match(url, /^\/(books|public)(\/[\w-]+)*$/, `${path} came as ${url}`);
        }
      });
    });
  }

  it('deny all from one that does not say what a policy reads, and name it', async () => {
    const traefik = programs.find(({ proxy }) => proxy === 'traefik')!;
    const proxy = await mesh.start(traefik, 'details');
    const answer = await eventually('it has read its files', async () => {
      const some = await ask(proxy, { who: 'productpage', path: '/books' });
      return some.status === 0 ? undefined : some;
    });
    assert.equal(answer.status, 403);
    assert.match(answer.headers.get('x-gatehouse-reason') ?? '', /connection\.sni/);
  });

  it('decide by policies that change all the time, 10,000 requests without one that should not be', async () => {
    const allowing = (methods: string): string =>
      policies.details.replace('methods: [GET, HEAD], paths: [/books*]', `methods: [${methods}], paths: [/books*]`);
    let isOver = false;
    let reloads = 0;
    const changing = (async () => {
      while (!isOver) {
        reloads += 1;
        await mesh.dir.policy('details', allowing(reloads % 2 === 0 ? 'GET, HEAD' : 'GET, HEAD, OPTIONS'));
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    const wrong: string[] = [];
    const { ca } = identities.get('reviews')!;
    const each = Math.ceil(10_000 / programs.length);
    const askAll = async (proxy: RunningProxy): Promise<void> => {
      const { manyOver } = await import('./many.ts');
      const question = (i: number) => (i % 3 === 0 ? { path: '/admin', want: 403 } : { path: '/books', want: 200 });
      const got = await manyOver(
        proxy.port,
        { identity: identities.get('productpage'), ca },
        each,
        (i) => question(i).path,
      );
      got.forEach((status, i) => {
        if (status !== question(i).want) wrong.push(`${proxy.name} ${i}: ${status}`);
      });
    };
    for (const proxy of running.values()) await askAll(proxy);
    isOver = true;
    await changing;
    await mesh.dir.policy('details', policies.details);
    assert.deepEqual(wrong.slice(0, 10), []);
    assert.ok(reloads > 3);
    await eventually('the last policies', async () => {
      const { status } = await ask(running.get('nginx')!, { who: 'productpage', path: '/books' });
      return status === 200 || undefined;
    });
  });
});
