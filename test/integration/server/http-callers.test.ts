import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import type { HttpAnswer } from '../../../src/authz/answer/http-answer.ts';
import { createHttpQuestions } from '../../../src/authz/http/http-questions.ts';
import { CheckRequest, part } from '../../../src/authz/wire/check-request.ts';
import { createWatchable } from '../../../src/lib/watchable.ts';
import { createHttpCallers, type HttpCallers } from '../../../src/server/decider/http/http-callers.ts';
import { parseTrustDomain } from '../../../src/spiffe/trust-domain.ts';
import { eventually } from '../../support/eventually.ts';

const address = { kind: 'tcp', host: '127.0.0.1', port: 0, tls: false } as const;

/** A question as nginx asks it. */
const nginx = (more = '', version = '1.1'): string =>
  `GET /check/nginx/default/details HTTP/${version}\r\nHost: a\r\nX-Gatehouse-Method: GET\r\nX-Gatehouse-Uri: /\r\nX-Gatehouse-Certificate: =\r\nX-Gatehouse-Verified: =NONE\r\n${more}\r\n`;

const allowed = (): HttpAnswer => ({
  status: 200,
  headers: ['X-Gatehouse-Id', 'x', 'Content-Length', '2'],
  body: 'ok',
});

describe('the listener of HTTP callers', function () {
  this.timeout(120_000);
  let callers: HttpCallers;
  let port: number;
  let asked: string[];
  let thrown: unknown[];
  let check: () => HttpAnswer;
  let stack: AsyncDisposableStack;

  beforeEach(async () => {
    asked = [];
    thrown = [];
    check = allowed;
    stack = new AsyncDisposableStack();
    const write = createHttpQuestions({ workloads: [], ownPrefixes: ['spiffe://cluster.local/'] });
    const view = new CheckRequest();
    callers = createHttpCallers({
      asking: () => ({
        write,
        check(bytes) {
          view.read(bytes);
          asked.push(view.text(part.malformed) || view.text(part.path));
          return check();
        },
      }),
      identity: createWatchable(undefined),
      trustDomain: parseTrustDomain('cluster.local'),
      trouble: (each) => void thrown.push(each),
      handshakeFailed: () => undefined,
      limits: { connections: 8, headMs: 300, bodyMs: 300, unreadMs: 300, idleMs: 2_000, requests: 8, sweepMs: 20 },
    });
    stack.defer(() => callers.drain());
    const server = createServer((socket) => callers.accept(socket, address));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    stack.defer(() => void server.close());
    ({ port } = server.address() as { port: number });
  });
  afterEach(() => stack.disposeAsync());

  const open = (): { socket: Socket; text: () => string; ended: Promise<void> } => {
    const socket = connect({ host: '127.0.0.1', port });
    let text = '';
    socket.setEncoding('latin1').on('data', (some: string) => {
      text += some;
    });
    socket.on('error', () => undefined);
    stack.defer(() => void socket.destroy());
    return { socket, text: () => text, ended: new Promise((resolve) => socket.once('close', () => resolve())) };
  };
  const answers = (text: string): string[] => text.match(/HTTP\/1\.1 \d+/g) ?? [];

  /** Sends it, and answers what came until the other side closed. */
  const send = async (bytes: string): Promise<string> => {
    const { socket, text, ended } = open();
    socket.write(bytes, 'latin1');
    await ended;
    return text();
  };
  const close = 'Connection: close\r\n';

  const forms: readonly { name: string; bytes: string }[] = [
    { name: 'HTTP/1.0', bytes: nginx('', '1.0') },
    { name: 'HTTP/1.1', bytes: nginx(close) },
    { name: 'Expect, without a 100', bytes: nginx(`${close}Expect: 100-continue\r\n`) },
    { name: 'an Expect that nobody knows', bytes: nginx(`${close}Expect: tea\r\n`) },
    { name: 'Upgrade', bytes: nginx('Connection: close, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n') },
    { name: 'three thousand headers', bytes: nginx(`${close}${'a: b\r\n'.repeat(3_000)}`) },
    { name: 'a body of no length', bytes: nginx(`${close}Content-Length: 0\r\n`) },
  ];
  for (const { name, bytes } of forms)
    it(`answers ${name}`, async () => {
      const text = await send(bytes);
      assert.deepEqual(answers(text), ['HTTP/1.1 200']);
      assert.match(text, /\r\n\r\nok$/);
      assert.deepEqual(asked, ['/']);
    });

  it('answers HEAD without a body', async () => {
    const head = `HEAD /check/envoy/default/details/x HTTP/1.1\r\nHost: a\r\n${close}X-Gatehouse-Certificate: =\r\nX-Gatehouse-Headers: \r\n\r\n`;
    const text = await send(head);
    assert.match(text, /^HTTP\/1\.1 200 [\s\S]*Content-Length: 2\r\n[\s\S]*\r\n\r\n$/);
    assert.deepEqual(asked, ['/x']);
  });

  const ends: readonly { name: string; bytes: string }[] = [
    { name: 'a body that is a question itself', bytes: `${nginx(`Content-Length: ${nginx().length}\r\n`)}${nginx()}` },
    { name: 'a body that never comes', bytes: nginx('Content-Length: 5\r\n') },
    { name: 'a body and a question behind it', bytes: `${nginx('Content-Length: 2\r\n')}hi${nginx()}` },
    {
      name: 'a body in pieces that is a question',
      bytes: `${nginx('Transfer-Encoding: chunked\r\n')}${nginx().length.toString(16)}\r\n${nginx()}\r\n0\r\n\r\n${nginx()}`,
    },
  ];
  for (const { name, bytes } of ends)
    it(`answers the head alone of ${name}, and closes`, async () => {
      assert.deepEqual(answers(await send(bytes)), ['HTTP/1.1 200']);
      assert.deepEqual(asked, ['/']);
    });

  it('answers what is asked one behind the other, in order', async () => {
    let count = 0;
    check = () => ({ ...allowed(), headers: ['X-Gatehouse-Id', String(++count), 'Content-Length', '2'] });
    const text = await send(`${nginx()}${nginx()}${nginx(close)}`);
    assert.deepEqual(text.match(/X-Gatehouse-Id: \d/g), [
      'X-Gatehouse-Id: 1',
      'X-Gatehouse-Id: 2',
      'X-Gatehouse-Id: 3',
    ]);
  });

  const refused: readonly { name: string; bytes: string }[] = [
    { name: 'what is no HTTP', bytes: '\x16\x03\x01\x02\x00\x01\x00' },
    { name: 'HTTP/2', bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' },
    { name: 'two lengths', bytes: nginx('Content-Length: 1\r\nContent-Length: 2\r\n') },
    { name: 'a length and pieces', bytes: nginx('Content-Length: 1\r\nTransfer-Encoding: chunked\r\n') },
    { name: 'a folded line', bytes: nginx('A: b\r\n c\r\n').replace('A: b\r\n c', 'A: b\r\n c: d\x01') },
    { name: 'a space before the colon', bytes: nginx('A : b\r\n') },
    { name: 'a zero byte', bytes: nginx('A: b\0c\r\n') },
    { name: 'a huge header', bytes: nginx(`A: ${'b'.repeat(100_000)}\r\n`) },
    { name: 'a method that nobody knows', bytes: nginx().replace('GET', 'TEA') },
    { name: 'CONNECT', bytes: 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n' },
  ];
  for (const { name, bytes } of refused)
    it(`refuses ${name} by a 403, and closes`, async () => {
      const text = await send(bytes);
      assert.deepEqual(answers(text), ['HTTP/1.1 403']);
      assert.match(text, /X-Gatehouse-Reason: malformed_request\r\n/);
      assert.deepEqual(asked, []);
    });

  const bare = `GET /check/nginx/default/details HTTP/1.1\r\n${close}\r\n`;
  it('lets Check refuse a question without a host', async () => {
    await send(bare);
    assert.match(asked[0] ?? '', /is not there/);
  });

  it('answers by a 403 of our own fault what cannot be answered', async () => {
    check = () => {
      throw new Error('odd');
    };
    const text = await send(nginx());
    assert.match(text, /^HTTP\/1\.1 403 [\s\S]*X-Gatehouse-Reason: internal_error\r\n/);
    assert.equal(thrown.length, 1);
  });

  it('answers so too what no header can hold', async () => {
    check = () => ({ ...allowed(), headers: ['X-A', 'b\nc'] });
    assert.match(await send(nginx()), /^HTTP\/1\.1 403 [\s\S]*internal_error/);
  });

  const late: readonly { name: string; attack: (socket: Socket) => void }[] = [
    { name: 'nothing', attack: () => undefined },
    { name: 'half a line', attack: (socket) => void socket.write('GET /') },
    {
      name: 'a header now and then',
      attack(socket) {
        socket.write('GET / HTTP/1.1\r\n');
        const timer = setInterval(() => socket.write('a: b\r\n'), 50);
        socket.once('close', () => clearInterval(timer));
      },
    },
    {
      name: 'half a line behind an answer',
      attack(socket) {
        socket.write(nginx());
        socket.once('data', () => socket.write('GET /'));
      },
    },
  ];
  for (const { name, attack } of late)
    it(`closes on who says ${name}`, async () => {
      const { socket, ended } = open();
      attack(socket);
      await ended;
      assert.deepEqual(callers.takeTally().hostile, [['request_late', 1]]);
    });

  it('keeps a connection on which nothing is asked for longer than a head may take', async () => {
    const { socket, text } = open();
    socket.write(nginx());
    const others: Promise<void>[] = [];
    await eventually('an answer', () => answers(text()).length === 1 || undefined);
    for (let i = 0; i < 2; i++) {
      const other = open(); // says nothing, and is closed after as long as a head may take
      others.push(other.ended);
      await other.ended;
    }
    socket.write(nginx(close));
    await eventually('another answer', () => answers(text()).length === 2 || undefined);
  });
});
