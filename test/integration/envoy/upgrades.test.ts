import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { askHttp } from '../../support/ask-http.ts';
import { eventually } from '../../support/eventually.ts';
import { startGrpcEcho, talk } from '../../support/grpc-echo.ts';
import { type GuardedServer, startGuardedServer } from '../../support/guarded-server.ts';
import { connectThrough, openHttp1, openHttp2 } from '../../support/open-stream.ts';
import { type PairAccount, type SidecarPair, startSidecarPair } from '../../support/sidecar-pair.ts';
import { type StreamApp, startHttp1StreamApp, startHttp2StreamApp } from '../../support/stream-app.ts';
import type { ClientIdentity } from '../../support/svid-of.ts';

/** Each may open streams of the other, but none that is private. An upgrade is a GET, also where HTTP/2 carries it. */
const policies = {
  'streams.yaml': `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: streams, namespace: default }
spec:
  rules:
    - to: [{ operation: { methods: [GET, POST], paths: [/stream] } }]
    - to: [{ operation: { methods: [GET], paths: [/websocket] } }]
    - to: [{ operation: { methods: [POST], paths: [/echo.Echo/Talk] } }]
`,
};

const ways: readonly (readonly [from: PairAccount, to: PairAccount])[] = [
  ['productpage', 'details'],
  ['details', 'productpage'],
];

describe('streams and upgrades between two of our sidecars', function () {
  this.timeout(300_000);

  const applications = [
    { name: 'HTTP/1.1', start: startHttp1StreamApp, flags: [], opened: (path: string) => `GET ${path} websocket` },
    {
      name: 'HTTP/2',
      start: () => startHttp2StreamApp(true),
      flags: ['--upstream-protocol', 'http2'],
      opened: (path: string) => `CONNECT ${path} websocket`,
    },
  ];
  for (const { name, start, flags, opened } of applications) {
    describe(`to applications that speak ${name}`, () => {
      let apps: Readonly<Record<PairAccount, StreamApp>>;
      let pair: SidecarPair;

      before(async () => {
        apps = { productpage: await start(), details: await start() };
        const upstreamPorts = { productpage: apps.productpage.port, details: apps.details.port };
        pair = await startSidecarPair({ policies, upstreamPorts, flags });
      });
      after(async () => {
        await pair?.[Symbol.asyncDispose]();
        await apps?.productpage[Symbol.asyncDispose]();
        await apps?.details[Symbol.asyncDispose]();
      });

      for (const [from, to] of ways) {
        for (const [version, open] of [
          ['HTTP/1.1', openHttp1],
          ['HTTP/2', openHttp2],
        ] as const) {
          it(`carries a WebSocket of ${from} by ${version} to ${to}, and asks about it`, async () => {
            const port = pair[from].outboundPort;
            using socket = await open({ port, path: '/websocket', protocol: 'websocket' });
            assert.equal(socket.status, version === 'HTTP/2' ? 200 : 101);
            assert.equal(await socket.echoed('one'), 'one');
            assert.equal(await socket.echoed('two'), 'two');
            assert.equal(apps[to].seen.at(-1), opened('/websocket'));
          });

          it(`refuses a WebSocket of ${from} by ${version} that no rule of ${to} allows`, async () => {
            const port = pair[from].outboundPort;
            const path = `/private/${version}`;
            using socket = await open({ port, path, protocol: 'websocket' });
            assert.equal(socket.status, 403);
            const line = await pair[to].logged((each) => each['path'] === path && each['direction'] === 'inbound');
            assert.equal(line['reason'], 'no_rule_allowed');
            assert.equal(line['method'], 'GET');
            assert.equal(apps[to].seen.includes(opened(path)), false);
          });
        }

        it(`leaves the streams of ${from} alone when a request beside them is refused`, async () => {
          const port = pair[from].outboundPort;
          using stream = await openHttp1({ port, path: '/stream' });
          assert.equal(stream.status, 200);
          assert.equal(await stream.echoed('before'), 'before');
          const connections = () => pair[from].envoy.stat('cluster.outbound_0.upstream_cx_destroy');
          const ended = await connections();
          const refused = { x_under_score: 'x' };
          const ask = (more: object) => askHttp({ port, version: 'plain', path: '/stream', ...more });
          assert.equal((await ask({ headers: refused })).status, 503);
          assert.equal((await ask({ path: '/a%2fb' })).status, 400);
          using other = await openHttp1({ port, path: '/websocket', protocol: 'spdy/3.1' });
          assert.equal(other.status, 403);
          using unknown = await openHttp2({ port, path: '/websocket', protocol: 'unheard-of' });
          assert.equal(unknown.status, 403);
          assert.equal(await connectThrough(port, 'example.test:443'), 404);
          assert.equal(await stream.echoed('after'), 'after');
          assert.equal(await connections(), ended, 'no connection between the sidecars was torn down');
        });
      }
    });
  }

  it('leaves streams alone when the application itself has no upgrades by HTTP/2', async () => {
    await using app = await startHttp2StreamApp(false);
    const upstreamPorts = { productpage: app.port, details: app.port };
    await using pair = await startSidecarPair({ policies, upstreamPorts, flags: ['--upstream-protocol', 'http2'] });
    const port = pair.productpage.outboundPort;
    using stream = await openHttp1({ port, path: '/stream' });
    using socket = await openHttp1({ port, path: '/websocket', protocol: 'websocket' });
    assert.equal(socket.status, 502);
    assert.equal(await stream.echoed('after'), 'after');
  });

  it('carries a gRPC stream both ways, to its status and trailers, and refuses one that no rule allows', async () => {
    await using app = await startGrpcEcho();
    const upstreamPorts = { productpage: app.port, details: app.port };
    await using pair = await startSidecarPair({ policies, upstreamPorts, flags: ['--upstream-protocol', 'http2'] });
    for (const [from] of ways) {
      const call = talk(pair[from].outboundPort, '/echo.Echo/Talk');
      for (const word of ['one', 'two', 'three']) assert.equal(await call.said(word), word);
      assert.deepEqual(await call.end(), { code: status.OK, trailer: 'three words' });
      const refused = talk(pair[from].outboundPort, '/echo.Echo/Private');
      assert.equal((await refused.end()).code, status.PERMISSION_DENIED);
    }
  });

  it('lets open streams go on when a connection has lived its time', async () => {
    await using app = await startHttp1StreamApp();
    const upstreamPorts = { productpage: app.port, details: app.port };
    const flags = ['--max-connection-duration', '1s'];
    await using pair = await startSidecarPair({ policies, upstreamPorts, flags });
    const port = pair.productpage.outboundPort;
    using stream = await openHttp1({ port, path: '/stream' });
    using socket = await openHttp1({ port, path: '/websocket', protocol: 'websocket' });
    await eventually('the connection has lived its time', async () =>
      (await pair.details.envoy.stat('http.inbound.downstream_cx_max_duration_reached')) > 0 ? true : undefined,
    );
    await eventually('another connection takes new requests', async () => {
      using other = await openHttp1({ port, path: '/stream' });
      const connections = await pair.productpage.envoy.stat('cluster.outbound_0.upstream_cx_total');
      return other.status === 200 && connections > 1 ? true : undefined;
    });
    assert.equal(await stream.echoed('still'), 'still');
    assert.equal(await socket.echoed('still'), 'still');
  });
});

describe('upgrades of a caller without a sidecar', function () {
  this.timeout(300_000);
  let app: StreamApp;
  let server: GuardedServer;
  let identity: ClientIdentity;

  before(async () => {
    app = await startHttp1StreamApp();
    server = await startGuardedServer({ upstreamPort: app.port, policies });
    identity = await server.identity('productpage');
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await app?.[Symbol.asyncDispose]();
  });

  for (const [version, open] of [
    ['HTTP/1.1', openHttp1],
    ['HTTP/2', openHttp2],
  ] as const) {
    it(`are decided, by ${version}`, async () => {
      const ask = (path: string, protocol = 'websocket') => open({ port: server.port, identity, path, protocol });
      using socket = await ask('/websocket');
      assert.equal(await socket.echoed('hello'), 'hello');
      using refused = await ask('/private');
      assert.equal(refused.status, 403);
      using other = await ask('/websocket', 'unheard-of');
      assert.equal(other.status, 403);
      assert.deepEqual(
        app.seen.filter((each) => !each.startsWith('GET /websocket websocket')),
        [],
      );
    });
  }
});
