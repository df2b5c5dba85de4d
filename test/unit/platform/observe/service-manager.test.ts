import assert from 'node:assert/strict';
import { createServiceManager } from '../../../../src/platform/observe/service-manager.ts';
import { eventually } from '../../../support/eventually.ts';
import { notifyReceiver } from '../../../support/notify-receiver.ts';
import { tempDir } from '../../../support/temp-dir.ts';

describe('createServiceManager', () => {
  const said = async (name: string, more: NodeJS.ProcessEnv, count: number): Promise<readonly string[]> => {
    await using receiver = await notifyReceiver(name);
    const environment: NodeJS.ProcessEnv = { NOTIFY_SOCKET: name, PATH: 'a', ...more };
    using manager = createServiceManager(environment, assert.fail);
    assert.deepEqual(environment, { PATH: 'a' }, 'nobody that we start speaks in our place');
    manager.ready();
    manager.reloading();
    manager.ready();
    manager.stopping();
    return await eventually(`${count} datagrams`, () => {
      const all = receiver.received();
      return all.length >= count ? all : undefined;
    });
  };
  const first = (texts: readonly string[]): string[] => texts.map((each) => each.split('\n', 1)[0]!);
  const all = ['READY=1', 'RELOADING=1', 'READY=1', 'STOPPING=1'];

  it('tells what it does at a path (sd_notify(3))', async () => {
    await using dir = await tempDir();
    const texts = await said(dir.at('notify'), {}, 4);
    assert.deepEqual(first(texts), all);
    const usec = /^MONOTONIC_USEC=(\d+)$/m.exec(texts[1]!)?.[1];
    assert.ok(Math.abs(Number(usec) - Number(process.hrtime.bigint() / 1_000n)) < 60_000_000, `${usec}`);
  });

  it('tells it at an abstract name', async () => {
    assert.deepEqual(first(await said(`@gatehouse-test-${process.pid}`, {}, 4)), all);
  });

  it('keeps a watchdog awake that is ours', async () => {
    await using dir = await tempDir();
    const texts = await said(dir.at('notify'), { WATCHDOG_USEC: '20000', WATCHDOG_PID: String(process.pid) }, 6);
    assert.ok(texts.includes('WATCHDOG=1'));
  });

  it("keeps no watchdog awake that is somebody else's", async () => {
    await using dir = await tempDir();
    assert.ok(!(await said(dir.at('notify'), { WATCHDOG_USEC: '1000', WATCHDOG_PID: '1' }, 4)).includes('WATCHDOG=1'));
  });

  const wrong = [
    { name: 'a socket where nobody is', socket: '/nowhere/notify', says: /nobody takes/ },
    { name: 'an address of another kind', socket: 'vsock:2:1', says: /neither a path nor an abstract name/ },
    { name: 'a path that is too long', socket: `/${'a'.repeat(108)}`, says: /at most 108 bytes/ },
  ] as const;
  for (const { name, socket, says } of wrong)
    it(`says so of ${name}, and goes on`, () => {
      const whys: string[] = [];
      using manager = createServiceManager({ NOTIFY_SOCKET: socket }, (why) => whys.push(why));
      manager.ready();
      assert.match(whys.join('\n'), says);
    });

  it('tells nobody where nobody asked', () => {
    using manager = createServiceManager({}, assert.fail);
    manager.ready();
  });
});
