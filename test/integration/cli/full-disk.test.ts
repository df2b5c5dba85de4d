import assert from 'node:assert/strict';
import { type Child, startChild } from '../../support/child.ts';
import { eventually } from '../../support/eventually.ts';
import { gatehouseDir } from '../../support/gatehouse-dir.ts';
import { gatehouseCommand } from '../../support/run-gatehouse.ts';

/** Starts a command with some of its streams led elsewhere, as a shell writes it. */
function started(streams: string, ...args: readonly string[]): Child {
  const [program, flags] = gatehouseCommand(...args);
  return startChild('/bin/sh', ['-c', `exec "$0" "$@" ${streams}`, program, ...flags]);
}

describe('output that cannot be written', function () {
  this.timeout(120_000);

  const commands: readonly { name: string; streams: string; args: readonly string[] }[] = [
    { name: 'a document', streams: '>/dev/full', args: ['config', 'schema'] },
    { name: 'JSON', streams: '>/dev/full', args: ['version', '--client', '--output', 'json'] },
    { name: 'help', streams: '>/dev/full', args: ['--help'] },
    { name: 'a complaint', streams: '>/dev/full 2>/dev/full', args: ['nothing'] },
  ];
  for (const { name, streams, args } of commands)
    it(`of a command, ${name}: it could not say, in one line`, async () => {
      await using child = started(streams, ...args);
      assert.equal(await child.ended, 2);
      if (!streams.includes('2>'))
        assert.equal(
          child.stderr(),
          'gatehouse: the output cannot be written: ENOSPC: no space left on device, write\n',
        );
    });

  it('of a server, its log: it serves, reads again and ends as ever', async () => {
    await using dir = await gatehouseDir();
    await using server = started('2>/dev/full', 'serve', '--config', dir.config);
    await eventually('it is ready', () => server.stdout().includes('"ready":true') || undefined);
    await using asked = startChild(...gatehouseCommand('status', '--config', dir.config));
    assert.equal(await asked.ended, 0, asked.stderr());
    process.kill(server.pid, 'SIGHUP');
    assert.equal(await server.stop('SIGTERM'), 0);
  });

  it('of a server, its line that it is ready: it stands in the log', async () => {
    await using dir = await gatehouseDir();
    await using server = started('>/dev/full', 'serve', '--config', dir.config);
    await eventually('it is ready', () => /"message":"ready"/.test(server.stderr()) || undefined);
    await eventually('that is told', () => /could not be written to stdout/.test(server.stderr()) || undefined);
    assert.equal(await server.stop('SIGTERM'), 0);
  });
});
