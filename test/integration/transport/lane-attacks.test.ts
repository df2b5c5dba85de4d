import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { gzipSync } from 'node:zlib';
import type { HostileKind } from '../../../src/transport/lane/counts.ts';
import { eventually } from '../../support/eventually.ts';
import { checkPath } from '../../support/lane-methods.ts';
import { type LaneProcess, type LaneReport, startLane } from '../../support/lane-process.ts';
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

/** Times short enough for a test; sizes as they are by default. */
const limits = {
  connections: 64,
  prefaceMs: 200,
  frameMs: 200,
  requestMs: 400,
  windowMs: 300,
  unreadMs: 400,
  idleMs: 400,
  quietTickMs: 50,
  heldBytes: 12 * 1024 * 1024,
  unreadBytes: 4 * 1024 * 1024,
};
const MAX_GROWTH = 128 * 1024 * 1024;
const ROUNDS = 200_000;
const odd = (round: number): number => 2 * round + 1;
const empty = Buffer.alloc(0);

let server: LaneProcess;

/**
 * An honest caller is answered. Each try has a connection of its own: the limits of this test are so short that on a busy machine
 * they may cut off an honest client too, which then does what clients do and asks again.
 */
const goodCall = (size = 1_200): Promise<true> => eventually('an honest call is answered', () => answered(size));

async function answered(size: number): Promise<true> {
  const session = connect(`http://127.0.0.1:${server.port}`);
  session.on('error', () => {}); // told by the call's own end
  try {
    await once(session, 'connect');
    const call = session.request({ ':method': 'POST', ':path': checkPath, 'content-type': 'application/grpc' });
    call.end(grpcMessage(Buffer.alloc(size)));
    const fields = await new Promise<IncomingHttpHeaders>((resolve, reject) => {
      call.once('trailers', resolve).once('error', reject);
      call.once('close', () => reject(new Error('the connection ended before the answer')));
    });
    assert.equal(fields['grpc-status'], '0');
    return true;
  } finally {
    session.destroy();
  }
}

interface Attack {
  readonly name: string;
  /** The counter that must have seen it. */
  readonly kind: HostileKind;
  /** What the client says first; the preface and SETTINGS unless told. */
  readonly greeting?: Buffer;
  readonly attack: (peer: RawPeer) => Promise<void> | void;
  /** Whether the server must end the connection; it need not where only a stream is at fault. */
  readonly ends: boolean;
}

const echo = callBlock('/test.Test/Echo');
const openStream = (id: number): Buffer => frame(1, 4, id, echo);
/** Streams that are open and will not end by themselves. */
const openMany = (count: number): Buffer => Buffer.concat(Array.from({ length: count }, (_, n) => openStream(odd(n))));
/** A literal that goes into the dynamic table: 3,900 bytes, then references to it. */
const bomb = Buffer.concat([Buffer.from([0x40, 1, 0x78, 0x7f, 0xbd, 0x1d]), Buffer.alloc(3_900, 'y')]);

/** A call that streams. */
const openCall = (id: number, name: string): Buffer => frame(1, 4, id, callBlock(`/test.Calls/${name}`));

/** Four megabytes that become some hundred kilobytes, and take a while to come back. */
const compressible = Buffer.from(Array.from({ length: 4_000_000 }, (_, n) => ((n * 2_654_435_761) >>> 13) % 5));

const attacks: readonly Attack[] = [
  {
    name: 'opens and resets streams (rapid reset)',
    kind: 'reset_flood',
    ends: true,
    attack: (peer) => peer.pump((n) => Buffer.concat([openStream(odd(n)), frame(3, 0, odd(n), uint32(8))]), ROUNDS),
  },
  {
    name: 'makes us reset streams by a window update of nothing (made you reset)',
    kind: 'provoked_resets',
    ends: true,
    attack: (peer) => peer.pump((n) => Buffer.concat([openStream(odd(n)), frame(8, 0, odd(n), uint32(0))]), ROUNDS),
  },
  {
    name: 'sends malformed requests without end',
    kind: 'request_malformed',
    ends: true,
    attack: (peer) => peer.pump((n) => frame(1, 5, odd(n), callBlock('/x', ['Upper', 'case'])), ROUNDS),
  },
  {
    name: 'opens streams beyond the limit without end',
    kind: 'refused_streams',
    ends: true,
    attack: (peer) => peer.pump((n) => openStream(odd(n)), ROUNDS),
  },
  {
    name: 'floods PING',
    kind: 'ping_flood',
    ends: true,
    attack: (peer) => peer.pump(() => frame(6, 0, 0, Buffer.alloc(8)), ROUNDS),
  },
  {
    name: 'floods PING and never reads',
    kind: 'ping_flood',
    ends: false,
    attack: async (peer) => {
      peer.socket.pause();
      await peer.pump(() => frame(6, 0, 0, Buffer.alloc(8)), 20_000);
    },
  },
  {
    name: 'floods SETTINGS',
    kind: 'settings_flood',
    ends: true,
    attack: (peer) => peer.pump(() => settings(), ROUNDS),
  },
  {
    name: 'sends SETTINGS of 2,700 rows that move the window of 250 open streams',
    kind: 'settings_flood',
    ends: true,
    attack: async (peer) => {
      peer.send(openMany(250));
      const rows = Array.from({ length: 2_700 }, (_, n) => [4, n % 2 ? 70_000 : 10] as const);
      await peer.pump(() => settings(...rows), 1_000);
    },
  },
  {
    name: 'floods PRIORITY',
    kind: 'priority_flood',
    ends: true,
    attack: (peer) => peer.pump((n) => frame(2, 0, odd(n), Buffer.from([0, 0, 0, 0, 1])), ROUNDS),
  },
  {
    name: 'floods WINDOW_UPDATE on the connection',
    kind: 'window_update_flood',
    ends: true,
    attack: (peer) => peer.pump(() => frame(8, 0, 0, uint32(1)), ROUNDS),
  },
  {
    name: 'floods WINDOW_UPDATE on a closed stream',
    kind: 'window_update_flood',
    ends: true,
    attack: async (peer) => {
      peer.send(wholeCall(1, '/test.Test/Echo'));
      await peer.pump(() => frame(8, 0, 1, uint32(1)), ROUNDS);
    },
  },
  {
    name: 'floods empty DATA',
    kind: 'small_frames',
    ends: true,
    attack: async (peer) => {
      peer.send(openStream(1));
      await peer.pump(() => frame(0, 0, 1), ROUNDS);
    },
  },
  {
    name: 'floods DATA that is only padding',
    kind: 'small_frames',
    ends: true,
    attack: async (peer) => {
      peer.send(openStream(1));
      await peer.pump(() => frame(0, 8, 1, Buffer.from([2, 0, 0])), ROUNDS);
    },
  },
  {
    name: 'sends a message one byte a frame',
    kind: 'small_frames',
    ends: true,
    attack: async (peer) => {
      peer.send(openStream(1), frame(0, 0, 1, Buffer.from([0, 0, 0x10, 0, 0])));
      await peer.pump(() => frame(0, 0, 1, Buffer.from([7])), ROUNDS);
    },
  },
  {
    name: 'floods frames of an unknown type',
    kind: 'ignored_frames',
    ends: true,
    attack: (peer) => peer.pump((n) => frame(20 + (n % 200), 0, odd(n), Buffer.alloc(64)), ROUNDS),
  },
  {
    name: 'floods acknowledgements of PINGs that were never sent',
    kind: 'ignored_frames',
    ends: true,
    attack: (peer) => peer.pump(() => frame(6, 1, 0, Buffer.alloc(8)), ROUNDS),
  },
  {
    name: 'floods acknowledgements of SETTINGS',
    kind: 'ignored_frames',
    ends: true,
    attack: (peer) => peer.pump(() => frame(4, 1, 0), ROUNDS),
  },
  {
    name: 'floods GOAWAY',
    kind: 'ignored_frames',
    ends: true,
    attack: (peer) => peer.pump(() => frame(7, 0, 0, Buffer.alloc(8)), ROUNDS),
  },
  {
    name: 'goes on sending on a stream that was refused',
    kind: 'ignored_frames',
    ends: true,
    attack: async (peer) => {
      peer.send(frame(1, 4, 1, callBlock('/no.Such/Method')));
      await peer.pump(() => frame(0, 0, 1, Buffer.alloc(64)), ROUNDS);
    },
  },
  {
    name: 'goes on sending on a stream that it has ended (half-closed)',
    kind: 'stream_closed',
    ends: true,
    attack: (peer) =>
      peer.pump(
        (n) => Buffer.concat([wholeCall(odd(n), '/test.Test/Never'), frame(0, 1, odd(n), Buffer.alloc(9))]),
        ROUNDS,
      ),
  },
  {
    name: 'floods empty CONTINUATION',
    kind: 'continuation_flood',
    ends: true,
    attack: async (peer) => {
      peer.send(frame(1, 0, 1, echo));
      await peer.pump(() => frame(9, 0, 1), ROUNDS);
    },
  },
  {
    name: 'sends a header block without end',
    kind: 'header_block_size',
    ends: true,
    attack: async (peer) => {
      peer.send(frame(1, 0, 1, echo));
      await peer.pump(() => frame(9, 0, 1, Buffer.alloc(16_000, 0x82)), ROUNDS);
    },
  },
  {
    name: 'refers to one large field a thousand times (HPACK bomb)',
    kind: 'header_list_size',
    ends: true,
    attack: async (peer) => {
      peer.send(frame(1, 4, 1, Buffer.concat([echo, bomb])));
      await peer.pump((n) => frame(1, 4, odd(n + 1), Buffer.concat([echo, Buffer.alloc(15_000, 0xbe)])), 5_000);
    },
  },
  {
    name: 'sends fields of no length by the thousand',
    kind: 'header_list_size',
    ends: true,
    attack: (peer) =>
      peer.pump((n) => frame(1, 5, odd(n), Buffer.concat([echo, Buffer.alloc(15_000, empty.length)])), 5_000),
  },
  {
    name: 'sends a block that is not HPACK',
    kind: 'hpack_invalid',
    ends: true,
    attack: (peer) => peer.send(frame(1, 5, 1, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]))),
  },
  {
    name: 'sends table size updates without end',
    kind: 'hpack_invalid',
    ends: true,
    attack: (peer) => peer.send(frame(1, 5, 1, Buffer.alloc(8_000, 0x20))),
  },
  {
    name: 'announces messages of four gigabytes',
    kind: 'message_size',
    ends: false,
    attack: async (peer) => {
      await peer.pump(
        (n) => Buffer.concat([openStream(odd(n)), frame(0, 0, odd(n), Buffer.from([0, 255, 255, 255, 255]))]),
        500,
      );
      await peer.expect(({ type, id }) => type === 1 && id === odd(499));
    },
  },
  {
    name: 'sends messages that decompress to 64 MiB',
    kind: 'message_size',
    ends: false,
    attack: async (peer) => {
      const packed = grpcMessage(gzipSync(Buffer.alloc(64 * 1024 * 1024)), 1);
      const block = callBlock('/test.Test/Echo', ['grpc-encoding', 'gzip']);
      for (let n = 0; n < 20; n += 1) {
        peer.send(frame(1, 4, odd(n), block));
        for (let at = 0; at < packed.length; at += 16_000) {
          const end = Math.min(packed.length, at + 16_000);
          peer.send(frame(0, end === packed.length ? 1 : 0, odd(n), packed.subarray(at, end)));
        }
      }
      await peer.expect(({ type, id }) => type === 1 && id === odd(19));
    },
  },
  {
    name: 'sends messages that are not gzip although they say so',
    kind: 'inflate_failed',
    ends: false,
    attack: async (peer) => {
      const block = callBlock('/test.Test/Echo', ['grpc-encoding', 'gzip']);
      peer.send(frame(1, 4, 1, block), frame(0, 1, 1, grpcMessage(Buffer.from('not gzip'), 1)));
      await peer.expect(({ type, id }) => type === 1 && id === 1);
    },
  },
  {
    name: 'begins many large messages and ends none',
    kind: 'held_bytes',
    ends: false,
    attack: async (peer) => {
      const begun = Buffer.concat([Buffer.from([0]), uint32(4_000_000), Buffer.alloc(15_000)]);
      await peer.pump((n) => Buffer.concat([openStream(odd(n)), frame(0, 0, odd(n), begun)]), 200);
      const more = frame(0, 0, 0, Buffer.alloc(16_000));
      await peer.pump((n) => {
        more.writeUInt32BE(odd(n % 200), 5);
        return Buffer.from(more);
      }, 4_000);
    },
  },
  {
    name: 'overflows the window of the connection',
    kind: 'window_overflow',
    ends: true,
    attack: (peer) => peer.pump(() => frame(8, 0, 0, uint32(0x7fff_ffff)), 2),
  },
  {
    name: 'overflows the window of streams, one after the other',
    kind: 'window_overflow',
    ends: true,
    attack: (peer) =>
      peer.pump((n) => Buffer.concat([openStream(odd(n)), frame(8, 0, odd(n), uint32(0x7fff_ffff))]), ROUNDS),
  },
  {
    name: 'overflows windows by SETTINGS',
    kind: 'window_overflow',
    ends: true,
    attack: (peer) => peer.send(settings([4, 0xffff_ffff])),
  },
  {
    name: 'leaves replies no window (zero-window hoarding)',
    kind: 'window_stalled',
    ends: false,
    greeting: Buffer.concat([preface, settings([4, 0])]),
    attack: async (peer) => {
      await peer.pump((n) => wholeCall(odd(n), '/test.Test/Big'), 400);
      await peer.expect(({ type, id, payload }) => type === 3 && id === 1 && payload.readUInt32BE() === 8);
    },
  },
  {
    name: 'opens the window by one byte at a time',
    kind: 'window_update_flood',
    ends: true,
    greeting: Buffer.concat([preface, settings([4, 0])]),
    attack: async (peer) => {
      peer.send(wholeCall(1, '/test.Test/Big'));
      await peer.pump(() => frame(8, 0, 1, uint32(1)), ROUNDS);
    },
  },
  {
    name: 'asks for large replies and never reads (slow reader)',
    kind: 'unread_output',
    ends: false,
    greeting: Buffer.concat([preface, settings([4, 0x7fff_ffff]), frame(8, 0, 0, uint32(0x7fff_0000))]),
    attack: async (peer) => {
      peer.socket.pause();
      await peer.pump((n) => wholeCall(odd(n), '/test.Test/Big'), 20_000);
    },
  },
  {
    name: 'takes answers one by one from a method that answers later, and never reads (slow reader)',
    kind: 'unread_output',
    ends: false,
    greeting: Buffer.concat([preface, settings([4, 0x7fff_ffff]), frame(8, 0, 0, uint32(0x7fff_0000))]),
    attack: async (peer) => {
      peer.socket.pause();
      await peer.pump((n) => wholeCall(odd(n), '/test.Test/Later', Buffer.alloc(300)), 100_000);
    },
  },
  {
    name: 'resets streams whose message is yet to be decompressed',
    kind: 'reset_flood',
    ends: true,
    attack: async (peer) => {
      const packed = grpcMessage(gzipSync(compressible, { level: 1 }), 1);
      const block = callBlock('/test.Test/Echo', ['grpc-encoding', 'gzip']);
      await peer.pump((n) => {
        const pieces = Array.from({ length: Math.ceil(packed.length / 16_000) }, (_, piece) => {
          const part = packed.subarray(piece * 16_000, (piece + 1) * 16_000);
          return frame(0, (piece + 1) * 16_000 >= packed.length ? 1 : 0, odd(n), part);
        });
        return Buffer.concat([frame(1, 4, odd(n), block), ...pieces, frame(3, 0, odd(n), uint32(8))]);
      }, 100_000); // until it is enough in one second: on a busy machine a few thousand may take longer
    },
  },
  {
    name: 'opens and resets calls that stream',
    kind: 'reset_flood',
    ends: true,
    attack: (peer) =>
      peer.pump((n) => Buffer.concat([openCall(odd(n), 'Chat'), frame(3, 0, odd(n), uint32(8))]), ROUNDS),
  },
  {
    name: 'sends one message a byte at a time to a method that takes many',
    kind: 'small_frames',
    ends: true,
    attack: async (peer) => {
      peer.send(openCall(1, 'Chat'));
      await peer.pump(() => frame(0, 0, 1, Buffer.from([0])), ROUNDS);
    },
  },
  {
    name: 'sends empty messages by the thousand to a method that takes none',
    kind: 'held_bytes',
    ends: false,
    attack: async (peer) => {
      const many = Buffer.alloc(16_000);
      await peer.pump((n) => Buffer.concat([openCall(odd(n), 'Deaf'), frame(0, 0, odd(n), many)]), 250);
      await peer.pump((n) => frame(0, 0, odd(n % 250), many), 2_000);
    },
  },
  {
    name: 'sends messages that decompress to much to a method that takes none, and to one that gives them back',
    kind: 'inflate_failed',
    ends: false,
    attack: async (peer) => {
      const bomb4 = grpcMessage(gzipSync(Buffer.alloc(4_000_000)), 1);
      const block = (name: string): Buffer => callBlock(`/test.Calls/${name}`, ['grpc-encoding', 'gzip']);
      await peer.pump((n) => {
        const name = n % 2 ? 'Chat' : 'Deaf';
        return Buffer.concat([frame(1, 4, odd(n), block(name)), frame(0, 0, odd(n), bomb4)]);
      }, 40);
      peer.send(frame(1, 4, odd(40), block('Chat')), frame(0, 0, odd(40), grpcMessage(Buffer.from('no'), 1)));
      await peer.expect(({ type, id }) => type === 1 && id === odd(40));
    },
  },
  {
    name: 'leaves streams no window (zero-window hoarding)',
    kind: 'window_stalled',
    ends: false,
    greeting: Buffer.concat([preface, settings([4, 0])]),
    attack: async (peer) => {
      const sizes = Buffer.alloc(200, 200);
      await peer.pump((n) => wholeCall(odd(n), '/test.Calls/Sizes', sizes), 60);
      await peer.expect(({ type, id, payload }) => type === 3 && id === 1 && payload.readUInt32BE() === 8);
    },
  },
  {
    name: 'asks for streams without end and never reads (slow reader)',
    kind: 'unread_output',
    ends: false,
    greeting: Buffer.concat([preface, settings([4, 0x7fff_ffff]), frame(8, 0, 0, uint32(0x7fff_0000))]),
    attack: async (peer) => {
      peer.socket.pause();
      await peer.pump((n) => wholeCall(odd(n), '/test.Calls/Sizes', Buffer.alloc(250, 250)), 250);
    },
  },
  {
    name: 'talks without end and never reads (slow reader)',
    kind: 'unread_output',
    ends: false,
    greeting: Buffer.concat([preface, settings([4, 0x7fff_ffff]), frame(8, 0, 0, uint32(0x7fff_0000))]),
    attack: async (peer) => {
      peer.socket.pause();
      peer.send(openCall(1, 'Chat'));
      await peer.pump(() => frame(0, 0, 1, grpcMessage(Buffer.alloc(8_000))), 5_000);
    },
  },
  {
    name: 'says nothing',
    kind: 'preface_late',
    ends: true,
    greeting: empty,
    attack: () => {},
  },
  {
    name: 'says half of the preface',
    kind: 'preface_late',
    ends: true,
    greeting: preface.subarray(0, 10),
    attack: () => {},
  },
  {
    name: 'says half of a frame',
    kind: 'frame_late',
    ends: true,
    attack: (peer) => peer.send(openStream(1).subarray(0, 20)),
  },
  {
    name: 'says half of a frame header',
    kind: 'frame_late',
    ends: true,
    attack: (peer) => peer.send(openStream(1).subarray(0, 4)),
  },
  {
    name: 'begins a header block and does not end it',
    kind: 'frame_late',
    ends: true,
    attack: (peer) => peer.send(frame(1, 0, 1, echo)),
  },
  {
    name: 'opens streams and never sends their message',
    kind: 'request_late',
    ends: false,
    attack: async (peer) => {
      peer.send(openMany(200));
      await peer.expect(({ type, id }) => type === 3 && id === 1);
    },
  },
  {
    name: 'stays without a word',
    kind: 'connection_idle',
    ends: true,
    attack: () => {},
  },
  {
    name: 'speaks HTTP/1',
    kind: 'not_http2',
    ends: true,
    greeting: Buffer.from('GET / HTTP/1.1\r\nhost: here\r\n\r\n'),
    attack: () => {},
  },
  {
    name: 'speaks TLS to a plain port',
    kind: 'not_http2',
    ends: true,
    greeting: Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]),
    attack: () => {},
  },
  {
    name: 'announces a frame of 16 MiB',
    kind: 'frame_size',
    ends: true,
    attack: (peer) => peer.send(Buffer.from([255, 255, 255, 0, 0, 0, 0, 0, 1])),
  },
  {
    name: 'interrupts a header block',
    kind: 'frame_invalid',
    ends: true,
    attack: (peer) => peer.send(frame(1, 0, 1, echo), frame(6, 0, 0, Buffer.alloc(8))),
  },
  {
    name: 'promises a push',
    kind: 'frame_invalid',
    ends: true,
    attack: (peer) => peer.send(frame(5, 4, 1, Buffer.concat([uint32(2), literal('a', 'b')]))),
  },
  {
    name: 'uses stream ids that go down',
    kind: 'stream_closed',
    ends: true,
    attack: (peer) => peer.send(openStream(9), openStream(3)),
  },
];

describe('Lane under attack', function () {
  this.timeout(300_000);

  before(async () => {
    server = await startLane(limits);
    await goodCall();
  });
  after(() => server[Symbol.dispose]());

  for (const { name, kind, greeting, attack, ends } of attacks) {
    it(`holds when a peer ${name}`, async () => {
      const before = await server.report();
      using peer = await connectRaw(server.port, greeting);
      const attacking = attack(peer);
      await goodCall();
      await attacking;
      await goodCall();
      if (ends) await peer.closed;
      const after = await seen(kind, before);
      assert.ok(after.peak - before.rss < MAX_GROWTH, `grew by ${(after.peak - before.rss) >> 20} MiB`);
      assert.equal(after.counts.handlerFailures, before.counts.handlerFailures);
    });
  }

  /** Many connections that do one thing together, while good calls go on. */
  async function together(
    count: number,
    greeting: Buffer,
    attack: (peer: RawPeer) => Promise<void>,
    kind: HostileKind,
  ): Promise<void> {
    const before = await server.report();
    const peers = await Promise.all(Array.from({ length: count }, () => connectRaw(server.port, greeting)));
    try {
      const attacking = Promise.all(peers.map(attack));
      await goodCall();
      await goodCall(100_000);
      await attacking;
      await goodCall();
      await goodCall(100_000);
      const after = await seen(kind, before);
      assert.ok(after.peak - before.rss < MAX_GROWTH, `grew by ${(after.peak - before.rss) >> 20} MiB`);
    } finally {
      for (const peer of peers) peer[Symbol.dispose]();
    }
  }
  const usual = Buffer.concat([preface, settings()]);

  it('keeps room for a newcomer when connections stay idle by the hundred', () =>
    together(300, usual, async () => {}, 'connections_full'));

  it('keeps room for a newcomer when connections by the hundred have begun a request', () =>
    together(300, usual, async (peer) => peer.send(openStream(1)), 'connections_full'));

  it('lets those who hold most go when many connections fill what all may hold', () =>
    together(
      20,
      usual,
      async (peer) => {
        const begun = Buffer.concat([Buffer.from([0]), uint32(4_000_000), Buffer.alloc(16_000)]);
        await peer.pump((n) => Buffer.concat([openStream(odd(n)), frame(0, 0, odd(n), begun)]), 60);
      },
      'held_bytes',
    ));

  it('lets those who hold most go when many connections open as many calls as they can', () =>
    together(
      40,
      usual,
      async (peer) => {
        await peer.pump((n) => openCall(odd(n), n % 2 ? 'Chat' : 'Deaf'), 250);
      },
      'held_bytes',
    ));

  it('lets those go who read least when many connections leave their output unread', () =>
    together(
      30,
      Buffer.concat([preface, settings([4, 0x7fff_ffff]), frame(8, 0, 0, uint32(0x7fff_0000))]),
      async (peer) => {
        peer.socket.pause();
        await peer.pump((n) => wholeCall(odd(n), '/test.Test/Big'), 120);
      },
      'unread_output',
    ));
});

/** Asks until the counter has risen; the test's own timeout ends it. */
async function seen(kind: HostileKind, before: LaneReport): Promise<LaneReport> {
  let peak = 0;
  for (;;) {
    const now = await server.report();
    peak = Math.max(peak, now.peak);
    if (now.counts.hostile[kind] > before.counts.hostile[kind]) return { ...now, peak };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
