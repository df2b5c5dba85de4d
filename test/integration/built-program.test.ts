import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkClient, question } from '../support/check-client.ts';
import { startChild } from '../support/child.ts';
import { gatehouseDir } from '../support/gatehouse-dir.ts';
import { programCommand, projectRoot, runGatehouse } from '../support/run-gatehouse.ts';
import { type TempDir, tempDir } from '../support/temp-dir.ts';

/** An installation as docs/operations.md makes it: package.json, node_modules and dist. */
async function installed(): Promise<TempDir & { readonly main: string }> {
  const opt = await tempDir('gh-opt-');
  copyFileSync(join(projectRoot, 'package.json'), opt.at('package.json'));
  symlinkSync(join(projectRoot, 'node_modules'), opt.at('node_modules'));
  const build = spawnSync(process.execPath, [join(projectRoot, 'scripts/build.mjs'), opt.at('dist')]);
  assert.equal(build.status, 0, String(build.stderr));
  return { ...opt, main: opt.at('dist/main.js') };
}

describe('the built program', function () {
  this.timeout(60_000);

  it('serves, decides, explains by the running server, and knows its version', async () => {
    await using opt = await installed();
    await using dir = await gatehouseDir();
    await using server = await runGatehouse(dir.config, opt.main);
    using client = checkClient(server.ready.extAuthz);
    assert.equal((await client.ask(question('GET'))).code, 0);
    const file = dir.at('request.json');
    writeFileSync(file, JSON.stringify({ http: { method: 'GET', path: '/', host: 'details' } }));
    const asking = ['policy', 'explain', '--config', dir.config, '--request', file, '--output', 'json'];
    const said = await output(...programCommand(opt.main, ...asking));
    assert.equal((JSON.parse(said) as { asked: string }).asked, 'server'); // the command's own document
    assert.equal(await output(...programCommand(opt.main, '--version')), '0.1.0\n');
  });

  it('keeps compiled modules beside itself, or where systemd says, and nowhere else', async () => {
    await using opt = await installed();
    await using elsewhere = await tempDir();
    const version = (env: NodeJS.ProcessEnv) =>
      output(...programCommand(opt.main, '--version'), { ...process.env, TMPDIR: elsewhere.path, ...env });
    await version({ CACHE_DIRECTORY: elsewhere.at('cache') });
    assert.notDeepEqual(readdirSync(elsewhere.at('cache')), []);
    assert.equal(existsSync(opt.at('.cache')), false);
    await version({ CACHE_DIRECTORY: undefined });
    assert.notDeepEqual(readdirSync(opt.at('.cache/compiled')), []);
    assert.deepEqual(readdirSync(elsewhere.path), ['cache']);
  });
});

async function output(command: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<string> {
  await using child = startChild(command, args, env);
  await child.ended;
  return child.stdout();
}
