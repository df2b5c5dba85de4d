import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { type AddressInfo, connect as connectSocket, createServer } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { createWatchable } from '../../../src/lib/watchable.ts';
import { healthMethods } from '../../../src/transport/health-service.ts';
import { createLane, type Lane } from '../../../src/transport/lane/lane.ts';
import type { LaneLimits } from '../../../src/transport/lane/limits.ts';
import { eventually } from '../../support/eventually.ts';
import { bigReply, checkPath, laneMethods } from '../../support/lane-methods.ts';
import { type LanePort, lanePort } from '../../support/lane-port.ts';
import { newEcKey, openssl } from '../../support/openssl.ts';
import {
  callBlock,
  connectRaw,
  frame,
  grpcMessage,
  literal,
  preface,
  type RawPeer,
  settings,
  uint32,
  wholeCall,
} from '../../support/raw-h2.ts';
import { tempDir } from '../../support/temp-dir.ts';

const healthPath = '/grpc.health.v1.Health/Check';

/** A lane behind a TCP port, for the time of one test. */
async function serve(limits: Partial<LaneLimits> = {}): Promise<LanePort & { lane: Lane<string> }> {
  const lane = createLane({ methods: laneMethods, limits });
  return { lane, ...(await lanePort(lane)) };
}

/** The bytes of DATA that came for a stream. */
const dataOf = (peer: RawPeer, id: number): Buffer =>
  Buffer.concat(peer.frames.filter((each) => each.type === 0 && each.id === id).map(({ payload }) => payload));
const endOf = (peer: RawPeer, id: number) =>
  peer.expect((each) => each.type === 1 && each.id === id && (each.flags & 1) === 1);

/** One call by node:http2 over `socket`. */
async function callOver(socket: Duplex): Promise<IncomingHttpHeaders> {
  const session = connect('http://localhost', { createConnection: () => socket });
  const stream = session.request({ ':method': 'POST', ':path': checkPath, 'content-type': 'application/grpc' });
  stream.end(grpcMessage(Buffer.alloc(3_000)));
  const [trailers] = await once(stream.resume(), 'trailers');
  session.destroy();
  return trailers;
}

describe('Lane connection', () => {
  it('serves any Duplex', async () => {
    await using lane = createLane({ methods: laneMethods });
    const [ours, theirs] = duplexPair();
    lane.accept(ours, 'peer');
    assert.equal((await callOver(theirs))['grpc-status'], '0');
  });

  it('serves a unix socket', async () => {
    await using dir = await tempDir();
    await using lane = createLane({ methods: laneMethods });
    const server = createServer((socket) => lane.accept(socket, 'peer')).listen(dir.at('s'));
    await once(server, 'listening');
    assert.equal((await callOver(connectSocket(dir.at('s'))))['grpc-status'], '0');
    server.close();
  });

  it('serves TLS', async () => {
    await using dir = await tempDir();
    const [key, cert] = [dir.at('key.pem'), dir.at('cert.pem')];
    const request = [...newEcKey, '-subj', '/CN=localhost'];
    openssl(['req', '-x509', ...request, '-days', '2', '-keyout', key, '-out', cert]);
    await using lane = createLane({ methods: laneMethods });
    const options = { key: await readFile(key), cert: await readFile(cert), ALPNProtocols: ['h2'] };
    const server = createTlsServer(options, (socket) => lane.accept(socket, 'peer')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const client = connectTls({
      port,
      host: '127.0.0.1',
      ca: options.cert,
      servername: 'localhost',
      ALPNProtocols: ['h2'],
    });
    await once(client, 'secureConnect');
    assert.equal((await callOver(client))['grpc-status'], '0');
    server.close();
  });

  it('sends a reply in parts as windows of 1,000 bytes open (RFC 9113 §6.9)', async () => {
    await using server = await serve();
    using peer = await connectRaw(server.port, Buffer.concat([preface, settings([4, 1_000])]));
    peer.send(wholeCall(1, '/test.Test/Big'));
    for (let sent = 1_000; sent < bigReply.length + 5; sent += 1_000) {
      await peer.expect(() => dataOf(peer, 1).length === sent);
      peer.send(frame(8, 0, 1, uint32(1_000)));
    }
    await endOf(peer, 1);
    assert.deepEqual(dataOf(peer, 1), grpcMessage(bigReply));
  });

  it('waits for the window of the connection, and lets the streams go on in order', async () => {
    await using server = await serve();
    using peer = await connectRaw(server.port, Buffer.concat([preface, settings([4, 1_000_000])]));
    peer.send(wholeCall(1, '/test.Test/Big'), wholeCall(3, '/test.Test/Big'), wholeCall(5, '/test.Test/Big'));
    await endOf(peer, 1);
    await peer.expect(() => dataOf(peer, 1).length + dataOf(peer, 3).length === 65_535);
    peer.send(frame(8, 0, 0, uint32(200_000)));
    await endOf(peer, 5);
    const order = peer.frames.filter(({ type, flags }) => type === 1 && flags & 1).map(({ id }) => id);
    assert.deepEqual(order, [1, 3, 5]);
  });

  it('takes a window that SETTINGS made negative (RFC 9113 §6.9.2)', async () => {
    await using server = await serve();
    using peer = await connectRaw(server.port, Buffer.concat([preface, settings([4, 500])]));
    peer.send(wholeCall(1, '/test.Test/Big'));
    await peer.expect(() => dataOf(peer, 1).length === 500);
    peer.send(settings([4, 100]), frame(8, 0, 1, uint32(300)), frame(6, 0, 0, Buffer.alloc(8)));
    await peer.expect(({ type, flags }) => type === 6 && flags === 1);
    assert.equal(dataOf(peer, 1).length, 500);
    peer.send(frame(8, 0, 1, uint32(200)));
    await peer.expect(() => dataOf(peer, 1).length === 600);
  });

  it('resets a stream that sends beyond its window (RFC 9113 §6.9.1)', async () => {
    await using server = await serve({ streamWindow: 1_000 });
    using peer = await connectRaw(server.port);
    peer.send(frame(1, 4, 1, callBlock('/test.Test/Echo')));
    peer.send(frame(0, 0, 1, Buffer.alloc(1_001)));
    const reset = await peer.expect(({ type }) => type === 3);
    assert.equal(reset.payload.readUInt32BE(), 3);
    assert.equal(server.lane.counts.hostile.window_exceeded, 1);
  });

  it('gives the windows back as a message of 3 MiB comes', async () => {
    await using server = await serve();
    using peer = await connectRaw(server.port);
    const body = grpcMessage(Buffer.alloc(3 * 1024 * 1024, 'b'));
    peer.send(frame(1, 4, 1, callBlock('/test.Test/Big')));
    let window = 65_535;
    for (let at = 0; at < body.length; ) {
      window = 262_144 + sum(peer, 1) - at;
      const connection = 65_535 + sum(peer, 0) - at;
      const size = Math.min(16_384, window, connection, body.length - at);
      if (size > 0) {
        peer.send(frame(0, at + size === body.length ? 1 : 0, 1, body.subarray(at, at + size)));
        at += size;
      } else {
        const seen = peer.frames.length;
        await peer.expect(() => peer.frames.length > seen);
      }
    }
    await endOf(peer, 1);
  });

  const sum = (peer: RawPeer, id: number): number =>
    peer.frames
      .filter((each) => each.type === 8 && each.id === id)
      .reduce((total, { payload }) => total + payload.readUInt32BE(), 0);

  it('answers what is under way when it drains, refuses nothing that came before it said so, and closes', async () => {
    await using server = await serve();
    using peer = await connectRaw(server.port);
    peer.send(wholeCall(1, '/test.Test/Never'), wholeCall(3, '/test.Test/Later'));
    await endOf(peer, 3);
    const drained = server.lane.drain(5_000);
    const first = await peer.expect(({ type }) => type === 7);
    assert.deepEqual([first.payload.readUInt32BE(0), first.payload.readUInt32BE(4)], [0x7fff_ffff, 0]);
    const ping = await peer.expect(({ type, flags }) => type === 6 && flags === 0);
    peer.send(wholeCall(5, '/test.Test/Echo'), frame(6, 1, 0, ping.payload), wholeCall(7, '/test.Test/Echo'));
    peer.send(frame(3, 0, 7, uint32(8)), frame(8, 0, 9, uint32(1)), frame(6, 0, 0, Buffer.from('are you?')));
    await endOf(peer, 5);
    await peer.expect(({ type, flags, payload }) => type === 6 && flags === 1 && payload.toString() === 'are you?');
    const last = await peer.expect(({ type, payload }) => type === 7 && payload.readUInt32BE() === 5);
    assert.equal(last.payload.readUInt32BE(4), 0);
    assert.equal(peer.isClosed(), false);
    peer.send(frame(3, 0, 1, uint32(8)));
    await Promise.all([peer.closed, drained]);
    assert.equal(
      peer.frames.some(({ id }) => id === 7),
      false,
      'a stream after the last one was answered',
    );
  });

  it('tells one who has only connected that nothing of his was read', async () => {
    await using server = await serve();
    using peer = await connectRaw(server.port, new Uint8Array(0));
    using halfway = await connectRaw(server.port, preface);
    await halfway.expect(({ type }) => type === 4);
    await server.lane.drain(5_000);
    for (const each of [peer, halfway]) {
      const goaway = await each.expect(({ type }) => type === 7);
      assert.deepEqual([goaway.payload.readUInt32BE(0), goaway.payload.readUInt32BE(4)], [0, 0]);
      assert.deepEqual(
        each.frames.map(({ type }) => type),
        [4, 8, 7],
      );
    }
  });

  it('says that it uses no table to a peer that keeps a smaller one, once (RFC 7541 §4.2)', async () => {
    await using server = await serve();
    using peer = await connectRaw(server.port, Buffer.concat([preface, settings([1, 100])]));
    peer.send(wholeCall(1, '/test.Test/Echo'), wholeCall(3, '/test.Test/Refuse'), settings([1, 0]));
    peer.send(wholeCall(5, '/test.Test/Echo'));
    await endOf(peer, 5);
    const firstBytes = peer.frames.filter(({ type }) => type === 1).map(({ payload }) => payload[0]);
    assert.deepEqual(
      firstBytes.map((byte) => byte === 0x20),
      [true, false, false, false, false],
    );
  });

  it('serves a client of nghttp2 that keeps no table', async () => {
    await using server = await serve();
    const session = connect(`http://127.0.0.1:${server.port}`, { settings: { headerTableSize: 0 } });
    for (let call = 0; call < 3; call += 1) {
      const stream = session.request({ ':method': 'POST', ':path': checkPath, 'content-type': 'application/grpc' });
      stream.end(grpcMessage(Buffer.alloc(10)));
      const [trailers] = await once(stream.resume(), 'trailers');
      assert.equal(trailers['grpc-status'], '0');
    }
    session.destroy();
  });

  it('takes more streams than it advertises from one who cannot know yet', async () => {
    await using server = await serve({ concurrentStreams: 2, greetingStreams: 20 });
    using peer = await connectRaw(server.port);
    const open = (id: number): Buffer => frame(1, 4, id, callBlock('/test.Test/Echo'));
    for (let id = 1; id < 40; id += 2) peer.send(open(id));
    peer.send(open(41));
    assert.equal((await peer.expect(({ type }) => type === 3)).id, 41);
    peer.send(frame(4, 1, 0), frame(3, 0, 1, uint32(8)), open(43));
    assert.equal((await peer.expect(({ type, id }) => type === 3 && id !== 41)).id, 43);
    assert.equal(server.lane.counts.hostile.refused_streams, 2);
  });

  it('takes a window update for each frame of many large replies', async () => {
    await using server = await serve();
    using peer = await connectRaw(server.port);
    for (let id = 1; id < 2_000; id += 2) {
      peer.send(wholeCall(id, '/test.Test/Big'));
      await endOf(peer, id);
      for (const { type, payload } of peer.frames.splice(0)) {
        if (type === 0) peer.send(frame(8, 0, 0, uint32(payload.length)), frame(8, 0, id, uint32(payload.length)));
      }
    }
    assert.equal(server.lane.counts.hostile.window_update_flood, 0);
  });

  for (const [what, field] of [
    ['white space before a value', literal('x-a', ' b')],
    ['white space after a value', literal('x-a', 'b\t')],
    ['a line end in a value', literal('x-a', 'b\rc')],
    ['a zero byte in a value', literal('x-a', 'b\0')],
    ['a name in upper case', literal('X-A', 'b')],
    ['a name of nothing', literal('', 'b')],
    ['a name with a space', literal('x a', 'b')],
    ['a field of HTTP/1 connections', literal('connection', 'close')],
    ['transfer-encoding', literal('transfer-encoding', 'chunked')],
    ['te that is not trailers', literal('te', 'gzip')],
    ['a second :path', literal(':path', '/b')],
    ['an unknown pseudo-field', literal(':protocol', 'websocket')],
    ['a content-length of letters', literal('content-length', '5x')],
    ['two values of content-length', Buffer.concat([literal('content-length', '5'), literal('content-length', '6')])],
  ] as const) {
    it(`refuses ${what} (RFC 9113 §8.2, §8.3)`, async () => {
      await using server = await serve();
      using peer = await connectRaw(server.port);
      const block = Buffer.concat([callBlock('/test.Test/Echo'), field]);
      peer.send(frame(1, 4, 1, block), frame(0, 1, 1, grpcMessage(Buffer.alloc(0))));
      const reset = await peer.expect(({ type }) => type === 3);
      assert.equal(reset.payload.readUInt32BE(), 1);
      peer.send(wholeCall(3, '/test.Test/Echo'));
      await endOf(peer, 3);
    });
  }

  it('drains within its grace although a peer neither answers nor ends', async () => {
    await using server = await serve({ lingerMs: 50 });
    using peer = await connectRaw(server.port);
    peer.send(wholeCall(1, '/test.Test/Never'), wholeCall(3, '/test.Test/Echo'));
    await endOf(peer, 3);
    await server.lane.drain(200); // or the test never ends
    assert.ok(await peer.closed.then(() => true));
  });

  it('refuses connections while it drains', async () => {
    await using server = await serve();
    await server.lane.drain();
    using peer = await connectRaw(server.port);
    await peer.closed;
  });

  it('lets nothing of a closed connection count', async () => {
    await using server = await serve();
    const peer = await connectRaw(server.port);
    peer.send(wholeCall(1, '/test.Test/Never'), wholeCall(3, '/test.Test/Echo'));
    await endOf(peer, 3);
    assert.equal(server.lane.counts.connections, 1);
    peer[Symbol.dispose]();
    await server.lane.drain();
    assert.equal(server.lane.counts.connections, 0);
  });

  it('says what a method threw to us, and nothing of it to the peer', async () => {
    const heard: unknown[] = [];
    await using lane = createLane({ methods: laneMethods, failed: (thrown) => heard.push(thrown) });
    const server = createServer((socket) => lane.accept(socket, 'peer')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    using peer = await connectRaw((server.address() as AddressInfo).port);
    peer.send(wholeCall(1, '/test.Test/Throw'));
    const answer = await endOf(peer, 1);
    assert.doesNotMatch(answer.payload.toString('latin1'), /secret/);
    assert.match(String(heard[0]), /a secret/);
    server.close();
  });

  it('tells when a connection is over, and of one that was not let in', async () => {
    const gone: string[] = [];
    await using lane = createLane<string>({ methods: laneMethods, gone: (peer) => gone.push(peer) });
    let count = 0;
    const server = createServer((socket) => {
      count += 1;
      lane.accept(socket, `peer ${count}`);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    using first = await connectRaw(port);
    first.send(wholeCall(1, checkPath));
    await endOf(first, 1);
    assert.deepEqual(gone, []);
    first.socket.destroy();
    await eventually('it is told', () => gone.length > 0 || undefined);
    await lane.drain();
    using late = await connectRaw(port);
    await late.closed;
    assert.deepEqual(gone, ['peer 1', 'peer 2']);
    server.close();
  });

  it('answers health by grpc.health.v1', async () => {
    const state = createWatchable<ReadonlyMap<string, boolean>>(new Map([['', true]]));
    await using lane = createLane({ calls: healthMethods<string>(state) });
    const server = createServer((socket) => lane.accept(socket, 'peer')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    using peer = await connectRaw((server.address() as AddressInfo).port);
    peer.send(wholeCall(1, healthPath));
    await endOf(peer, 1);
    assert.deepEqual(dataOf(peer, 1), grpcMessage(Buffer.from([8, 1])));
    state.replace(new Map([['', false]]));
    peer.send(wholeCall(3, healthPath));
    await endOf(peer, 3);
    assert.deepEqual(dataOf(peer, 3), grpcMessage(Buffer.from([8, 2])));
    peer.send(wholeCall(5, healthPath, Buffer.from('\x0a\x04none')));
    assert.match((await endOf(peer, 5)).payload.toString('latin1'), /grpc-status\x015/);
    peer.send(wholeCall(7, healthPath, Buffer.from('\x0a\x64')));
    assert.match((await endOf(peer, 7)).payload.toString('latin1'), /grpc-status\x0213/);
    peer.send(wholeCall(9, '/grpc.health.v1.Health/Watch'));
    await peer.expect(() => dataOf(peer, 9).equals(grpcMessage(Buffer.from([8, 2]))));
    state.replace(new Map([['', true]]));
    await peer.expect(() =>
      dataOf(peer, 9)
        .subarray(7)
        .equals(grpcMessage(Buffer.from([8, 1]))),
    );
    server.close();
  });
});
