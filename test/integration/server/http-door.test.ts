import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { createWatchable } from '../../../src/lib/watchable.ts';
import { type HttpListener, openHttpListener } from '../../../src/server/listeners/http-listener.ts';
import { eventually } from '../../support/eventually.ts';

const limits = { connections: 8, headMs: 300, bodyMs: 300, unreadMs: 300, requests: 4, sweepMs: 20 };

/** Every loopback address is a peer of its own. */
async function open(door: HttpListener, from = '127.0.0.1'): Promise<Socket> {
  assert.ok(door.address.kind === 'tcp');
  const socket = connect({ host: '127.0.0.1', port: door.address.port, localAddress: from });
  socket.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return socket;
}

const closed = async (socket: Socket): Promise<void> => {
  socket.resume();
  if (!socket.destroyed) await new Promise((resolve) => socket.once('close', resolve));
};

async function ask(door: HttpListener, path = '/', from = '127.0.0.9'): Promise<string> {
  const socket = await open(door, from);
  let text = '';
  socket.setEncoding('latin1').on('data', (some: string) => {
    text += some;
  });
  socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
  await closed(socket);
  return text.slice(0, 12);
}

interface Attack {
  readonly name: string;
  readonly kind: string;
  attack(socket: Socket): void;
}

const attacks: readonly Attack[] = [
  { name: 'says nothing', kind: 'request_late', attack: () => undefined },
  { name: 'says half a line', kind: 'request_late', attack: (socket) => void socket.write('GET /') },
  {
    name: 'says a header now and then',
    kind: 'request_late',
    attack(socket) {
      socket.write('GET / HTTP/1.1\r\n');
      const timer = setInterval(() => socket.write('a: b\r\n'), 50);
      socket.once('close', () => clearInterval(timer));
    },
  },
  {
    name: 'never ends a body',
    kind: 'request_late',
    attack(socket) {
      socket.write('POST /body HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n');
      const timer = setInterval(() => socket.write('a'), 50);
      socket.once('close', () => clearInterval(timer));
    },
  },
  {
    name: 'asks much and reads nothing',
    kind: 'unread_output',
    attack(socket) {
      socket.pause();
      socket.write('GET /large HTTP/1.1\r\nhost: a\r\n\r\n');
    },
  },
  {
    name: 'asks many things at once',
    kind: 'refused_streams',
    attack: (socket) => void socket.write('GET /slow HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(50)),
  },
];

describe('openHttpListener', function () {
  this.timeout(300_000);
  let door: HttpListener;
  let thrown: unknown[];

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === '/throws') throw new TypeError('a fault of ours');
    if (request.url === '/slow') return;
    if (request.url === '/body') for await (const _ of request);
    response.end(request.url === '/large' ? Buffer.alloc(32 * 1024 * 1024) : 'ok');
  }

  beforeEach(async () => {
    thrown = [];
    door = await openHttpListener(
      { kind: 'tcp', host: '127.0.0.1', port: 0, tls: false },
      {
        handle,
        failed: (each) => thrown.push(each),
        identity: createWatchable(undefined),
        callers: 'any',
        identify: () => undefined,
        limits,
        handshakeFailed: () => undefined,
      },
    );
  });
  afterEach(() => door[Symbol.asyncDispose]());

  it('answers 500 for what the handler throws, tells it, and goes on', async () => {
    assert.match(await ask(door, '/throws'), / 500$/);
    assert.equal(String(thrown[0]), 'TypeError: a fault of ours');
    assert.match(await ask(door), / 200$/);
  });

  for (const { name, kind, attack } of attacks) {
    it(`closes a peer that ${name}, and serves others meanwhile`, async () => {
      const socket = await open(door, '127.0.0.2');
      attack(socket);
      assert.match(await ask(door), / 200$/);
      const counted = await eventually('it is counted', () => door.takeTally().hostile[0]);
      assert.deepEqual(counted, [kind, 1]);
      await closed(socket);
    });
  }

  it('gives a newcomer a place of whoever holds most', async () => {
    const crowd = await Promise.all(Array.from({ length: 8 }, () => open(door, '127.0.0.2')));
    for (const socket of crowd) socket.write('GET /slow HTTP/1.1\r\nhost: a\r\n\r\n');
    assert.match(await ask(door, '/', '127.0.0.3'), / 200$/);
    await Promise.race(crowd.map(closed));
    for (const socket of crowd) socket.destroy();
  });
});
