import assert from 'node:assert/strict';
import fc from 'fast-check';
import { HpackDecoder } from '../../src/transport/lane/hpack/decoder.ts';
import { HeadCache } from '../../src/transport/lane/request/head-cache.ts';
import { HeadReader, type RequestHead } from '../../src/transport/lane/request/request-head.ts';
import { blocksOf } from '../support/node-hpack.ts';

const LIMIT = 65_536;
const fresh = (): HpackDecoder => new HpackDecoder(4_096, LIMIT);

function decode(decoder: HpackDecoder, block: Buffer): [string, string][] | undefined {
  const fields: [string, string][] = [];
  return decoder.decode(block, 0, block.length, { field: (name, value) => fields.push([name, value]) })
    ? fields
    : undefined;
}

const name = fc.stringMatching(/^x-[a-z0-9_-]{1,20}$/);
const value = fc.oneof(
  fc.stringMatching(/^[!-~]([ -~]{0,60}[!-~])?$/),
  fc.constantFrom('', 'gzip', '10.0.0.1', 'a'.repeat(3_000)),
);
const headers = fc.dictionary(fc.oneof(name, fc.constantFrom('accept', 'user-agent', 'grpc-timeout')), value, {
  maxKeys: 8,
});
const request = fc.tuple(fc.constantFrom('/a.A/One', '/a.A/Two', '/long/'.repeat(40)), headers);
const asSent = ([path, more]: [string, Record<string, string>]) => ({
  ':method': 'POST',
  ':path': path,
  'content-type': 'application/grpc',
  ...more,
});

describe('HpackDecoder, any blocks', () => {
  it('reads what nghttp2 encodes, over whole connections', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 12 }), async (requests) => {
        const decoder = fresh();
        for (const [n, block] of (await blocksOf(requests.map(asSent))).entries()) {
          const fields = decode(decoder, block);
          assert.ok(fields, 'refused');
          const got = Object.fromEntries(fields.filter(([each]) => each !== ':authority' && each !== ':scheme'));
          assert.deepEqual(got, { ...asSent(requests[n]!) });
        }
      }),
      { numRuns: 60 },
    );
  });

  it('means the same with the cache of heads as without it', async () => {
    const methods = new Map([
      ['/a.A/One', 1],
      ['/a.A/Two', 2],
    ]);
    const pick = fc.array(fc.nat({ max: 3 }), { minLength: 20, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 4, maxLength: 4 }), pick, async (few, order) => {
        const blocks = await blocksOf(order.map((n) => asSent(few[n]!)));
        const [cached, plain] = [fresh(), fresh()];
        const cache = new HeadCache<number>();
        const reader = new HeadReader(methods, LIMIT);
        for (const block of blocks) {
          assert.deepEqual(throughCache(cached, cache, reader, block), headOf(plain, reader, block));
        }
      }),
      { numRuns: 40 },
    );
  });

  it('neither throws nor reads beyond its end, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (blocks) => {
        const [inPlace, alone] = [fresh(), fresh()];
        for (const bytes of blocks) {
          const fields: [string, string][] = [];
          const padded = Buffer.concat([Buffer.from([0xff, 0x82]), bytes, Buffer.from([0x82, 0x84, 0xff])]);
          const end = padded.length - 3;
          const ok = inPlace.decode(padded, 2, end, { field: (...field) => fields.push(field) });
          assert.deepEqual(ok ? fields : undefined, decode(alone, Buffer.from(bytes)));
          if (!ok) return;
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('never lets the dynamic table grow above its limit', () => {
    const block = fc
      .array(fc.tuple(fc.stringMatching(/^[a-z]{0,40}$/), fc.nat({ max: 120 })), { maxLength: 60 })
      .map((fields) =>
        Buffer.concat(
          fields.map(([each, length]) =>
            Buffer.concat([
              Buffer.from([0x40, each.length]),
              Buffer.from(each),
              Buffer.from([length]),
              Buffer.alloc(length),
            ]),
          ),
        ),
      );
    fc.assert(
      fc.property(fc.array(block, { maxLength: 5 }), (blocks) => {
        const decoder = new HpackDecoder(1_024, LIMIT);
        for (const bytes of blocks) assert.ok(decode(decoder, bytes));
        let size = 0;
        for (let n = 0; n < decoder.table.length; n += 1) {
          size += decoder.table.name(n).length + decoder.table.value(n).length + 32;
        }
        assert.ok(size <= 1_024, `${size} bytes`);
      }),
    );
  });
});

function headOf(decoder: HpackDecoder, reader: HeadReader<number>, block: Buffer): RequestHead<number> {
  reader.begin();
  assert.ok(decoder.decode(block, 0, block.length, reader));
  return reader.head();
}

/** As a connection does it. */
function throughCache(
  decoder: HpackDecoder,
  cache: HeadCache<number>,
  reader: HeadReader<number>,
  block: Buffer,
): RequestHead<number> {
  const { version } = decoder.table;
  const known = cache.find(block, 0, block.length, version);
  if (known !== undefined) return known;
  const head = headOf(decoder, reader, block);
  if (decoder.table.version === version) cache.keep(block, 0, block.length, version, head);
  return head;
}
