import assert from 'node:assert/strict';
import { HpackDecoder } from '../../../../../src/transport/lane/hpack/decoder.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** The fields of a block, or undefined when it is refused. */
function decode(decoder: HpackDecoder, block: Buffer): string[] | undefined {
  const fields: string[] = [];
  const ok = decoder.decode(block, 0, block.length, { field: (name, value) => fields.push(`${name}: ${value}`) });
  return ok ? fields : undefined;
}

const fresh = (): HpackDecoder => new HpackDecoder(4_096, 32_768);

const requests = [
  [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'],
  [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com', 'cache-control: no-cache'],
  [':method: GET', ':scheme: https', ':path: /index.html', ':authority: www.example.com', 'custom-key: custom-value'],
];
const set = 'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1';
const responses = [
  [
    ':status: 302',
    'cache-control: private',
    'date: Mon, 21 Oct 2013 20:13:21 GMT',
    'location: https://www.example.com',
  ],
  [
    ':status: 307',
    'cache-control: private',
    'date: Mon, 21 Oct 2013 20:13:21 GMT',
    'location: https://www.example.com',
  ],
  [
    ':status: 200',
    'cache-control: private',
    'date: Mon, 21 Oct 2013 20:13:22 GMT',
    'location: https://www.example.com',
    'content-encoding: gzip',
    set,
  ],
];

describe('HpackDecoder', () => {
  const appendix = [
    {
      name: 'C.3, requests without Huffman code',
      tableSize: 4_096,
      blocks: [
        '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '8286 84be 5808 6e6f 2d63 6163 6865',
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
      ],
      want: requests,
    },
    {
      name: 'C.4, requests with Huffman code',
      tableSize: 4_096,
      blocks: [
        '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
        '8286 84be 5886 a8eb 1064 9cbf',
        '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
      ],
      want: requests,
    },
    {
      name: 'C.6, responses with Huffman code and eviction from a table of 256 bytes',
      tableSize: 256,
      blocks: [
        '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
        '4883 640e ffc1 c0bf',
        '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
      ],
      want: responses,
    },
  ];
  for (const { name, tableSize, blocks, want } of appendix) {
    it(`decodes RFC 7541 ${name}`, () => {
      const decoder = new HpackDecoder(tableSize, 4_096);
      assert.deepEqual(
        blocks.map((block) => decode(decoder, hex(block))),
        want,
      );
    });
  }

  const refused = [
    { name: 'index 0 (§6.1)', block: '80' },
    { name: 'an index beyond the tables (§2.3.3)', block: 'be' },
    { name: 'a name index beyond the tables', block: '7f00 0161' },
    { name: 'an integer that never ends (§5.1)', block: 'ffff ffff ffff ffff' },
    { name: 'an integer that is too large', block: '7f80 8080 8010' },
    { name: 'a text longer than the block', block: '0005 6162' },
    { name: 'a block that ends after a name', block: '0001 61' },
    { name: 'a block that ends inside an integer', block: 'ff' },
    { name: 'EOS inside a text (§5.2)', block: '0001 6184 ffff ffff' },
    { name: 'padding of eight bits (§5.2)', block: '0001 6182 1fff' },
    { name: 'padding that is not all ones (§5.2)', block: '0001 6181 18' },
    { name: 'a table size above the limit (§6.3)', block: '3fe2 1f' },
    { name: 'a table size after a field (§4.2)', block: '82 20' },
    { name: 'three table sizes (§4.2)', block: '20 20 20' },
  ];
  for (const { name, block } of refused) {
    it(`refuses ${name}`, () => assert.equal(decode(fresh(), hex(block)), undefined));
  }

  it('takes two table sizes at the beginning, and forgets all fields at 0 (§4.2, §4.3)', () => {
    const decoder = fresh();
    assert.deepEqual(decode(decoder, hex('40 0161 0162')), ['a: b']);
    assert.deepEqual(decode(decoder, hex('be')), ['a: b']);
    assert.deepEqual(decode(decoder, hex('20 3fe1 1f 82')), [':method: GET']);
    assert.equal(decode(decoder, hex('be')), undefined);
  });

  it('empties the table for a field that is larger than it, which is no fault (§4.4)', () => {
    const decoder = new HpackDecoder(64, 4_096);
    assert.deepEqual(decode(decoder, hex('40 0161 0162')), ['a: b']);
    assert.equal(decoder.table.length, 1);
    const long = Buffer.concat([hex('40 0163 40'), Buffer.alloc(64, 'd')]);
    assert.deepEqual(decode(decoder, long), [`c: ${'d'.repeat(64)}`]);
    assert.equal(decoder.table.length, 0);
  });

  it('keeps bytes that are not ASCII as they are', () => {
    assert.deepEqual(decode(fresh(), hex('0001 6103 ff80 c3')), ['a: \xff\x80\xc3']);
  });

  it('changes the version of its table exactly when the table changes', () => {
    const decoder = fresh();
    decode(decoder, hex('82 0001 6101 62 1001 6101 62'));
    assert.equal(decoder.table.version, 0);
    decode(decoder, hex('40 0161 0162'));
    assert.equal(decoder.table.version, 1);
    decode(decoder, hex('20'));
    assert.equal(decoder.table.version, 2);
  });
});
