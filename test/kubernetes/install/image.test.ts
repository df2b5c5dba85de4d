import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { programVersion } from '../../../src/lib/version.ts';
import { checkClient } from '../../support/check-client.ts';
import type { Child } from '../../support/child.ts';
import { eventually, GiveUp } from '../../support/eventually.ts';
import { execIn, readIn, startContainer, type UnpackedImage, unpackImage } from '../../support/kubernetes/container.ts';
import { projectRoot, type ReadyLine } from '../../support/run-gatehouse.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

const builder = join(projectRoot, 'deploy/image/build.ts');

const configuration = `
trustDomain: cluster.local
dataDir: /var/lib/gatehouse/data
store: sqlite:/var/lib/gatehouse/data/gatehouse.db
listen:
  workloadApi: unix:/run/gatehouse/workload.sock
  admin: unix:/run/gatehouse/admin.sock
  extAuthz: 127.0.0.1:0
  health: 127.0.0.1:0
policies: { paths: [] }
`;

/** Makes the image with a mask of its own; answers its digest. */
function build(directory: string, umask: string): string {
  const { status, stdout, stderr } = spawnSync(
    'sh',
    ['-c', `umask ${umask}; exec "$@"`, 'sh', process.execPath, builder, directory],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  return stdout.trim();
}

describe('the container image', () => {
  let dir: TempDir;
  let digest: string;
  let unpacked: UnpackedImage;
  before(async function () {
    this.timeout(300_000);
    dir = await tempDir('gh-image-');
    chmodSync(dir.path, 0o755); // whoever the container runs as goes through it
    digest = build(dir.at('one'), '022');
    unpacked = unpackImage(dir.at('one'), programVersion(), dir);
  });
  after(() => dir[Symbol.asyncDispose]());

  it('is the same whoever makes it', function () {
    this.timeout(300_000);
    assert.match(digest, /^sha256:[0-9a-f]{64}$/);
    assert.equal(build(dir.at('two'), '077'), digest);
    assert.equal(readFileSync(dir.at('two/index.json'), 'utf8'), readFileSync(dir.at('one/index.json'), 'utf8'));
  });

  it('names a user who is not root, by number, so that a kubelet can tell', () => {
    assert.match(unpacked.image.User, /^[1-9]\d*:[1-9]\d*$/);
  });

  it('answers a Check with what it holds alone, on a root that cannot be written', async function () {
    this.timeout(300_000);
    const config = dir.at('config');
    await using running = await started(config);
    const { child, ready } = running;
    using client = checkClient(ready.extAuthz!);
    const outcome = await client.ask({ attributes: { request: { http: { method: 'GET', host: 'a', path: '/' } } } });
    assert.ok(outcome.code === 0 && 'reason' in outcome);
    assert.notEqual(outcome.reason, 'internal_error');
    assert.equal(readIn(child, '/var/lib/gatehouse/data/gatehouse.db').subarray(0, 15).toString(), 'SQLite format 3');
    assert.match(readFileSync(`/proc/${child.pid}/maps`, 'utf8'), /koffi\.node/);
    assert.match(readFileSync(`/proc/${child.pid}/status`, 'utf8'), /^Uid:\t65532\t65532\t65532\t65532$/m);
    const status = execIn(
      child,
      unpacked,
      '/usr/local/bin/gatehouse',
      'status',
      '--output',
      'json',
      '--admin',
      'unix:/run/gatehouse/admin.sock',
    );
    assert.equal((JSON.parse(status) as { readonly ready: boolean }).ready, true);
    assert.equal(await child.stop('SIGTERM'), 0);
  });

  async function started(
    config: string,
  ): Promise<AsyncDisposable & { readonly child: Child; readonly ready: ReadyLine }> {
    mkdirSync(config);
    writeFileSync(join(config, 'gatehouse.yaml'), configuration);
    const child = startContainer(unpacked, config, 'serve', '--config', '/etc/gatehouse/gatehouse.yaml');
    const line = await eventually('it is ready', async () => {
      const [first] = child.stdout().split('\n');
      if (first !== undefined && first !== '') return first;
      const ended = await Promise.race([child.ended, Promise.resolve(undefined)]);
      if (ended !== undefined) throw new GiveUp(`it ended (${ended}):\n${child.stderr()}`);
      return undefined;
    });
    return {
      child,
      ready: JSON.parse(line) as ReadyLine,
      [Symbol.asyncDispose]: async () => void (await child.stop('SIGKILL')),
    };
  }
});
