import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Answer, Route } from '../../../src/admin-api/routes.ts';
import { commandLine } from '../../support/command-line.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

/** Clears the screen in two ways, turns the writing round, and begins a row of its own. */
const EVIL = 'x\u001b[2J\u009b2J\u202e\u2028\u200b\r\nFORGED  root  ca revoke';

const AT = '2026-01-31T12:00:00.000Z';

const blocker = {
  ...{ spiffeId: EVIL, serial: EVIL, consumer: EVIL, protocol: EVIL, grade: EVIL },
  ...{ holdsSequence: 1, needsSequence: 2, lastSeenAt: null, doneBy: null },
};

const stage = {
  ...{ plane: EVIL, mode: EVIL, stage: EVIL, decision: EVIL, said: EVIL },
  policies: [
    {
      ...{ policy: EVIL, kind: EVIL, owner: EVIL, file: EVIL, line: 1, mode: EVIL, applies: EVIL },
      rules: [
        {
          ...{ rule: 0, effect: EVIL, line: 1, holds: false },
          clauses: [{ fact: EVIL, values: [EVIL], relation: EVIL, patterns: [EVIL], text: EVIL }],
        },
      ],
    },
  ],
};

const explained: Answer<'POST /v1/explain'> = {
  ...{ decision: 'deny', reason: EVIL, policy: EVIL, rule: 0, summary: EVIL, snapshot: 1, request: null, dryRun: null },
  destination: { spiffeId: EVIL, namespace: EVIL, labels: { [EVIL]: EVIL }, foundBy: EVIL },
  planes: [{ plane: EVIL, mode: EVIL, decision: 'deny', reason: EVIL, policy: EVIL, rule: 0 }],
  stages: [stage],
  nearMisses: [],
  flip: {},
};

/** Answers in which every text is the evil one. */
const told: { readonly [R in Route]?: Answer<R> } = {
  'GET /v1/audit': {
    rows: [{ at: AT, who: EVIL, role: '', verb: EVIL, use: EVIL, authorityId: EVIL, reason: EVIL, result: EVIL }],
  },
  'GET /v1/envoys': {
    envoys: [
      {
        ...{ connection: EVIL, spiffeId: EVIL, node: EVIL, version: EVIL, tried: true, state: 'refused', reported: 0 },
        configs: [
          {
            ...{ resource: EVIL, state: 'refused', version: EVIL, sentVersion: EVIL, sentAt: AT, asks: '' },
            refused: { version: EVIL, words: EVIL, at: AT },
          },
        ],
      },
    ],
  },
  'GET /v1/ledger': {
    rows: [
      {
        ...{ issuedAt: AT, kind: EVIL, spiffeId: EVIL, serial: EVIL, authorityId: EVIL, notBefore: AT, notAfter: AT },
        ...{ selectors: [EVIL], spkiSha256: EVIL, channel: EVIL, consumer: EVIL, bundleSequence: 1 },
      },
    ],
    next: EVIL,
  },
  'GET /v1/revocations': {
    sequence: 1,
    rows: [{ kind: EVIL, value: EVIL, authorityId: EVIL, reason: EVIL, revokedAt: AT, keptUntil: AT }],
  },
  'GET /v1/entries': {
    entries: [
      {
        ...{ spiffeId: EVIL, selectors: [EVIL], x509SvidTtl: EVIL, dnsNames: [EVIL], hint: EVIL, origin: EVIL },
        ...{ isServiceAccount: false, isRevoked: false },
      },
    ],
  },
  'GET /v1/entries/explain': {
    selectors: [EVIL],
    entitled: [EVIL],
    revoked: [EVIL],
    nearest: [{ spiffeId: EVIL, origin: EVIL, held: [EVIL], lacked: [EVIL] }],
  },
  'GET /v1/authorities': {
    trustDomain: EVIL,
    sequence: 1,
    x509Authorities: [
      {
        ...{
          id: EVIL,
          use: EVIL,
          slot: EVIL,
          notBefore: AT,
          notAfter: AT,
          subjectKeyId: EVIL,
          keyPlace: EVIL,
          publishedSequence: 1,
        },
        ...{
          unexpiredSvids: 0,
          podCertificatesUntil: null,
          unacknowledged: [blocker],
          unacknowledgedCount: 1,
          unacknowledgedNotByWaiting: 1,
        },
      },
    ],
    jwtAuthorities: [],
  },
  'GET /v1/decisions/{id}': {
    record: {
      ...{ id: EVIL, at: AT, decision: 'deny', reason: EVIL, policy: EVIL, rule: 0, snapshot: 1 },
      source: { principal: EVIL, address: EVIL, port: 1 },
      request: { protocol: 'http', method: EVIL, host: EVIL, path: EVIL },
    },
    snapshot: 1,
    inForce: 1,
    before: explained,
    now: explained,
    reproduced: true,
    notes: [EVIL],
    test: { name: EVIL, request: { http: { headers: { [EVIL]: EVIL } } } },
  },
  'POST /v1/explain': explained,
};

/** By method and path. */
const answers = new Map(Object.entries(told).map(([route, answer]) => [route.replace('{id}', 'abc'), answer]));

const COMMANDS: readonly (readonly string[])[] = [
  ['ca', 'log'],
  ['ca', 'ledger'],
  ['ca', 'status'],
  ['svid', 'revocations'],
  ['envoy', 'status'],
  ['entry', 'list'],
  ['entry', 'explain', '--pid', '1'],
  ['why', 'abc'],
  ['why', 'abc', '--as-test'],
  ['svid', 'revoke', '--serial', 'ab'],
  ['ca', 'rotate', '--timeout', '1s'],
  ['policy', 'explain', 'default/a', 'default/b'],
];

describe('what a server tells of outside texts', () => {
  let dir: TempDir;
  const server = createServer((request, response) => {
    const answer = answers.get(`${request.method} ${request.url?.split('?')[0]}`);
    response.writeHead(answer === undefined ? 409 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? { code: 'internal', message: EVIL, details: { [EVIL]: EVIL } }));
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
