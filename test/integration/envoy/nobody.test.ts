import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { askHttp } from '../../support/ask-http.ts';
import { type GuardedServer, startGuardedServer } from '../../support/guarded-server.ts';
import { startSidecarPair } from '../../support/sidecar-pair.ts';
import type { ClientIdentity } from '../../support/svid-of.ts';

const policies = {
  'everybody.yaml': `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: everybody, namespace: default }
spec: { rules: [{}] }
`,
};

/** What an Envoy obeys, takes for its own word, or passes on. */
const claims: Readonly<Record<string, string>> = {
  'x-envoy-retry-on': '5xx',
  'x-envoy-retry-grpc-on': 'unavailable',
  'x-envoy-max-retries': '3',
  'x-envoy-retriable-status-codes': '503',
  'x-envoy-retriable-header-names': 'x-again',
  'x-envoy-upstream-rq-timeout-ms': '90000',
  'x-envoy-upstream-rq-per-try-timeout-ms': '90000',
  'x-envoy-expected-rq-timeout-ms': '1',
  'x-envoy-upstream-alt-stat-name': 'other',
  'x-envoy-upstream-rq-timeout-alt-response': '1',
  'x-envoy-upstream-stream-duration-ms': '90000',
  'x-envoy-hedge-on-per-try-timeout': 'true',
  'x-envoy-is-timeout-retry': 'true',
  'x-envoy-internal': 'true',
  'x-envoy-external-address': '10.0.0.1',
  'x-envoy-force-trace': 'true',
  'x-envoy-ip-tags': 'office',
  'x-envoy-original-path': '/innocent',
  'x-envoy-original-host': 'admin',
  'x-envoy-original-dst-host': '127.0.0.1:1',
  'x-envoy-attempt-count': '7',
  'x-envoy-decorator-operation': 'other',
  'x-envoy-downstream-service-cluster': 'admin',
  'x-envoy-downstream-service-node': 'admin',
  'x-envoy-peer-metadata': 'x',
  'x-envoy-peer-metadata-id': 'x',
  'x-envoy-auth-partial-body': 'true',
  'x-envoy-auth-failure-mode-allowed': 'true',
  'X-Envoy-Nobody-Has-Heard-Of': 'x',
};

/** An application that is out of order, and says how often it was asked, and with which headers of Envoy's. */
async function startBrokenApp() {
  const seen: { readonly url: string | undefined; readonly envoy: readonly string[] }[] = [];
  const server: Server = createServer(({ url, headers }, response) => {
    const envoy = Object.entries(headers).filter(([name]) => name.startsWith('x-envoy-'));
    seen.push({ url, envoy: envoy.map(([name, value]) => `${name}: ${String(value)}`) });
    response.writeHead(503).end('out of order');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port, // it listens on TCP
    asked: (url: string) => seen.filter((each) => each.url === url),
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

const addresses = ['', '10.1.2.3', '172.16.0.1', '192.168.0.9', '127.0.0.1', '203.0.113.9', '::1', 'fd00::1'];

describe('who commands a real Envoy with our bootstrap', function () {
  this.timeout(300_000);
  let app: Awaited<ReturnType<typeof startBrokenApp>>;
  before(async () => {
    app = await startBrokenApp();
  });
  after(() => app?.[Symbol.asyncDispose]());

  const kinds = [
    { name: 'a sidecar', flags: [], versions: ['http1', 'http2'], own: () => [] },
    {
      name: 'a gateway',
      flags: ['--gateway', '--trusted-hops', '1'],
      versions: ['plain'],
      own: (address: string) => [`x-envoy-external-address: ${address || '127.0.0.1'}`],
    },
  ] as const;
  for (const { name, flags, versions, own } of kinds) {
    describe(`as ${name}`, () => {
      let server: GuardedServer;
      let identity: ClientIdentity;
      before(async () => {
        server = await startGuardedServer({ upstreamPort: app.port, policies, flags });
        identity = await server.identity('productpage');
      });
      after(() => server?.[Symbol.asyncDispose]());

      for (const version of versions) {
        for (const address of addresses) {
          it(`is no caller by ${version} from ${address || 'here'}, whatever x-envoy-… it sends`, async () => {
            const path = `/${version}/${address.replaceAll(':', '.')}`;
            const headers = { ...claims, ...(address && { 'x-forwarded-for': address }) };
            const answer = await askHttp({ port: server.port, identity, version, method: 'POST', path, headers });
            assert.equal(answer.body, 'out of order');
            assert.deepEqual(app.asked(path), [{ url: path, envoy: own(address) }], 'once, without the claims');
            assert.ok(await server.logged((each) => each['path'] === path), 'the log has the true path');
          });
        }
      }
    });
  }

  it('is no application either: a POST is not done twice', async () => {
    const upstreamPorts = { productpage: app.port, details: app.port };
    await using pair = await startSidecarPair({ policies, upstreamPorts });
    const port = pair.productpage.outboundPort;
    const answer = await askHttp({ port, version: 'plain', method: 'POST', path: '/pair', headers: claims });
    assert.equal(answer.status, 503);
    assert.deepEqual(app.asked('/pair'), [{ url: '/pair', envoy: [] }]);
  });

  describe('by its admin pages', () => {
    let server: GuardedServer;
    before(async () => {
      server = await startGuardedServer({ upstreamPort: app.port, policies });
    });
    after(() => server?.[Symbol.asyncDispose]());

    const ask = (method: string, path: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const [host, port] = server.envoy.admin.split(':');
        request({ host, port, method, path, agent: false }, (response) => {
          response.resume().on('end', () => resolve(response.statusCode ?? 0));
        })
          .on('error', reject)
          .end();
      });

    it('offers those that read', async () => {
      const pages = [
        '/certs',
        '/clusters',
        '/config_dump',
        '/listeners?format=json',
        '/memory',
        '/ready',
        '/server_info',
      ];
      for (const page of [...pages, '/stats', '/stats?filter=x', '/stats/prometheus']) {
        assert.equal(await ask('GET', page), 200, page);
      }
    });

    it('offers none that changes something', async () => {
      const changing = [
        '/quitquitquit',
        '/runtime_modify?a=b',
        '/logging?level=off',
        '/healthcheck/fail',
        '/drain_listeners',
      ];
      const below = ['enable', 'disable', 'clear'].map((verb) => `/stats/recentlookups/${verb}`);
      const others = ['/reset_counters', '/reopen_logs', '/cpuprofiler?enable=y', '/heapprofiler?enable=y', '/tap'];
      for (const page of [...changing, ...below, ...others, '/stats/../quitquitquit', '/ready/../quitquitquit']) {
        assert.equal(await ask('POST', page), 403, page);
      }
    });
  });

  describe('by a handshake', () => {
    let server: GuardedServer;
    let identity: ClientIdentity;
    before(async () => {
      server = await startGuardedServer({ upstreamPort: app.port, policies });
      identity = await server.identity('productpage');
    });
    after(() => server?.[Symbol.asyncDispose]());

    it('offers no session to resume, and nothing older than TLS 1.3', async () => {
      const { cert, key } = identity;
      const options = { host: '127.0.0.1', port: server.port, cert, key, rejectUnauthorized: false };
      const socket = connect({ ...options, ALPNProtocols: ['http/1.1'] });
      let sessions = 0;
      socket.on('session', () => sessions++);
      await once(socket, 'secureConnect');
      socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      socket.resume();
      await once(socket, 'close');
      assert.equal(sessions, 0);
      const old = connect({ ...options, maxVersion: 'TLSv1.2' });
      const [error] = (await once(old, 'error')) as [Error]; // Node's own event
      assert.match(error.message, /protocol version/);
    });
  });

  it('is no caller of another trust domain, though its roots are known', async () => {
    const edit = (yaml: string) => yaml.replace('prefix: spiffe://cluster.local/', 'prefix: spiffe://elsewhere.test/');
    await using server = await startGuardedServer({ upstreamPort: app.port, policies, edit });
    const identity = await server.identity('productpage');
    await assert.rejects(askHttp({ port: server.port, identity, version: 'http1' }), /alert|ECONNRESET|hang up/i);
    await server.logged((each) => /SAN matcher|verif/i.test(String(each['handshake_failure'])));
  });
});
