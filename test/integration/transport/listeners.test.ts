import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, mkdir, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { textOfAddress } from '../../../src/transport/listen/listen-address.ts';
import { listen } from '../../../src/transport/listen/listener.ts';
import { runAsUser } from '../../support/as-user.ts';
import { eventually } from '../../support/eventually.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { unixAddress } from '../../support/workload-endpoint.ts';

/** Leaves a socket file that nobody listens on, as a killed server does. */
async function leaveStale(path: string): Promise<void> {
  const script = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  const { text } = runAsUser(0, 0, [process.execPath, '-e', script, path]);
  assert.equal(text, '');
  assert.ok((await stat(path)).isSocket());
}

async function accepts(path: string): Promise<boolean> {
  const socket = connect(path);
  const connected = await Promise.race([once(socket, 'connect'), once(socket, 'error').catch(() => undefined)]).then(
    () => true,
    () => false,
  );
  socket.destroy();
  return connected;
}

describe('listenUnix', () => {
  it('appears with its mode, owner and group, and makes parents 0755 whatever the umask', async () => {
    await using dir = await tempDir();
    const umask = process.umask(0o077);
    const path = dir.at('a/b/s.sock');
    try {
      await using _ = await listen(unixAddress(path, { mode: 0o660, owner: '12345', group: 'daemon' }));
      const found = await stat(path);
      assert.deepEqual([found.mode & 0o777, found.uid, found.gid], [0o660, 12345, 1]);
      assert.equal((await stat(dir.at('a'))).mode & 0o777, 0o755);
      assert.equal((await stat(dir.at('a/b'))).mode & 0o777, 0o755);
      assert.equal(process.umask(), 0o077);
      assert.deepEqual(await readdir(dir.at('a/b')), ['s.sock']);
    } finally {
      process.umask(umask);
    }
    assert.deepEqual(await readdir(dir.at('a/b')), [], 'it takes its name away');
  });

  it('leaves parents that are there as they are', async () => {
    await using dir = await tempDir();
    await mkdir(dir.at('kept'), { mode: 0o700 });
    await using _ = await listen(unixAddress(dir.at('kept/s.sock')));
    assert.equal((await stat(dir.at('kept'))).mode & 0o777, 0o700);
  });

  it('makes no parents where it should not, and says what is missing', async () => {
    await using dir = await tempDir();
    const address = unixAddress(dir.at('none/s.sock'), { makeParents: false });
    await assert.rejects(listen(address), { code: 'config_invalid', message: /its directory does not exist/ });
  });

  it('takes over a stale socket', async () => {
    await using dir = await tempDir();
    const path = dir.at('s.sock');
    await leaveStale(path);
    await using _ = await listen(unixAddress(path));
    assert.ok(await accepts(path));
  });

  it('never steals a living one, whose name stays', async () => {
    await using dir = await tempDir();
    const path = dir.at('s.sock');
    await using _ = await listen(unixAddress(path));
    await assert.rejects(listen(unixAddress(path)), { code: 'address_in_use', message: /a running server answers/ });
    assert.ok(await accepts(path));
    assert.deepEqual(await readdir(dir.path), ['s.sock']);
  });

  it('does not remove what is no socket, nor follow a link', async () => {
    await using dir = await tempDir();
    await writeFile(dir.at('file'), 'kept');
    await symlink(dir.at('file'), dir.at('link'));
    for (const name of ['file', 'link']) {
      await assert.rejects(listen(unixAddress(dir.at(name))), { code: 'address_in_use', message: /is no socket/ });
    }
    assert.deepEqual((await readdir(dir.path)).sort(), ['file', 'link']);
  });

  it('takes the name of another away only if it is still its own', async () => {
    await using dir = await tempDir();
    const path = dir.at('s.sock');
    const first = await listen(unixAddress(path));
    const second = createServer();
    second.listen(`${path}.new`);
    await once(second, 'listening');
    const { rename } = await import('node:fs/promises');
    await rename(`${path}.new`, path);
    await first[Symbol.asyncDispose]();
    assert.ok((await stat(path)).isSocket());
    second.close();
  });

  for (const [what, takeAway] of [
    ['alone', (path: string) => rm(path)],
    ['with its directory', (path: string) => rm(dirname(path), { recursive: true })],
  ] as const)
    it(`puts its name back when it was removed ${what}; who is connected notices nothing`, async () => {
      await using dir = await tempDir();
      const path = dir.at('run/s.sock');
      await using listener = await listen(unixAddress(path, { mode: 0o660 }));
      const told: string[] = [];
      const sockets: Socket[] = [];
      listener.server.on('error', (error) => void told.push(error.message));
      listener.server.on(
        'connection',
        (socket: Socket) => void sockets.push(socket.on('data', (d) => socket.write(d))),
      );
      const standing = connect(path);
      await once(standing, 'connect');
      for (const round of [1, 2]) {
        await takeAway(path);
        await eventually('it is there again', async () => ((await accepts(path)) ? true : undefined));
        assert.equal((await stat(path)).mode & 0o777, 0o660);
        assert.deepEqual(told, Array(round).fill(`unix:${path} was taken away from this server, and was put back`));
      }
      standing.write('still here');
      assert.equal(String((await once(standing, 'data'))[0]), 'still here');
      standing.destroy();
      for (const socket of sockets) socket.destroy();
      await listener[Symbol.asyncDispose]();
      assert.deepEqual(await readdir(dirname(path)), []);
    });

  it('says once that another has its name, and leaves it to him', async () => {
    await using dir = await tempDir();
    const path = dir.at('s.sock');
    await using first = await listen(unixAddress(path));
    const told: string[] = [];
    first.server.on('error', (error) => void told.push(error.message));
    await rm(path);
    const other = createServer((socket) => socket.destroy());
    other.listen(path);
    await once(other, 'listening');
    await eventually('it says so', () => (told.length > 0 ? true : undefined));
    assert.match(told[0]!, /was taken away .*, and is not put back: a running server answers at/);
    other.close();
    await eventually('it is back', () => (told.length > 1 ? true : undefined));
    assert.match(told[1]!, /was put back/);
    assert.ok(await accepts(path));
  });

  it('refuses a path of 120 bytes, and takes one of 107', async () => {
    await using dir = await tempDir();
    const at = (bytes: number) => `${dir.path}/${'s'.repeat(bytes - dir.path.length - 1)}`;
    await assert.rejects(listen(unixAddress(at(120))), {
      code: 'config_invalid',
      message: /has 120 bytes, .* can have 107/,
    });
    await using _ = await listen(unixAddress(at(107)));
    assert.ok(await accepts(at(107)));
  });

  it('says that an owner is not known', async () => {
    await using dir = await tempDir();
    const address = unixAddress(dir.at('s.sock'), { owner: 'no-such-user' });
    await assert.rejects(listen(address), { code: 'config_invalid', message: /owner "no-such-user" .* not known/ });
    assert.deepEqual(await readdir(dir.path), []);
  });

  it('lets in whom the mode lets in, and nobody else', async () => {
    await using dir = await tempDir();
    await chmod(dir.path, 0o755);
    const path = dir.at('s.sock');
    await using _ = await listen(unixAddress(path, { mode: 0o600, owner: '12345' }));
    const script = `require('net').connect(process.argv[1]).on('connect', () => process.exit(0)).on('error', (e) => { console.log(e.code); process.exit(1) })`;
    const as = (uid: number) => runAsUser(uid, uid, [process.execPath, '-e', script, path]);
    assert.equal(as(12345).status, 0);
    assert.deepEqual(as(12346), { status: 1, text: 'EACCES\n' });
  });
});

describe('listen on TCP', () => {
  it('gives the port really bound', async () => {
    await using listener = await listen({ kind: 'tcp', host: '127.0.0.1', port: 0, tls: false });
    assert.match(textOfAddress(listener.address), /^127\.0\.0\.1:[1-9]\d+$/);
  });

  it('says that a port is in use, and what to do', async () => {
    await using first = await listen({ kind: 'tcp', host: '127.0.0.1', port: 0, tls: false });
    await assert.rejects(listen(first.address), {
      code: 'address_in_use',
      message: /another process listens there: .*another port/,
    });
  });

  it('says that an address is not of this machine', async () => {
    const address = { kind: 'tcp', host: '192.0.2.1', port: 0, tls: false } as const;
    await assert.rejects(listen(address), { code: 'config_invalid', message: /no such address/ });
  });

  it('stops accepting at once, also with a connection open', async () => {
    const listener = await listen({ kind: 'tcp', host: '127.0.0.1', port: 0, tls: false });
    assert.equal(listener.address.kind, 'tcp');
    const { port } = listener.address as { port: number };
    const client = connect(port, '127.0.0.1');
    const [accepted] = (await once(listener.server, 'connection')) as [Socket];
    await listener[Symbol.asyncDispose]();
    const late = connect(port, '127.0.0.1');
    const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNREFUSED');
    client.destroy();
    accepted.destroy();
  });
});
