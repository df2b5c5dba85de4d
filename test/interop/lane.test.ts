import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from '../support/child.ts';
import { bigReply, checkPath } from '../support/lane-methods.ts';
import { type LaneProcess, startLane } from '../support/lane-process.ts';
import { newEcKey, openssl } from '../support/openssl.ts';
import { grpcMessage } from '../support/raw-h2.ts';
import { type TempDir, tempDir } from '../support/temp-dir.ts';
import { cache, python } from './clients.ts';
import { buildH2spec, type LaneCall, type LaneOutcome, laneClients, makeCalls, runH2spec } from './lane-clients.ts';

const call = (part: Partial<LaneCall>): LaneCall => ({
  path: '/test.Test/Echo',
  size: 1_200,
  gzip: false,
  deadlineMs: 0,
  times: 1,
  fields: 0,
  ...part,
});

const echoed = (size: number): LaneOutcome => ({ code: 0, details: '', size, same: true });
const refused = (code: number, details: RegExp) => ({ code, details });

const cases: readonly { name: string; call: LaneCall; want: LaneOutcome | { code: number; details: RegExp } }[] = [
  { name: 'an empty message', call: call({ size: 0 }), want: echoed(0) },
  { name: 'one byte', call: call({ size: 1 }), want: echoed(1) },
  { name: 'the largest message of one frame', call: call({ size: 16_379 }), want: echoed(16_379) },
  { name: 'one byte more', call: call({ size: 16_380 }), want: echoed(16_380) },
  { name: 'more than the first window', call: call({ size: 70_000 }), want: echoed(70_000) },
  { name: 'three megabytes', call: call({ size: 3_000_000 }), want: echoed(3_000_000) },
  { name: 'gzip', call: call({ size: 100_000, gzip: true }), want: echoed(100_000) },
  { name: 'an answer that comes later', call: call({ path: '/test.Test/Later' }), want: echoed(1_200) },
  { name: 'a hundred fields of metadata', call: call({ fields: 100 }), want: echoed(1_200) },
  { name: '600 calls at once, with metadata', call: call({ times: 600, fields: 3 }), want: echoed(1_200) },
  {
    name: '60 large replies at once',
    call: call({ path: '/test.Test/Big', times: 60 }),
    want: { ...echoed(bigReply.length), same: false },
  },
  { name: '15 large requests at once', call: call({ size: 400_000, times: 15 }), want: echoed(400_000) },
  {
    name: 'a status with text beyond ASCII',
    call: call({ path: '/test.Test/Refuse' }),
    want: refused(5, /^no such thing: 100% — gone$/),
  },
  { name: 'a method that throws', call: call({ path: '/test.Test/Throw' }), want: refused(13, /^Internal error$/) },
  { name: 'an unknown method', call: call({ path: '/no.Such/Method' }), want: refused(12, /no\.Such\/Method/) },
  { name: 'a message above the limit', call: call({ size: 5_000_000 }), want: refused(8, /larger than max/) },
  { name: 'a call after all these', call: call({}), want: echoed(1_200) },
  { name: 'a deadline', call: call({ path: '/test.Test/Never', deadlineMs: 300 }), want: refused(4, /./) },
  { name: 'a call after the deadline', call: call({}), want: echoed(1_200) },
];

describe('Lane, called by foreign clients', function () {
  this.timeout(120_000);
  let folder: TempDir;
  let lane: LaneProcess;
  let certificate: string;
  let targets: Readonly<Record<string, string>>;

  before(async function () {
    this.timeout(1_200_000);
    mkdirSync(cache, { recursive: true });
    python.build();
    buildH2spec();
    for (const client of laneClients) client.build();
    folder = await tempDir();
    const key = folder.at('key.pem');
    certificate = folder.at('certificate.pem');
    const request = [...newEcKey, '-subj', '/CN=localhost'];
    const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    openssl(['req', '-x509', ...request, ...names, '-days', '2', '-keyout', key, '-out', certificate]);
    lane = await startLane({}, { unix: folder.at('lane.sock'), key, certificate });
    targets = {
      TCP: `127.0.0.1:${lane.port}`,
      'a unix socket': `unix:${folder.at('lane.sock')}`,
      TLS: `tls:127.0.0.1:${lane.tlsPort}:${certificate}`,
    };
  });

  after(async () => {
    lane?.[Symbol.dispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  for (const client of laneClients) {
    for (const over of ['TCP', 'a unix socket', 'TLS']) {
      it(`answers ${client.name} over ${over}: ${cases.length} kinds of call`, async () => {
        const calls = cases.map((each) => each.call);
        const outcomes = await makeCalls(client, calls, folder.at('calls.json'), targets[over]!);
        for (const [n, { name, want }] of cases.entries()) {
          const { details, ...got } = outcomes[n]!;
          if (!(want.details instanceof RegExp)) assert.deepEqual({ details, ...got }, want, name);
          else {
            assert.equal(got.code, want.code, name);
            assert.match(details, want.details, name);
          }
        }
      });
    }
  }

  it('saw nothing hostile in them, but for the messages above the limit', async () => {
    const { hostile } = (await lane.report()).counts;
    const seen = Object.entries(hostile).filter(([, count]) => count > 0);
    assert.deepEqual(
      seen.map(([kind]) => kind),
      ['message_size'],
    );
  });

  for (const [what, args] of [
    ['every case', () => ['--port', String(lane.port), '--path', checkPath]],
    ['every case, the strict ones too', () => ['--port', String(lane.port), '--path', checkPath, '--strict']],
    [
      'every case over TLS',
      () => ['--port', String(lane.tlsPort), '--path', checkPath, '--strict', '--tls', '--insecure'],
    ],
  ] as const) {
    it(`passes h2spec: ${what}`, async () => {
      const report = await runH2spec(...args());
      const [, tests, passed, skipped, failed] =
        /(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed/.exec(report) ?? [];
      assert.deepEqual([skipped, failed], ['0', '0'], report);
      assert.equal(passed, tests);
      assert.ok(Number(tests) >= 145, `${tests} cases`);
    });
  }

  it('answers nghttp, and nothing of it is wrong to nghttp', async () => {
    const message = folder.at('message');
    writeFileSync(message, grpcMessage(Buffer.alloc(1_200, 'n')));
    const url = `http://127.0.0.1:${lane.port}/test.Test/Echo`;
    const child = startChild('nghttp', [
      '-v',
      '-d',
      message,
      '-H',
      'content-type: application/grpc',
      '-H',
      'te: trailers',
      url,
    ]);
    assert.equal(await child.ended, 0, `nghttp (package nghttp2-client): ${child.stderr()}`);
    assert.match(child.stdout(), /grpc-status: 0/);
    assert.doesNotMatch(child.stdout() + child.stderr(), /recv RST_STREAM|recv GOAWAY|\[ERROR\]|nvalid/);
  });

  it('answers h2load, which keeps no table for header blocks', async () => {
    const load = [
      '--header-table-size',
      '0',
      '-n',
      '2000',
      '-c',
      '2',
      '-m',
      '10',
      '-H',
      'content-type: application/grpc',
    ];
    const message = folder.at('message');
    writeFileSync(message, grpcMessage(Buffer.alloc(10)));
    const child = startChild('h2load', [...load, '-d', message, `http://127.0.0.1:${lane.port}${checkPath}`]);
    assert.equal(await child.ended, 0, `h2load (package nghttp2-client): ${child.stderr()}`);
    assert.match(child.stdout(), /2000 succeeded, 0 failed, 0 errored, 0 timeout/);
  });

  for (const [over, place] of [
    ['TCP', () => `http://127.0.0.1:${lane.port}`],
    ['a unix socket', () => `unix:${folder.at('lane.sock')}`],
    ['TLS', () => `https://127.0.0.1:${lane.tlsPort}`],
  ] as const) {
    it(`answers 40,000 calls of h2load over ${over}, every one OK`, async () => {
      const message = join(folder.path, 'message');
      writeFileSync(message, grpcMessage(Buffer.alloc(1_200, 'n')));
      const before = (await lane.report()).counts.calls;
      const base = place();
      const target = base.startsWith('unix:') ? ['-B', base, `http://localhost${checkPath}`] : [`${base}${checkPath}`];
      const load = ['-n', '40000', '-c', '8', '-m', '100', '-d', message, '-H', 'content-type: application/grpc'];
      const child = startChild('h2load', [...load, ...target]);
      assert.equal(await child.ended, 0, `h2load (package nghttp2-client): ${child.stderr()}`);
      assert.match(child.stdout(), /40000 succeeded, 0 failed, 0 errored, 0 timeout/);
      assert.equal((await lane.report()).counts.calls - before, 40_000);
    });
  }
});
