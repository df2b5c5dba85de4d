import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { RequestForm } from '../../../../src/admin-api/request-form.ts';
import { configOf } from '../../../../src/cli/policy/explain/asked.ts';
import { runCommandLine } from '../../../../src/cli/program.ts';
import { offlineState } from '../../../../src/server/explain/explain-offline.ts';
import { loggedCheck } from '../../../support/logged-check.ts';
import { recordingTerminal } from '../../../support/recording-terminal.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

const policy = (methods: string, more = ''): string => `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: api, namespace: shop }
spec:
  rules:
  - from: [{ source: { principals: [cluster.local/ns/shop/sa/web] } }]
    to: [{ operation: { methods: [${methods}] } }]
${more}`;
const headerRule = '    when: [{ key: "request.headers[x-team]", values: [red] }]\n';

const asked = (method: string, headers: Record<string, string> = {}): RequestForm => ({
  source: { principal: 'spiffe://cluster.local/ns/shop/sa/web', address: '10.0.0.1', port: 4711 },
  destination: { principal: 'spiffe://cluster.local/ns/shop/sa/api', address: '10.0.0.2', port: 8080 },
  http: { method, path: '/a?token=secret', host: 'api', headers },
});

describe('policy replay', () => {
  let dir: TempDir;
  beforeEach(async () => {
    dir = await tempDir();
  });
  afterEach(() => dir[Symbol.asyncDispose]());

  function write(name: string, policies: string): string {
    mkdirSync(dir.at(name), { recursive: true });
    writeFileSync(dir.at(`${name}/policies.yaml`), policies);
    return dir.at(name);
  }

  /** What a server with these policies logs of these requests. */
  async function logOf(policies: string, requests: readonly RequestForm[], shown?: 'hashes' | 'values' | 'none') {
    const { model } = await offlineState(await configOf({ policies: [policies] }));
    const ask = loggedCheck({ model, ...(shown && { shown }) });
    return requests.map((request) => ask(request).line);
  }

  async function replay(...words: string[]) {
    const terminal = recordingTerminal();
    await runCommandLine(['policy', 'replay', ...words], terminal);
    return terminal.said;
  }

  async function summaryOf(...words: string[]) {
    const { out, code } = await replay(...words, '--output', 'json');
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    return { code, each: lines.slice(0, -1), summary: lines.at(-1).summary };
  }

  it('says that all is the same, and with what differs what decided then and what decides now, by its place', async () => {
    const [old, fresh] = [write('old', policy('GET, POST')), write('new', policy('GET'))];
    const lines = await logOf(old, [asked('GET'), asked('POST'), asked('POST')]);
    writeFileSync(dir.at('log'), lines.join(''));
    const same = await replay(dir.at('log'), '--with', old);
    assert.equal(same.code, 0, same.err);
    assert.match(same.out, /^3 decisions from \S+ to \S+: 3 the same, 0 differ, 0 cannot be said \(0%\)\n$/);
    const { code, each, summary } = await summaryOf(dir.at('log'), '--with', fresh);
    assert.equal(code, 1);
    assert.deepEqual([summary.same, summary.differs, summary.groups.length, summary.groups[0].count], [1, 2, 1, 2]);
    assert.deepEqual(each[0].was, {
      ...{ decision: 'allow', reason: 'rule_allowed', plane: 'istio', stage: 'ALLOW' },
      ...{ policy: 'shop/api', rule: 0 },
    });
    assert.deepEqual(each[0].now, { decision: 'deny', reason: 'no_rule_allowed', plane: 'istio', stage: 'ALLOW' });
    const back = await summaryOf(dir.at('log'), '--with', old, '--all');
    assert.deepEqual([back.each.length, back.each[0].now.file, back.each[0].now.line], [3, `${old}/policies.yaml`, 6]);
  });

  it('decides requests that are alike as one, but where a policy asks for the port that they came from', async () => {
    const calico = (source: string): string =>
      `apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: { name: api, namespace: shop }\nspec:\n  ingress:\n  - action: Allow\n    protocol: TCP\n${source}`;
    const [old, fresh] = [write('old', calico('')), write('new', calico('    source: { ports: [4711] }\n'))];
    const from = (port: number): RequestForm => {
      const { source, destination, ...rest } = asked('GET');
      return { ...rest, source: { ...source, port }, destination: { ...destination, labels: { app: 'api' } } };
    };
    const lines = await logOf(old, [from(4711), from(4712), from(4711), from(4712)]);
    writeFileSync(dir.at('log'), lines.join(''));
    const { each, summary } = await summaryOf(dir.at('log'), '--with', fresh);
    assert.deepEqual([summary.same, summary.differs], [2, 2]);
    assert.ok(
      each.every(({ planes }) => planes?.length > 0),
      'derived, one as the other',
    );
    const [bare, all] = [write('bare', policy('GET, POST')), write('less', policy('GET'))];
    writeFileSync(
      dir.at('log'),
      (
        await logOf(
          bare,
          [1, 2, 3].map(() => asked('POST')),
        )
      ).join(''),
    );
    const alike = await summaryOf(dir.at('log'), '--with', all);
    assert.equal(alike.summary.differs, 3);
    assert.equal(new Set(alike.each.map(({ planes }) => JSON.stringify(planes))).size, 1);
    assert.ok(alike.each[2]?.planes?.length > 0);
  });

  it('tells policies of a revision by their names there, and reads standard configurations', async () => {
    const place = write('repo', policy('GET'));
    writeFileSync(`${place}/gatehouse.yaml`, '{"trustDomain":"cluster.local","policies":{"paths":["policies.yaml"]}}');
    const git = (...words: string[]) =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...words], { cwd: place });
    git('init', '-q', '-b', 'main');
    git('add', '.');
    git('commit', '-q', '-m', 'a');
    writeFileSync(dir.at('log'), (await logOf(write('none', policy('PUT')), [asked('GET')])).join(''));
    const before = process.cwd();
    process.chdir(place);
    try {
      const { each, code } = await summaryOf(dir.at('log'), '--with', 'git:main:gatehouse.yaml');
      assert.deepEqual([code, each[0].now.file, each[0].now.line], [1, 'git:main:policies.yaml', 6]);
    } finally {
      process.chdir(before);
    }
  });

  it('cannot say where a rule in reach needs a fact that the log lacks, and says where none does', async () => {
    const [old, fresh] = [write('old', policy('GET, POST')), write('new', policy('GET', headerRule))];
    const lines = await logOf(old, [asked('GET', { 'x-team': 'red' }), asked('POST', { 'x-team': 'red' })]);
    writeFileSync(dir.at('log'), lines.join(''));
    const { code, each, summary } = await summaryOf(dir.at('log'), '--with', fresh);
    assert.deepEqual([code, summary.unknown, summary.differs], [2, 1, 1]);
    assert.deepEqual([each[0].result, each[0].lacks, each[1].result], ['unknown', 'header x-team', 'differs']);
    assert.equal((await replay(dir.at('log'), '--with', fresh, '--cannot-say', '50%')).code, 1);
  });

  it('knows headers that policies read as the configuration tells them: their number, their hashes, themselves', async () => {
    const old = write('old', policy('GET', headerRule));
    const blue = write('blue', policy('GET', headerRule.replace('red', 'blue')));
    const prefix = write('prefix', policy('GET', headerRule.replace('red', '"re*"')));
    const requests = [asked('GET', { 'x-team': 'red' }), asked('GET')];
    const cases = [
      {
        shown: undefined,
        want: [
          [1, 0, 1],
          [1, 0, 1],
        ],
      },
      {
        shown: 'hashes',
        want: [
          [1, 1, 0],
          [1, 0, 1],
        ],
      },
      {
        shown: 'values',
        want: [
          [1, 1, 0],
          [2, 0, 0],
        ],
      },
      {
        shown: 'none',
        want: [
          [0, 0, 2],
          [0, 0, 2],
        ],
      },
    ] as const;
    for (const { shown, want } of cases) {
      const lines = await logOf(old, requests, shown);
      assert.equal(lines.join('').includes('red'), shown === 'values');
      writeFileSync(dir.at('log'), lines.join(''));
      const got = [];
      for (const place of [blue, prefix]) {
        const { summary } = await summaryOf(dir.at('log'), '--with', place);
        got.push([summary.same, summary.differs, summary.unknown]);
      }
      assert.deepEqual(got, want, shown);
    }
  });

  it('says what differs also where a rule that did not matter asks for what is not told', async () => {
    const deny = `---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: deny, namespace: shop }
spec:
  action: DENY
  rules:
  - to: [{ operation: { paths: [/a] } }]
  - when: [{ key: remote.ip, values: [192.0.2.0/24] }]
`;
    const [old, fresh] = [write('old', policy('GET')), write('new', policy('GET', deny))];
    writeFileSync(dir.at('log'), (await logOf(old, [asked('GET')], 'none')).join(''));
    const { code, each } = await summaryOf(dir.at('log'), '--with', fresh, '--cannot-say', '100');
    assert.deepEqual([code, each[0].result, each[0].now?.policy, each[0].now?.rule], [1, 'differs', 'shop/deny', 0]);
  });

  it('never tells a secret, whatever the configuration says', async () => {
    const when = (key: string) => `    when: [{ key: "request.headers[${key}]", values: [red] }]\n`;
    for (const name of ['authorization', 'cookie']) {
      const old = write(name, policy('GET', when(name)));
      const [line = ''] = await logOf(old, [asked('GET', { [name]: 'sEcReT' })], 'values');
      assert.doesNotMatch(line, /sEcReT|token=/);
      assert.deepEqual(JSON.parse(line).facts.read, { [`header ${name}`]: null });
    }
  });

  it('counts what is no decision, what is cut, what is newer, what comes in another order, and goes on', async () => {
    const place = write('old', policy('GET'));
    const [first = '', second = '', third = ''] = await logOf(place, [asked('GET'), asked('GET'), asked('POST')]);
    const older = second.replace(/"at":"[^"]*"/, '"at":"2020-01-01T00:00:00.000Z"');
    const log = [
      ...['[2026-11-29 10:00:00.000][1][info][main] starting', '{"method":"GET","response_code":200}', ''],
      ...[`2026-11-29T10:00:00.0Z stderr F ${first.trim()}`, older.trim(), third.trim()],
      third.trim().slice(0, 180),
      third.trim().replace('"schema":2', '"schema":99'),
      'x'.repeat(400_000),
      '{"decision":"allow"}',
    ];
    const wanted = (summary: Record<string, unknown>) => {
      const { lines, foreign, cut, newer, same, differs, outOfOrder } = summary;
      assert.deepEqual(
        { lines, foreign, cut, newer, same, differs, outOfOrder },
        {
          ...{ lines: 10, foreign: 5, cut: 1, newer: 1, same: 3, differs: 0, outOfOrder: 1 },
        },
      );
    };
    for (const [name, bytes] of [
      ['log', log.join('\n')],
      ['log.gz', gzipSync(log.join('\r\n'))],
    ] as const) {
      writeFileSync(dir.at(name), bytes);
      const { code, summary } = await summaryOf(dir.at(name), '--with', place);
      wanted(summary);
      assert.equal(code, 2, 'two of five cannot be said');
    }
    const { code, summary } = await summaryOf(dir.at('log'), dir.at('log.gz'), '--with', place, '--cannot-say', '40');
    assert.deepEqual([code, summary.lines, summary.same], [0, 20, 6]);
  });

  it('reads what there is of gzip that was cut, and says so', async () => {
    const place = write('old', policy('GET'));
    const lines = await logOf(
      place,
      Array.from({ length: 200 }, () => asked('GET')),
    );
    const bytes = gzipSync(lines.join(''));
    writeFileSync(dir.at('log.gz'), bytes.subarray(0, bytes.length - 2_000));
    const { out, err } = await replay(dir.at('log.gz'), '--with', place, '--cannot-say', '100');
    assert.match(err, /log\.gz is gzip that ends too early/);
    assert.match(out, /: \d{2,3} the same/);
  });

  it('cannot say of a log without decisions, of another trust domain, or of what was decided for a fault', async () => {
    const place = write('old', policy('GET'));
    writeFileSync(dir.at('empty'), '');
    const empty = await replay(dir.at('empty'), '--with', place);
    assert.deepEqual([empty.code, empty.out], [2, 'no decision of ours in 0 lines\n']);
    const [line = ''] = await logOf(place, [asked('GET')]);
    const notReady = line.replace('"decision":"allow"', '"decision":"deny"').replace('rule_allowed', 'not_ready');
    writeFileSync(dir.at('log'), line + notReady);
    const { code, summary } = await summaryOf(dir.at('log'), '--with', place, '--trust-domain', 'other.td');
    assert.deepEqual([code, summary.unknown], [2, 2]);
    assert.deepEqual(
      summary.groups.map(({ lacks }: { lacks: string }) => lacks),
      ['policies for that trust domain: they are of another one', 'a decision: it was not_ready'],
    );
  });

  it('refuses files that are not there, directories, policies that are broken, and standard input twice', async () => {
    const place = write('old', policy('GET'));
    writeFileSync(dir.at('log'), '');
    const broken = await replay(dir.at('log'), '--with', write('broken', policy('GET').replace('methods', 'metods')));
    assert.deepEqual([broken.code, broken.out], [2, '']);
    assert.match(broken.err, /broken\/policies\.yaml:7/);
    const twice = await replay('-', '-', '--with', place);
    assert.deepEqual([twice.code, twice.err], [2, 'gatehouse: standard input (-) can be read once: name it once\n']);
    for (const [name, why] of [
      ['nothing', /nothing does not exist/],
      ['old', /old is a directory/],
    ] as const) {
      const { code, err } = await replay(dir.at(name), '--with', place);
      assert.equal(code, 2);
      assert.match(err, why);
    }
  });
});
