import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { type GatehouseDir, gatehouseDir } from '../../support/gatehouse-dir.ts';
import { gatehouseJson, type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';
import { type ClientIdentity, svidOf } from '../../support/svid-of.ts';

const idOf = (name: string) => `spiffe://cluster.local/ns/default/sa/${name}`;
const names = ['details', 'operator'] as const;

const targets = [
  '//',
  '///',
  '//[',
  '//:99999',
  '//a:b',
  '/\\',
  '/%',
  '/%zz?%zz=%zz',
  '/v1/decisions/%E0%A4%A',
  '/v1/decisions/__proto__',
  '/__proto__',
  '/constructor',
  'http://',
  'http://[',
  'http://a:b/',
  'https://[::1',
  'x:y',
  '*',
  '/?',
  `/${'a'.repeat(8_000)}`,
];
const methods = ['GET', 'POST', 'OPTIONS', 'CONNECT', 'HEAD', 'TRACE', 'PROPFIND'];

/** Says one request, and resolves with all that came back when the server has closed. */
async function say(socket: Socket, request: string): Promise<string> {
  let answer = '';
  socket.on('error', () => undefined);
  socket.setEncoding('latin1').on('data', (text: string) => {
    answer += text;
  });
  socket.end(Buffer.from(request, 'latin1'));
  if (!socket.destroyed) await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}

const portOf = (address: string): number => Number(address.split(':')[1]);

function attackedDir(listen: object): Promise<GatehouseDir> {
  return gatehouseDir({
    listen: { extAuthz: '127.0.0.1:0', health: '127.0.0.1:0', ...listen },
    admin: { clients: [idOf('operator')] },
    workloads: names.map((name) => ({
      namespace: 'default',
      serviceAccount: name,
      socket: { path: `./run/${name}.sock` },
    })),
  });
}

async function openTls(address: string, own: Partial<ClientIdentity>): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: portOf(address), ...own, checkServerIdentity: () => undefined });
  await once(socket, 'secureConnect');
  return socket;
}

/** Says something, and resolves when the server has closed. */
function sayAndStay(socket: Socket, ready: 'connect' | 'secureConnect', text: string): Promise<void> {
  socket.on('error', () => undefined);
  socket.resume();
  socket.once(ready, () => socket.write(text));
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

const requestOf = (method: string, target: string): string =>
  `${method} ${target} HTTP/1.1\r\nhost: gatehouse\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`;

async function assertServes(server: RunningGatehouse, operator: ClientIdentity): Promise<void> {
  const answer = await say(await openTls(server.ready.admin, operator), requestOf('GET', '/v1/status'));
  assert.match(answer, /^HTTP\/1\.1 200 /, server.log());
  assert.doesNotMatch(server.log(), /"level":"fatal"|Uncaught|unhandled/i);
}

describe('doors under attack', function () {
  this.timeout(300_000);

  it('judges who calls the admin API before anything that he says, over TCP', async () => {
    await using dir = await attackedDir({ admin: '127.0.0.1:0' });
    await using server = await runGatehouse(dir.config);
    const [details, operator] = [await svidOf(dir.at('run/details.sock')), await svidOf(dir.at('run/operator.sock'))];
    const answersTo = async (own: ClientIdentity) => {
      const statuses = new Set<string>();
      for (const method of methods) {
        for (const target of targets) {
          const answer = await say(await openTls(server.ready.admin, own), requestOf(method, target));
          statuses.add(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 'closed');
        }
      }
      return [...statuses].sort();
    };
    // 400: what Node's parser takes for no HTTP, before there is a request.
    assert.deepEqual(await answersTo(details), ['400', '403', 'closed']);
    await gatehouseJson(
      ...['svid', 'revoke', '--id', idOf('details'), '--admin', `https://${server.ready.admin}`],
      ...['--svid', `unix:${dir.at('run/operator.sock')}`],
    );
    assert.deepEqual(await answersTo(details), ['400', '403', 'closed']);
    assert.deepEqual(await answersTo(operator), ['400', '404', 'closed']);
    await assertServes(server, operator);
  });

  it('answers what is no page of the health listener, whatever it is', async () => {
    await using dir = await attackedDir({ admin: '127.0.0.1:0' });
    await using server = await runGatehouse(dir.config);
    const operator = await svidOf(dir.at('run/operator.sock'));
    for (const method of methods) {
      for (const target of targets) {
        await say(connectPlain(portOf(server.ready.health), '127.0.0.1'), requestOf(method, target));
      }
    }
    for (const bytes of [
      '\0'.repeat(64),
      'GET / HTTP/9.9\r\n\r\n',
      'GET /healthz HTTP/1.1\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    ]) {
      await say(connectPlain(portOf(server.ready.health), '127.0.0.1'), bytes);
    }
    const page = await say(connectPlain(portOf(server.ready.health), '127.0.0.1'), requestOf('GET', '/healthz'));
    assert.match(page, /^HTTP\/1\.1 200 /);
    await assertServes(server, operator);
  });

  it('closes on every listener who says nothing, or half of what he began', async () => {
    await using dir = await attackedDir({
      admin: '127.0.0.1:0',
      health: { address: '127.0.0.1:0', tls: true },
      feed: '127.0.0.1:0',
      istioCa: '127.0.0.1:0',
    });
    await using server = await runGatehouse(dir.config);
    const operator = await svidOf(dir.at('run/operator.sock'));
    const { admin, health, feed, istioCa } = server.ready;
    const halves: readonly (readonly [address: string, alpn: string, halves: readonly string[]])[] = [
      [admin, 'http/1.1', ['', 'GET /v1/st', 'POST /v1/explain HTTP/1.1\r\nhost: a\r\n']],
      [health, 'http/1.1', ['', 'GET /', 'GET / HTTP/1.1\r\n']],
      [feed!, 'h2', ['', 'PRI * HT', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n']],
      [istioCa!, 'h2', ['', 'PRI * HT', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n']],
    ];
    const waiting = halves.flatMap(([address, alpn, texts]) => [
      sayAndStay(connectPlain(portOf(address), '127.0.0.1'), 'connect', ''),
      ...texts.map((text) => {
        const options = { ...operator, ALPNProtocols: [alpn], checkServerIdentity: () => undefined };
        return sayAndStay(connect({ host: '127.0.0.1', port: portOf(address), ...options }), 'secureConnect', text);
      }),
    ]);
    await Promise.all(waiting);
    await assertServes(server, operator);
  });

  it('goes on with few descriptors, whoever wants how many connections', async () => {
    await using dir = await attackedDir({ istioCa: '127.0.0.1:0' });
    await using server = await runGatehouse(dir.config, undefined, { descriptors: 200 });
    const { extAuthz, health, workloadApi, admin } = server.ready;
    const crowd: Socket[] = [];
    const crowdAt = async (address: string, count: number): Promise<void> => {
      const sockets = Array.from({ length: count }, () =>
        address.startsWith('unix:') ? connectPlain(address.slice(5)) : connectPlain(portOf(address), '127.0.0.1'),
      );
      crowd.push(...sockets);
      await Promise.all(
        sockets.map((socket) => {
          socket.on('error', () => undefined);
          return new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
        }),
      );
    };
    for (const address of [health, extAuthz, workloadApi, admin, server.ready.istioCa!]) await crowdAt(address, 400);
    try {
      const status = await gatehouseJson('ca', 'status', '--admin', admin);
      assert.ok(status);
      const svid = await svidOf(dir.at('run/details.sock'));
      assert.match(svid.cert, /BEGIN CERTIFICATE/);
      const page = await say(connectPlain(portOf(health), '127.0.0.1'), requestOf('GET', '/healthz'));
      assert.match(page, /^HTTP\/1\.1 200 /);
      assert.equal(server.ready.deciderPids.length, 1);
      assert.doesNotMatch(server.log(), /a decider has ended/);
    } finally {
      for (const socket of crowd) socket.destroy();
    }
  });
});
