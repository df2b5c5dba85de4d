import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { peerCredentialsOf } from '../../../src/transport/listen/peer-credentials.ts';
import { asUser, runAsUser } from '../../support/as-user.ts';
import { startChild } from '../../support/child.ts';
import { eventually } from '../../support/eventually.ts';
import { tempDir } from '../../support/temp-dir.ts';

const stay = `require('net').connect(process.argv[1]); setInterval(() => {}, 1000)`;

async function listening(server: Server, at: string | number): Promise<void> {
  server.listen(at);
  await once(server, 'listening');
}

async function accepted(server: Server): Promise<Socket> {
  const [socket] = (await once(server, 'connection')) as [Socket];
  return socket;
}

describe('peerCredentialsOf', () => {
  it('gives uid, gid, groups and pid of the very process that connected, and notices its end', async () => {
    await using dir = await tempDir();
    await chmod(dir.path, 0o755);
    const server = createServer();
    await listening(server, dir.at('s'));
    await chmod(dir.at('s'), 0o666);
    const coming = accepted(server);
    await using child = startChild(...asUser(12345, 12346, [process.execPath, '-e', stay, dir.at('s')], [777, 888]));
    const socket = await coming;
    const peer = peerCredentialsOf(socket)!;
    assert.deepEqual(
      { ...peer, process: peer.process?.alive() },
      { pid: child.pid, uid: 12345, gid: 12346, groups: [777, 888], process: true },
    );
    await child.stop('SIGKILL');
    await eventually('the process is seen to have ended', () => (peer.process?.alive() === false ? true : undefined));
    peer.process?.close();
    peer.process?.close();
    assert.equal(peer.process?.alive(), false);
    socket.destroy();
    server.close();
  });

  it('tells a process that ended from a later one although its connection lives on in another', async () => {
    await using dir = await tempDir();
    const server = createServer();
    await listening(server, dir.at('s'));
    const coming = accepted(server);
    // The parent connects, leaves the socket to a child, and ends.
    const script = `
import os, socket, sys, time
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); os.set_inheritable(s.fileno(), True)
if os.fork() == 0:
    print(os.getpid(), flush=True); time.sleep(60)
`;
    await using child = startChild('python3', ['-c', script, dir.at('s')]);
    const socket = await coming;
    const peer = peerCredentialsOf(socket)!;
    const heir = await eventually('the heir says its pid', () => Number(child.stdout()) || undefined);
    try {
      await eventually('the process is seen to have ended', () => (peer.process?.alive() === false ? true : undefined));
      assert.equal(socket.readyState, 'open');
    } finally {
      process.kill(heir, 'SIGKILL');
    }
    socket.destroy();
    server.close();
  });

  it('takes nobody for a user by the number of all whom its user namespace does not have', async () => {
    await using dir = await tempDir();
    await chmod(dir.path, 0o755);
    const module = new URL('../../../src/transport/listen/peer-credentials.ts', import.meta.url).href;
    const script = `
import { chmodSync } from 'node:fs';
import { createServer } from 'node:net';
import { peerCredentialsOf } from '${module}';
const server = createServer((socket) => {
  const { uid, gid, groups } = peerCredentialsOf(socket);
  console.log(JSON.stringify([uid, gid, groups]));
});
server.listen('${dir.at('s')}', () => { chmodSync('${dir.at('s')}', 0o666); console.log('ready'); });`;
    const node = [process.execPath, '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script];
    await using child = startChild('unshare', ['--user', '--map-root-user', '--', ...node]);
    const lines = (count: number) =>
      eventually(`${count} lines`, () => {
        const all = child.stdout().trim().split('\n');
        return all.length >= count ? all : undefined;
      });
    await eventually('it listens', () => (child.stdout().includes('ready') ? true : undefined));
    const once = `require('net').connect(process.argv[1]).on('connect', () => process.exit(0))`;
    for (const id of [12345, 65534, 0]) runAsUser(id, id, [process.execPath, '-e', once, dir.at('s')], [777]);
    const [, ...seen] = await lines(4);
    const nobody = [4294967295, 4294967295, []];
    assert.deepEqual(
      seen.map((line) => JSON.parse(line) as unknown),
      [nobody, nobody, [0, 0, []]],
    );
  });

  it('knows no credentials of a TCP peer', async () => {
    const server = createServer();
    await listening(server, 0);
    const coming = accepted(server);
    const client = connect((server.address() as { port: number }).port, '127.0.0.1');
    const socket = await coming;
    assert.equal(peerCredentialsOf(socket), undefined);
    client.destroy();
    socket.destroy();
    assert.equal(peerCredentialsOf(socket), undefined, 'nor of a closed one');
    server.close();
  });
});
