import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { EnvoysAnswer } from '../../../../src/admin-api/envoys.ts';
import { commandLine } from '../../../support/command-line.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

const details = 'spiffe://cluster.local/ns/default/sa/details';
const AT = '2026-01-31T12:00:00.000Z';

type Row = EnvoysAnswer['envoys'][number];
type Config = Row['configs'][number];

const config = (state: Config['state'], more: Partial<Config> = {}): Config => ({
  ...{ resource: 'gatehouse.policy', version: 'v1', sentVersion: 'v1', sentAt: AT, asks: '', refused: null },
  ...more,
  state,
});

const envoy = (version: string, state: Row['state'], configs: readonly Config[], more: Partial<Row> = {}): Row => ({
  ...{ connection: version, spiffeId: details, node: details, version, tried: version === '1.40.0' },
  ...{ state, reported: 5, configs: [...configs] },
  ...more,
});

const tried = envoy('1.40.0', 'holds', [config('holds')]);
const old = envoy('1.39.3', 'asks', [config('asks', { asks: 'trees were not tried on this version of Envoy' })]);

const cases: readonly {
  readonly name: string;
  readonly envoys: readonly Row[];
  readonly want: readonly RegExp[];
  readonly code: number;
}[] = [
  {
    name: 'two of one identity, each with its version and with what it does',
    envoys: [old, tried],
    want: [
      /details +1\.39\.3 +gatehouse\.policy +asks +v1 +trees were not tried on this version of Envoy/,
      /details +1\.40\.0 +gatehouse\.policy +holds +v1/,
    ],
    code: 0,
  },
  {
    name: 'one that has not answered',
    envoys: [tried, envoy('1.40.0', 'waiting', [config('waiting', { version: '' })])],
    want: [/waiting +none/],
    code: 1,
  },
  {
    name: 'one that refused, in its words',
    envoys: [
      envoy('1.40.0', 'refused', [
        config('refused', { refused: { version: 'v2', words: 'Unable to unpack', at: AT } }),
      ]),
    ],
    want: [/refused +v1 +Unable to unpack/],
    code: 1,
  },
  { name: 'one that has asked for nothing', envoys: [envoy('', 'nothing', [])], want: [/unknown +nothing/], code: 0 },
  {
    name: 'one that tells of nothing',
    envoys: [{ ...tried, reported: 0 }, old],
    want: [/1 of 2 Envoys have told of no request that they decided/],
    code: 0,
  },
  { name: 'nobody', envoys: [], want: [/no Envoy follows its policy at this server/], code: 0 },
];

describe('envoy status', () => {
  let dir: TempDir;
  let answer: EnvoysAnswer = { envoys: [] };
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer));
  });

  before(async () => {
    dir = await tempDir();
    await new Promise<void>((resolve) => server.listen(dir.at('admin.sock'), resolve));
  });
  after(async () => {
    server.close();
    await dir[Symbol.asyncDispose]();
  });

  for (const { name, envoys, want, code } of cases)
    it(`names ${name}, and ends with ${code}`, async () => {
      answer = { envoys: [...envoys] };
      const run = await commandLine('envoy', 'status', '--admin', `unix:${dir.at('admin.sock')}`);
      for (const each of want) assert.match(run.out + run.err, each);
      assert.equal(run.code, code);
    });
});
