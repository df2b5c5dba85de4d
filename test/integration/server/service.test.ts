import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from '../../support/child.ts';
import { eventually } from '../../support/eventually.ts';
import { gatehouseDir } from '../../support/gatehouse-dir.ts';
import { installedProgram } from '../../support/installed-program.ts';
import { notifyReceiver } from '../../support/notify-receiver.ts';
import { projectRoot } from '../../support/run-gatehouse.ts';
import { tempDir } from '../../support/temp-dir.ts';

const unit = readFileSync(join(projectRoot, 'deploy/systemd/gatehouse.service'), 'utf8');

describe('gatehouse as a service', function () {
  this.timeout(300_000);

  it('is what /usr/local/bin/gatehouse leads to, with the Node that came with it, and tells the service manager what it does', async () => {
    await using program = await installedProgram();
    await using dir = await gatehouseDir();
    mkdirSync(program.at('bin'));
    copyFileSync(join(projectRoot, 'bin/gatehouse'), program.at('bin/gatehouse'));
    mkdirSync(dir.at('bin'));
    symlinkSync(program.at('bin/gatehouse'), dir.at('bin/gatehouse'));
    await using receiver = await notifyReceiver(dir.at('notify'));
    const env = {
      PATH: '/usr/bin:/bin',
      NOTIFY_SOCKET: dir.at('notify'),
      WATCHDOG_USEC: '2000000',
      GATEHOUSE_CONFIG: dir.config,
    };
    await using child = startChild(dir.at('bin/gatehouse'), ['serve'], env, dir.path);
    const heard = (begin: string, count: number) =>
      eventually(`${count} of ${begin}`, () => {
        const found = receiver.received().filter((each) => each.startsWith(begin));
        return found.length >= count ? true : undefined;
      });
    await heard('READY=1', 1);
    assert.match(child.stdout(), /^\{"ready":true/);
    assert.equal(
      (JSON.parse(child.stdout()) as { pid: number }).pid,
      child.pid,
      'the main process is the one that was started',
    );
    assert.match(child.stderr(), /"by":"GATEHOUSE_CONFIG"/);
    await heard('WATCHDOG=1', 2);
    process.kill(child.pid, 'SIGHUP');
    await heard('READY=1', 2);
    writeFileSync(dir.config, 'broken: [');
    process.kill(child.pid, 'SIGHUP');
    await heard('READY=1', 3);
    assert.equal(await child.stop(), 0);
    await heard('STOPPING=1', 1);
    const order = receiver
      .received()
      .map((each) => each.split('\n', 1)[0])
      .filter((each) => each !== 'WATCHDOG=1');
    assert.deepEqual(order, ['READY=1', 'RELOADING=1', 'READY=1', 'RELOADING=1', 'READY=1', 'STOPPING=1']);
  });

  it('has a unit that systemd verifies', async () => {
    assert.match(unit, /^Type=notify$/m);
    assert.match(unit, /^ExecStart=\/usr\/local\/bin\/gatehouse serve /m);
    await using dir = await tempDir();
    writeFileSync(dir.at('program'), '#!/bin/sh\n');
    chmodSync(dir.at('program'), 0o755);
    writeFileSync(
      dir.at('gatehouse.service'),
      unit.replace('/usr/local/bin/gatehouse', dir.at('program')).replace(/^Documentation=.*\n/m, ''),
    );
    const { status, stderr, error } = spawnSync(
      'systemd-analyze',
      ['verify', '--man=no', dir.at('gatehouse.service')],
      { encoding: 'utf8' },
    );
    assert.ifError(error);
    assert.deepEqual([status, stderr.split('\n').filter((line) => line.includes('gatehouse.service'))], [0, []]);
  });
});
