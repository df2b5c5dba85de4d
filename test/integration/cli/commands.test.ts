import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { create, toBinary } from '@bufbuild/protobuf';
import { CheckRequestSchema } from '../../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';
import { asUser } from '../../support/as-user.ts';
import { question } from '../../support/check-client.ts';
import { startChild } from '../../support/child.ts';
import { type GatehouseDir, gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { openssl } from '../../support/openssl.ts';
import { gatehouseCommand, type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';

const details = 'spiffe://cluster.local/ns/default/sa/details';
const uid = process.geteuid?.() ?? -1;

interface Ran {
  readonly code: number | string;
  readonly out: string;
  readonly err: string;
}

async function ran([program, args]: readonly [string, readonly string[]]): Promise<Ran> {
  await using child = startChild(program, args);
  const code = await child.ended;
  return { code, out: child.stdout(), err: child.stderr() };
}
const run = (...args: readonly string[]): Promise<Ran> => ran(gatehouseCommand(...args));
const json = async (...args: readonly string[]): Promise<{ code: number | string; is: Record<string, unknown> }> => {
  const { code, out, err } = await run(...args, '--output', 'json');
  assert.notEqual(out, '', err);
  return { code, is: JSON.parse(out) as Record<string, unknown> }; // one document, or this throws
};

describe('commands that ask a running server', function () {
  this.timeout(300_000);
  let dir: GatehouseDir;
  let server: RunningGatehouse;

  before(async () => {
    dir = await gatehouseDir({
      listen: usualListeners,
      entries: [
        { spiffeId: details, selectors: [`unix:uid:${uid}`], x509SvidTtl: '6s' },
        { spiffeId: 'spiffe://cluster.local/printer', selectors: ['unix:uid:4242', 'unix:path:/usr/bin/printer'] },
      ],
      workloads: [{ namespace: 'default', serviceAccount: 'reviews', socket: { path: './run/reviews.sock' } }],
    });
    server = await runGatehouse(dir.config);
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await dir[Symbol.asyncDispose]();
  });

  it('svid fetch: shows who we are, in a table and as JSON, the key only when asked', async () => {
    const table = await run('svid', 'fetch', '--config', dir.config);
    assert.deepEqual([table.code, table.out.split('\n')[1]?.split(/ +/)[0]], [0, details]);
    const { is } = await json('svid', 'fetch', '--config', dir.config);
    const [svid] = is['svids'] as Record<string, string>[];
    assert.deepEqual(Object.keys(svid ?? {}), ['spiffeId', 'hint', 'expiresAt', 'chainPem', 'bundlePem']);
    assert.deepEqual(is['federatedBundles'], {});
    const shown = await json('svid', 'fetch', '--config', dir.config, '--show-key');
    assert.match((shown.is['svids'] as Record<string, string>[])[0]?.['keyPem'] ?? '', /^-----BEGIN PRIVATE KEY-----/);
  });

  it('svid fetch --write: leaves files that openssl is content with, the key for us alone', async () => {
    const at = (name: string): string => dir.at(`written/${name}`);
    assert.equal((await run('svid', 'fetch', '--config', dir.config, '--write', dir.at('written'))).code, 0);
    assert.equal(statSync(at('key.pem')).mode & 0o777, 0o600);
    const verified = openssl(['verify', '-x509_strict', '-CAfile', at('bundle.pem'), at('svid.pem')]);
    assert.ok(verified.ok, verified.text);
    const ofKey = openssl(['pkey', '-in', at('key.pem'), '-pubout']).text;
    assert.equal(openssl(['x509', '-in', at('svid.pem'), '-noout', '-pubkey']).text, ofKey);
    assert.equal((await run('svid', 'fetch', '--config', dir.config, '--write', '/dev/null/nowhere')).code, 2);
  });

  it('svid fetch: exit code 1 for who is entitled to nothing, and only his own selectors', async () => {
    const [program, args] = gatehouseCommand('svid', 'fetch', '--socket', server.ready.workloadApi, '--output', 'json');
    const { code, out, err } = await ran(asUser(65_534, 65_534, [program, ...args]));
    assert.deepEqual([code, out], [1, '']);
    const error = JSON.parse(err.split('\n', 1)[0] ?? '') as { code: string; message: string };
    assert.equal(error.code, 'not_entitled');
    assert.match(error.message, /unix:uid:65534/);
    assert.doesNotMatch(error.message, /4242|printer|details/);
  });

  it('svid watch --exec: runs the command after each renewal, with the new files in place, though one run fails', async () => {
    const [out, log] = [dir.at('watched'), dir.at('exec.log')];
    const command = `openssl x509 -in ${out}/svid.pem -noout -serial >> ${log}; echo $GATEHOUSE_SPIFFE_ID >> ${log}; exit 3`;
    const watched = await run(
      'svid',
      'watch',
      '--config',
      dir.config,
      '--write',
      out,
      '--exec',
      command,
      '--count',
      '2',
      '--output',
      'json',
    );
    assert.equal(watched.code, 0);
    assert.equal(
      watched.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown).length,
      2,
    );
    assert.match(watched.err, /the command of --exec failed: exit code 3/);
    const [first, id, second] = readFileSync(log, 'utf8').split('\n');
    assert.match(first ?? '', /^serial=/);
    assert.notEqual(second, first);
    assert.equal(id, details);
  });

  it('svid watch: waits for a server that is not there yet', async () => {
    await using late = await gatehouseDir({
      listen: usualListeners,
      entries: [{ spiffeId: details, selectors: [`unix:uid:${uid}`] }],
    });
    await mkdir(late.at('run'));
    await using watch = startChild(...gatehouseCommand('svid', 'watch', '--config', late.config, '--count', '1'));
    await using _server = await runGatehouse(late.config);
    assert.equal(await watch.ended, 0, watch.stderr());
    assert.match(watch.stdout(), /sa\/details until /);
  });

  it('entry list: names what is no service account, and where each entry is written', async () => {
    const { is } = await json('entry', 'list', '--config', dir.config);
    const entries = is['entries'] as { spiffeId: string; isServiceAccount: boolean; origin: string }[];
    assert.deepEqual(
      entries.map(({ isServiceAccount }) => isServiceAccount),
      [true, false, true],
    );
    assert.match(entries[1]?.origin ?? '', /gatehouse\.yaml:\d+$/);
    assert.match((await run('entry', 'list', '--config', dir.config)).out, /printer.*no service account/);
  });

  it('entry explain: exit code 0 for who is entitled, 1 for who is not, with what he lacks', async () => {
    const own = await json('entry', 'explain', '--pid', String(process.pid), '--config', dir.config);
    assert.deepEqual([own.code, own.is['entitled']], [0, [details]]);
    const lacked = (own.is['nearest'] as { spiffeId: string; lacked: string[] }[]).find(({ spiffeId }) =>
      spiffeId.endsWith('/printer'),
    );
    assert.deepEqual(lacked?.lacked, ['unix:uid:4242', 'unix:path:/usr/bin/printer']);
    const socket = await json('entry', 'explain', '--socket', dir.at('run/reviews.sock'), '--config', dir.config);
    assert.deepEqual([socket.code, socket.is['entitled']], [0, ['spiffe://cluster.local/ns/default/sa/reviews']]);
    const [program, args] = asUser(65_534, 65_534, ['sleep', '60']);
    await using stranger = startChild(program, args);
    const other = await json('entry', 'explain', '--pid', String(stranger.pid), '--config', dir.config);
    assert.deepEqual([other.code, other.is['entitled']], [1, []]);
    assert.equal((await run('entry', 'explain', '--pid', '4194305', '--config', dir.config)).code, 2);
  });

  it('ca status: one X.509 and one JWT authority, active', async () => {
    const { is } = await json('ca', 'status', '--config', dir.config);
    assert.equal(is['trustDomain'], 'cluster.local');
    for (const use of ['x509Authorities', 'jwtAuthorities']) {
      assert.deepEqual(
        (is[use] as { slot: string }[]).map(({ slot }) => slot),
        ['active'],
      );
    }
    assert.match((await run('ca', 'status', '--config', dir.config)).out, /^trust domain cluster\.local\nUSE +SLOT/);
  });
});

describe('commands that need no server', function () {
  this.timeout(300_000);

  it('policy check: exit code 0 for good, 1 for an error with its place, 2 for a path that is not there', async () => {
    await using dir = await gatehouseDir();
    assert.equal((await run('policy', 'check', dir.at('policies'))).code, 0);
    await dir.policy(
      'broken',
      'apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: { name: b, namespace: x }\nspec: { rulez: [], action: PERMIT }\n',
    );
    const { code, is } = await json('policy', 'check', dir.at('policies'));
    assert.deepEqual([code, is['ok']], [1, false]);
    const findings = is['findings'] as Record<string, unknown>[];
    assert.ok(findings.length >= 2, 'all findings, not the first');
    for (const finding of findings) {
      assert.deepEqual(Object.keys(finding), ['file', 'line', 'column', 'severity', 'code', 'path', 'message', 'fix']);
      assert.deepEqual([finding['file'], finding['line']], [dir.at('policies/broken.yaml'), 4]);
    }
    assert.match(JSON.stringify(findings), /rulez.*did you mean rules/);
    assert.equal((await run('policy', 'check', dir.at('nowhere'))).code, 2);
  });

  it('policy explain: exit code 0 allow, 1 deny, 2 for what is no request, from JSON and from a CheckRequest', async () => {
    await using dir = await gatehouseDir();
    const explain = async (text: string | Uint8Array, ...flags: readonly string[]) => {
      await writeFile(dir.at('request'), text);
      return run(
        'policy',
        'explain',
        '--config',
        dir.config,
        '--request',
        dir.at('request'),
        '--output',
        'json',
        ...flags,
      );
    };
    const asking = (method: string): string =>
      JSON.stringify({
        source: { principal: 'spiffe://cluster.local/ns/default/sa/productpage' },
        destination: { principal: details },
        http: { method, path: '/details/1', host: 'details' },
      });
    const allowed = await explain(asking('GET'));
    assert.equal(allowed.code, 0, allowed.err);
    const { decision, reason, policy, rule } = JSON.parse(allowed.out) as Record<string, unknown>;
    assert.deepEqual([decision, reason, policy, rule], ['allow', 'rule_allowed', 'default/details-viewer', 0]);
    assert.equal((await explain(asking('POST'))).code, 1);
    const bytes = toBinary(CheckRequestSchema, create(CheckRequestSchema, question('GET')));
    const good = await explain(bytes, '--check-request');
    assert.equal(good.code, 0);
    assert.doesNotMatch(good.err, /no Envoy would send/);
    const nowhere = create(CheckRequestSchema, {
      attributes: { source: { address: { address: { case: undefined } } } },
    });
    const odd = await explain(toBinary(CheckRequestSchema, nowhere), '--check-request');
    assert.match(
      odd.err,
      /no Envoy would send this CheckRequest: attributes\.source\.address\.address: one of its fields/,
    );
    const broken = await explain('{ "source": ');
    assert.deepEqual([broken.code, broken.out], [2, '']);
    assert.equal((await explain('{ "sauce": {} }')).code, 2);
  });

  it('config print: every default, a password in the store masked; config check: all problems with their places', async () => {
    await using dir = await gatehouseDir({
      store: 'postgres://gatehouse:sesame@db.example/gatehouse',
      authority: { keyEncryptionKeyFile: './kek' },
    });
    const { is } = await json('config', 'print', '--config', dir.config);
    assert.equal(is['store'], 'postgres://gatehouse:…@db.example/gatehouse');
    assert.deepEqual(is['roles'], ['authority', 'decider']);
    assert.doesNotMatch((await run('config', 'print', '--config', dir.config)).out, /sesame/);
    await writeFile(dir.config, 'trustDomain: Upper\nlisten: { helth: 1 }\n');
    const checked = await json('config', 'check', '--config', dir.config);
    assert.equal(checked.code, 1);
    const findings = checked.is['findings'] as Record<string, unknown>[];
    assert.deepEqual(
      findings.map(({ line, column, path }) => [line, column, path]),
      [
        [1, 14, 'trustDomain'],
        [2, 11, 'listen.helth'],
      ],
    );
    assert.match(String(findings[1]?.['fix']), /did you mean health\?/);
    assert.equal((await run('config', 'check', '--config', dir.at('nowhere.yaml'))).code, 2);
  });
});
