import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { commandLine } from '../../support/command-line.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

/** Clears the screen in two ways, turns the writing round, and begins a row of its own. */
const EVIL = 'x\u001b[2J\u009b2J\u202e\u2028\u200b\r\nFORGED  root  ca revoke';

/** Whatever was asked: an answer in which every text is the evil one. */
const answers: Readonly<Record<string, unknown>> = {
  '/v1/audit': {
    rows: [{ at: EVIL, who: EVIL, verb: EVIL, use: EVIL, authorityId: EVIL, reason: EVIL, result: EVIL }],
  },
  '/v1/ledger': {
    rows: [
      {
        issuedAt: EVIL,
        kind: EVIL,
        spiffeId: EVIL,
        serial: EVIL,
        authorityId: EVIL,
        notAfter: EVIL,
        channel: EVIL,
        consumer: EVIL,
      },
    ],
    next: EVIL,
  },
  '/v1/revocations': {
    rows: [{ kind: EVIL, value: EVIL, reason: EVIL, revokedAt: EVIL, keptUntil: EVIL }],
  },
  '/v1/entries': {
    entries: [
      { spiffeId: EVIL, selectors: [EVIL], x509SvidTtl: EVIL, hint: EVIL, isServiceAccount: false, origin: EVIL },
    ],
  },
  '/v1/entries/explain': {
    selectors: [EVIL],
    entitled: [EVIL],
    nearest: [{ spiffeId: EVIL, origin: EVIL, lacked: [EVIL] }],
  },
  '/v1/authorities': {
    trustDomain: EVIL,
    x509Authorities: [
      { id: EVIL, slot: EVIL, notBefore: EVIL, notAfter: EVIL, unexpiredSvids: 0, unacknowledged: [{ doneBy: null }] },
    ],
    jwtAuthorities: [],
  },
  '/v1/decisions/abc': {
    record: {
      id: EVIL,
      at: EVIL,
      decision: 'deny',
      reason: EVIL,
      policy: EVIL,
      rule: 0,
      source: { principal: EVIL, address: EVIL },
      request: { protocol: 'http', method: EVIL, host: EVIL, path: EVIL },
    },
    snapshot: 1,
    inForce: 1,
    before: null,
    now: null,
    notes: [EVIL],
    test: { name: EVIL, request: { http: { headers: { [EVIL]: EVIL } } } },
  },
};

const COMMANDS: readonly (readonly string[])[] = [
  ['ca', 'log'],
  ['ca', 'ledger'],
  ['ca', 'status'],
  ['svid', 'revocations'],
  ['entry', 'list'],
  ['entry', 'explain', '--pid', '1'],
  ['why', 'abc'],
  ['why', 'abc', '--as-test'],
  ['svid', 'revoke', '--serial', 'ab'],
  ['ca', 'rotate', '--timeout', '1s'],
];

describe('what a server tells of outside texts', () => {
  let dir: TempDir;
  const server = createServer((request, response) => {
    const answer = answers[request.url?.split('?')[0] ?? ''];
    const isAsked = request.method === 'GET' && answer !== undefined;
    response.writeHead(isAsked ? 200 : 409, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isAsked ? answer : { code: 'internal', message: EVIL, details: { [EVIL]: EVIL } }));
  });

  before(async () => {
    dir = await tempDir('gh-');
    await new Promise<void>((resolve) => server.listen(dir.at('admin.sock'), resolve));
  });
  after(async () => {
    server.close();
    await dir[Symbol.asyncDispose]();
  });

  for (const command of COMMANDS) {
    for (const output of ['table', 'json']) {
      it(`${command.join(' ')} shows and does not obey, as ${output}`, async () => {
        const run = await commandLine(...command, '--admin', `unix:${dir.at('admin.sock')}`, '--output', output);
        const said = run.out + run.err;
        assert.match(said, /FORGED|x\\u001b/);
        assert.match(said, /^[\x20-\x7e\n]*$/);
        assert.doesNotMatch(said, /^FORGED/m);
      });
    }
  }
});

describe('names and texts of files', () => {
  it('are shown and not obeyed by policy check and lint, nor by config check', async () => {
    await using dir = await tempDir('gh-');
    await mkdir(dir.at('p'));
    const policy = `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: { name: a, namespace: b }\nspec: { rules: [{ when: [{ key: ${JSON.stringify(EVIL)}, values: [x] }] }] }\n`;
    await writeFile(dir.at(`p/${EVIL.replaceAll('/', '')}.yaml`), policy);
    await writeFile(
      dir.at('gatehouse.yaml'),
      `trustDomain: cluster.local\n${JSON.stringify(EVIL)}: 1\nlog: { level: ${JSON.stringify(EVIL)} }\n`,
    );
    const config = dir.at('gatehouse.yaml');
    for (const command of [
      ['policy', 'check', dir.at('p')],
      ['policy', 'lint', dir.at('p')],
      ['config', 'check', '--config', config],
      ['config', 'print', '--config', config],
      ['policy', 'check', dir.at(EVIL)],
      ['backup', EVIL, '--admin', EVIL],
    ]) {
      const { out, err } = await commandLine(...command);
      assert.match(out + err, /FORGED/, `${command.join(' ')}: ${out}${err}`);
      assert.match(out + err, /^[\x20-\x7e\n]*$/, `${command.join(' ')}: ${out}${err}`);
      assert.doesNotMatch(out + err, /^FORGED/m, `${command.join(' ')}: ${out}${err}`);
    }
  });
});
