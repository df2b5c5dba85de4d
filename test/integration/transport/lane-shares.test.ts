import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { createWatchable } from '../../../src/lib/watchable.ts';
import { healthMethods } from '../../../src/transport/health-service.ts';
import { createLane, type Lane } from '../../../src/transport/lane/lane.ts';
import { checkPath, laneMethods } from '../../support/lane-methods.ts';
import { type LanePort, lanePort } from '../../support/lane-port.ts';
import { callBlock, connectRaw, frame, grpcMessage, type RawPeer, wholeCall } from '../../support/raw-h2.ts';

const WATCH = '/grpc.health.v1.Health/Watch';
const CONNECTIONS = 32;

interface Served extends LanePort {
  readonly lane: Lane<string>;
}

/** A lane whose peers are counted by their loopback address. */
async function serve(): Promise<Served> {
  const lane = createLane<string>({
    methods: laneMethods,
    calls: healthMethods<string>(createWatchable(new Map([['', true]]))),
    limits: { connections: CONNECTIONS, idleMs: 600_000 },
  });
  return { lane, ...(await lanePort(lane, (socket) => lane.accept(socket, '', [socket.remoteAddress ?? '', '']))) };
}

/** One honest call from an address; answers the status of gRPC. */
async function goodCall(port: number, from: string): Promise<string> {
  const session: ClientHttp2Session = connect(`http://127.0.0.1:${port}`, {
    createConnection: () => connectTcp({ host: '127.0.0.1', port, localAddress: from }),
  });
  try {
    const call = session.request({ ':method': 'POST', ':path': checkPath, 'content-type': 'application/grpc' });
    call.end(grpcMessage(Buffer.alloc(10)));
    call.resume();
    const [fields] = await once(call, 'trailers');
    return String(fields['grpc-status']);
  } finally {
    session.destroy();
  }
}

/** A connection that has had a call answered, and then does `more`. */
async function busyPeer(port: number, from: string, more: (peer: RawPeer) => void): Promise<RawPeer> {
  const peer = await connectRaw(port, undefined, from);
  peer.send(wholeCall(1, checkPath, Buffer.alloc(4)));
  await peer.expect(({ type, id }) => type === 0 && id === 1);
  more(peer);
  return peer;
}

const ways: readonly { readonly name: string; readonly more: (peer: RawPeer) => void }[] = [
  { name: 'watch health', more: (peer) => peer.send(wholeCall(3, WATCH)) },
  { name: 'have begun a call', more: (peer) => peer.send(frame(1, 4, 3, callBlock(checkPath))) },
  { name: 'are idle', more: () => undefined },
];

describe('shares of the lane', function () {
  this.timeout(300_000);

  for (const { name, more } of ways) {
    it(`lets a newcomer in though all places are taken by connections of one peer that ${name}`, async () => {
      await using served = await serve();
      using stack = new DisposableStack();
      for (let n = 0; n < CONNECTIONS; n += 1) stack.use(await busyPeer(served.port, '127.0.0.2', more));
      assert.equal(await goodCall(served.port, '127.0.0.3'), '0');
      assert.equal(served.lane.counts.hostile.connections_full, 1);
    });
  }

  it('takes nobody a place who holds less than the newcomer', async () => {
    await using served = await serve();
    using stack = new DisposableStack();
    const honest = stack.use(await busyPeer(served.port, '127.0.0.3', () => undefined));
    for (let n = 0; n < 2 * CONNECTIONS; n += 1) {
      stack.use(await busyPeer(served.port, '127.0.0.2', (peer) => peer.send(wholeCall(3, WATCH))));
    }
    assert.equal(honest.isClosed(), false);
    assert.ok(served.lane.counts.hostile.connections_full >= CONNECTIONS);
  });

  it('counts a connection that only watches health as idle', async () => {
    await using served = await serve();
    using stack = new DisposableStack();
    for (let n = 0; n < CONNECTIONS; n += 1) {
      stack.use(await busyPeer(served.port, '127.0.0.2', (peer) => peer.send(wholeCall(3, WATCH))));
    }
    assert.equal(await goodCall(served.port, '127.0.0.2'), '0', 'of the same peer');
  });
});
