import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { bundleToJwks } from '../../../src/spiffe/bundle-jwks.ts';
import { checkClient, question } from '../../support/check-client.ts';
import { startChild } from '../../support/child.ts';
import { allCommands } from '../../support/command-line.ts';
import { type DocumentedCommand, documentedCommands } from '../../support/documented-commands.ts';
import { eventually } from '../../support/eventually.ts';
import { foreignBundle } from '../../support/foreign-bundle.ts';
import { allowing, type GatehouseDir, gatehouseDir } from '../../support/gatehouse-dir.ts';
import { type InstalledProgram, installedProgram } from '../../support/installed-program.ts';
import { programCommand, projectRoot, type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';

const details = 'spiffe://cluster.local/ns/default/sa/details';

/** What a document cannot know, by what it shows in its place. */
interface World {
  readonly dir: GatehouseDir;
  readonly server: RunningGatehouse;
  readonly decision: string;
  readonly envoy: string;
}

/** A server of the built program that has issued and decided, in a directory with all files that documents speak of. */
async function makeWorld(dir: GatehouseDir, main: string): Promise<Omit<World, 'envoy'>> {
  const own = { spiffeId: details, selectors: [`unix:uid:${process.getuid!()}`] };
  const reviews = { spiffeId: 'spiffe://cluster.local/ns/default/sa/reviews', selectors: ['unix:uid:4242'] };
  const keyFile = dir.at('key');
  writeFileSync(keyFile, Buffer.alloc(32, 7).toString('base64'), { mode: 0o600 });
  await dir.configure({
    entries: [own, reviews],
    authority: { keyEncryptionKeyFile: './key' },
    policies: { candidate: { paths: ['./candidate'] } },
    registry: { paths: ['./registry'] },
    tenants: { red: { namespaces: ['default'] } },
  });
  for (const name of ['registry', 'tests', 'deploy/policies']) mkdirSync(dir.at(name), { recursive: true });
  for (const name of ['policies', 'policies.test.yaml']) {
    cpSync(`${projectRoot}/deploy/${name}`, dir.at(`deploy/${name}`), { recursive: true });
  }
  cpSync(dir.at('deploy/policies.test.yaml'), dir.at('deploy.test.yaml'));
  cpSync(`${projectRoot}/deploy/policies.test.yaml`, dir.at('tests/deploy.yaml'));
  writeFileSync(dir.at('registry/pods.yaml'), pods);
  writeFileSync(dir.at('bundle.json'), bundleToJwks(foreignBundle('other.example')));
  cpSync(dir.at('deploy/policies'), dir.at('tests/policies'), { recursive: true });
  const source = { principal: 'spiffe://cluster.local/ns/default/sa/productpage' };
  const http = { method: 'POST', path: '/details/1', host: 'details' };
  for (const [name, method] of Object.entries({ request: 'POST', read: 'GET' }))
    writeFileSync(
      dir.at(`${name}.json`),
      JSON.stringify({ source, destination: { principal: details }, http: { ...http, method } }),
    );
  cpSync(dir.config, dir.at('changed.yaml'));
  await keepRevision(dir.path);
  writeFileSync(
    dir.at('policies/later.yaml'),
    allowing('HEAD').replace('details-viewer', 'details-prober').replace('sa/productpage', 'sa/reviews'),
  );
  mkdirSync(dir.at('candidate'));
  writeFileSync(dir.at('candidate/details.yaml'), allowing('POST'));
  const server = await runGatehouse(dir.config, main);
  using client = checkClient(server.ready.extAuthz);
  const outcome = await client.ask(question('POST'));
  assert.ok('response' in outcome);
  const said = outcome.response.dynamicMetadata?.['gatehouse'];
  assert.ok(said);
  const log = await eventually('the decision is logged', () =>
    server.log().includes('"message":"decision"') ? server.log() : undefined,
  );
  writeFileSync(dir.at('decisions.log'), log);
  writeFileSync(dir.at('decisions.log.1.gz'), gzipSync(log));
  return { dir, server, decision: (said as { id: string }).id }; // the contract's own shape
}

/** Makes the directory a repository, whose branch and whose copy of it elsewhere have the policies as they are now. */
async function keepRevision(path: string): Promise<void> {
  const git = (...words: string[]) =>
    promisify(execFile)('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...words], { cwd: path });
  await git('init', '-q', '-b', 'main');
  await git('add', 'gatehouse.yaml', 'policies', 'registry');
  await git('commit', '-q', '-m', 'Policies');
  await git('update-ref', 'refs/remotes/origin/main', 'HEAD');
}

const pods = ['web', 'api', 'details', 'reviews']
  .map(
    (name, index) => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: default, labels: { app: ${name} } }
spec: { serviceAccountName: ${name}, containers: [{ name: a, image: a, ports: [{ containerPort: 8080 }] }] }
status: { podIP: 10.0.0.${index + 1}, podIPs: [{ ip: 10.0.0.${index + 1} }] }
`,
  )
  .join('---\n');

/** Words of documents, and what stands for them in the world. */
const substitutes: readonly (readonly [shown: RegExp, given: (world: World) => string])[] = [
  [
    /^(?:\/etc\/gatehouse\/|try\/|\.\/)?(gatehouse\.yaml|policies|registry|(?:request|read)\.json)$/,
    ({ dir }) => dir.at('$1'),
  ],
  [/^shop$/, () => 'default'],
  [/^(?:A|default\/web)$/, () => 'default/web'],
  [/^(?:B|default\/api)$/, () => 'default/api'],
  [/^(?:ID|DECISION_ID|u8q\S*|[A-Za-z0-9_-]{11}0{5}\S{6})$/, ({ decision }) => decision],
  [/^(?:N|\$\(pgrep .*\))$/, () => String(process.pid)],
  [/^http:\/\/127\.0\.0\.1:9901$/, ({ envoy }) => envoy],
  [/^unix:.*\/admin\.sock$/, ({ dir }) => `unix:${dir.at('run/admin.sock')}`],
  [/^unix:.*\.sock$/, ({ dir }) => `unix:${dir.at('run/workload.sock')}`],
  [/^\/run\/(?:[a-z]+\/)*[a-z]+$/, ({ dir }) => dir.at('svid')],
  [/^(?:tests\.yaml|tests\/details\.yaml)$/, ({ dir }) => dir.at('written.yaml')],
  [/^tests\/\*\.yaml$/, ({ dir }) => dir.at('tests/deploy.yaml')],
  [/^(?:FILE|.*\.ghbk)$/, ({ dir }) => dir.at('file')],
  [/^join\.json$/, ({ dir }) => dir.at(`join-${randomUUID()}.json`)],
  [/^HOST:PORT$/, () => '127.0.0.1:9191'],
  [/TRUST-DOMAIN/, () => 'cluster.local'],
  [/^(?:SERIAL|AUTHORITY)$/, () => 'ab'],
  [/^PATH…$/, ({ dir }) => dir.at('policies')],
  [/^nginx -s reload$/, () => 'true'],
  [/^promotion\.patch$/, ({ dir }) => dir.at('promotion.patch')],
];

/** What a command needs so that it ends, or finds this world, where the document leaves it out. */
const additions: readonly (readonly [begin: string, words: (world: World) => readonly string[]])[] = [
  ['svid watch', () => ['--count', '1']],
  ['decisions -f', () => ['--count', '1']],
  ['ca rotate', () => ['--timeout', '1ms']],
  ['envoy bootstrap', () => ['--workload', 'default/details', '--listen', '127.0.0.1:1', '--upstream', '127.0.0.1:2']],
];

/** Where 2 (it could not be said) is the right end here, and how it says so. */
const cannotSay: readonly (readonly [begin: string, why: RegExp])[] = [
  ['ca status --admin https:', /unreachable|ENOTFOUND|EAI_AGAIN|not answer/],
  ['serve', /another process|lock|in use/i],
  ['restore', /store|backup|no such file/i],
  ['bundle show other.example', /there is no bundle/],
  ['bundle delete other.example', /there is no bundle/],
  ['bundle set other.example --accept-lower', /none of its endpoint is kept out/],
  ['kubernetes check', /config_invalid|unreachable|cluster|kubeconfig/i],
];

describe('every documented command, by the built program', function () {
  this.timeout(600_000);
  let program: InstalledProgram;
  let dir: GatehouseDir;
  let world: World;
  const envoy = createServer(({ url }, response) => {
    response.end(JSON.stringify(url === '/server_info' ? { version: 'a/1.40.0/Clean' } : { configs: [] }));
  });

  before(async () => {
    [program, dir] = await Promise.all([installedProgram(), gatehouseDir()]);
    await new Promise<void>((resolve) => envoy.listen(0, '127.0.0.1', resolve));
    const { port } = envoy.address() as AddressInfo; // it listens on TCP
    world = { ...(await makeWorld(dir, program.main)), envoy: `http://127.0.0.1:${port}` };
  });
  after(async () => {
    await world?.server[Symbol.asyncDispose]();
    envoy.close();
    await Promise.all([program?.[Symbol.asyncDispose](), dir?.[Symbol.asyncDispose]()]);
  });

  async function run(words: readonly string[]) {
    await using child = startChild(
      ...programCommand(program.main, ...words),
      { ...process.env, HOME: dir.path },
      dir.path,
    );
    if (words[0] === 'console') child.onLine(() => void child.stop('SIGTERM')); // it serves until then
    const code = await child.ended;
    return { code, out: child.stdout(), err: child.stderr() };
  }

  const check = async (where: string, words: readonly string[]): Promise<string | undefined> => {
    const { code, out, err } = await run(words);
    const line = words.join(' ');
    const why = cannotSay.find(([begin]) => line.startsWith(begin))?.[1];
    const isRight = code === 0 || code === 1 || (code === 2 && why?.test(err) === true);
    if (isRight && (code === 2 || out !== '' || err !== '' || words.includes('--write'))) return undefined;
    return `${where}: ${line}\n  ended with ${code}: ${err || out}`;
  };

  it('is shown at all', async () => {
    const names = new Set((await documentedCommands()).map(({ words }) => words.slice(0, 2).join(' ')));
    const missing = (await allCommands())
      .map((words) => words.join(' '))
      .filter((name) => ![...names].some((each) => each.startsWith(name)));
    assert.deepEqual(missing, []);
  });

  it('runs as it is shown', async () => {
    const faults: string[] = [];
    for (const documented of await documentedCommands()) {
      const fault = await check(documented.where, asRun(documented, world));
      if (fault !== undefined) faults.push(fault);
    }
    assert.equal(faults.join('\n'), '');
  });

  it('runs with the other output, too', async () => {
    const faults: string[] = [];
    const seen = new Set<string>();
    for (const documented of await documentedCommands()) {
      const { where } = documented;
      const filled = asRun(documented, world);
      if (filled.includes('--help') || filled[0] === 'serve' || seen.has(filled.join(' '))) continue;
      seen.add(filled.join(' '));
      const fault = await check(
        where,
        filled.includes('json') ? [...filled, '--output', 'table'] : [...filled, '--output', 'json'],
      );
      if (fault !== undefined) faults.push(fault);
    }
    assert.equal(faults.join('\n'), '');
  });
});

/** A documented line as it is run here; what is only a name, or has `…` in it, is asked for its help. */
function asRun({ words, isInline }: DocumentedCommand, world: World): readonly string[] {
  const filled = words.map((word, index) => {
    if (words[index - 1] === '--config') return world.dir.config;
    for (const [shown, given] of substitutes) if (shown.test(word)) return word.replace(shown, given(world));
    return word.replace('$PWD', world.dir.path);
  });
  const isName =
    isInline && (filled.some((word) => word.includes('…')) || filled.every((word) => /^[a-z-]+$/.test(word)));
  const begin = filled.join(' ');
  const end = filled.findIndex((word) => !/^[a-z][a-z-]*$/.test(word));
  if (isName) return [...filled.slice(0, end < 0 ? undefined : end), '--help'];
  const missing = additions.find(([name]) => begin.startsWith(name))?.[1](world) ?? [];
  const added = missing[0] !== undefined && filled.includes(missing[0]) ? [] : missing;
  return [...filled, ...added];
}
