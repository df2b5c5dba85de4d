import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { runCommandLine } from '../../../../src/cli/program.ts';
import { recordingTerminal } from '../../../support/recording-terminal.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

const pod = (name: string, address: string): string => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: { app: ${name} } }
spec: { serviceAccountName: ${name}, containers: [{ name: main, image: x }] }
status: { podIP: ${address}, podIPs: [{ ip: ${address} }] }
---
`;
const registry = `${pod('web', '10.0.0.1')}${pod('api', '10.0.0.2')}`;
const policy = (methods: string, owner = 'shop-team'): string => `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: api, namespace: shop, annotations: { gatehouse.dev/owner: ${owner} } }
spec:
  selector: { matchLabels: { app: api } }
  rules:
  - from: [{ source: { principals: [cluster.local/ns/shop/sa/web] } }]
    to: [{ operation: { methods: [${methods}] } }]
`;

describe('policy diff', () => {
  let dir: TempDir;
  beforeEach(async () => {
    dir = await tempDir();
  });
  afterEach(() => dir[Symbol.asyncDispose]());

  function write(name: string, policies: string): string {
    const place = `${dir.path}/${name}`;
    mkdirSync(place, { recursive: true });
    writeFileSync(`${place}/policies.yaml`, policies);
    writeFileSync(`${place}/registry.yaml`, registry);
    writeFileSync(
      `${place}/gatehouse.yaml`,
      '{"trustDomain":"cluster.local","policies":{"paths":["policies.yaml"]},"registry":{"paths":["registry.yaml"]}}',
    );
    return place;
  }

  async function diff(...words: string[]) {
    const terminal = recordingTerminal();
    await runCommandLine(['policy', 'diff', ...words], terminal);
    return terminal.said;
  }

  it('says nothing of what means the same', async () => {
    const { out, code } = await diff(
      write('a', policy('GET, HEAD')),
      write('b', policy('HEAD, GET')),
      '--output',
      'json',
    );
    assert.equal(code, 0);
    const { equal, added, removed } = JSON.parse(out);
    assert.deepEqual([equal, added, removed], [true, [], []]);
  });

  it('says what is newly allowed and newly denied, each with a witness that both sides decided, and the mirror of it', async () => {
    const [a, b] = [write('a', policy('GET, HEAD')), write('b', policy('GET, POST'))];
    const { out, code } = await diff(a, b, '--output', 'json');
    assert.equal(code, 1);
    const { equal, onlyAdds, added, removed } = JSON.parse(out);
    assert.deepEqual([equal, onlyAdds, added.length, removed.length], [false, false, 1, 1]);
    assert.deepEqual(added[0].region, [{ mtls: true, kinds: ['http'], methods: ['POST'] }]);
    assert.equal(added[0].witness.http.method, 'POST');
    assert.deepEqual([added[0].old.decision, added[0].new.decision], ['deny', 'allow']);
    assert.deepEqual(removed[0].region, [{ mtls: true, kinds: ['http'], methods: ['HEAD'] }]);
    const mirror = JSON.parse((await diff(b, a, '--output', 'json')).out);
    assert.deepEqual(
      mirror.added.map((each: { region: unknown }) => each.region),
      [removed[0].region],
    );
    assert.deepEqual(
      mirror.removed.map((each: { region: unknown }) => each.region),
      [added[0].region],
    );
  });

  it('ends with 1 for what --fail-on names alone', async () => {
    const [a, b] = [write('a', policy('GET')), write('b', policy('GET, POST'))];
    assert.equal((await diff(a, b, '--fail-on', 'removed')).code, 0);
    assert.equal((await diff(a, b, '--fail-on', 'added')).code, 1);
    assert.match(
      (await diff(a, b, '--output', 'markdown')).out,
      /\| added \| shop\/web \| shop\/api \| POST, with mTLS \|/,
    );
  });

  it('writes witnesses as policy tests', async () => {
    const [a, b] = [write('a', policy('GET')), write('b', policy('GET, POST'))];
    await diff(a, b, '--witnesses', `${dir.path}/tests`);
    const { tests, config } = JSON.parse(readFileSync(`${dir.path}/tests/witnesses.yaml`, 'utf8'));
    assert.equal(config, '../b/gatehouse.yaml');
    const terminal = recordingTerminal();
    await runCommandLine(['policy', 'test', `${dir.path}/tests/witnesses.yaml`], terminal);
    assert.equal(terminal.said.code, 0, terminal.said.out + terminal.said.err);
    assert.deepEqual([tests.length, tests[0].expect.decision, tests[0].request.http.method], [1, 'allow', 'POST']);
  });

  it('compares with what git has, and names its files so', async () => {
    const place = write('repository', policy('GET'));
    const git = (...words: string[]) => execFileSync('git', ['-C', place, ...words], { stdio: 'pipe' });
    git('init', '-q');
    git('add', '.');
    git('-c', 'user.name=a', '-c', 'user.email=a@example.com', 'commit', '-qm', 'one');
    writeFileSync(`${place}/policies.yaml`, policy('POST'));
    const before = process.cwd();
    process.chdir(place);
    try {
      const { out } = await diff('git:HEAD:gatehouse.yaml', 'gatehouse.yaml', '--output', 'json');
      const { removed } = JSON.parse(out);
      assert.equal(removed[0].rules[0].file, 'git:HEAD:policies.yaml');
    } finally {
      process.chdir(before);
    }
  });

  it('says nothing where one of two trees is broken', async () => {
    const { out, err, code } = await diff(
      write('a', policy('GET')),
      write('b', `${policy('GET')}  bad: [`),
      '--output',
      'json',
    );
    assert.deepEqual([out, code], ['', 2]);
    assert.match(err, /b\/policies.yaml/);
  });
});
