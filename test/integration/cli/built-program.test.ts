import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { checkClient, question } from '../../support/check-client.ts';
import { startChild } from '../../support/child.ts';
import { gatehouseDir } from '../../support/gatehouse-dir.ts';
import { installedProgram } from '../../support/installed-program.ts';
import { programCommand, runGatehouse } from '../../support/run-gatehouse.ts';
import { tempDir } from '../../support/temp-dir.ts';

describe('the built program', function () {
  this.timeout(300_000);

  it('serves, decides, explains by the running server, and knows its version', async () => {
    await using opt = await installedProgram();
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
    await using opt = await installedProgram();
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
