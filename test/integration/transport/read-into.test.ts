import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, Socket } from 'node:net';
import { readInto } from '../../../src/transport/listen/read-into.ts';
import { tempDir } from '../../support/temp-dir.ts';

interface Pair {
  readonly client: Socket;
  readonly accepted: Socket;
}

async function pairOn(server: Server): Promise<Pair> {
  const address = server.address();
  const client = typeof address === 'string' ? connect(address) : connect(address!.port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [Socket];
  return { client, accepted };
}

describe('sockets that read into a buffer used again', () => {
  let server: Server;
  afterEach(() => void server.close());

  it('serve TCP and unix connections side by side, one buffer for all', async () => {
    await using dir = await tempDir('read-into-');
    const buffer = Buffer.alloc(64);
    for (const where of [{ port: 0, host: '127.0.0.1' }, { path: dir.at('s.sock') }]) {
      server = createServer();
      server.listen(where);
      await once(server, 'listening');
      const heard = ['', '', ''];
      const clients: Socket[] = [];
      for (const i of heard.keys()) {
        const { client, accepted } = await pairOn(server);
        const socket = readInto(accepted, buffer, (bytes) => {
          assert.equal(bytes.buffer, buffer.buffer);
          heard[i] += bytes.toString('latin1');
        })!;
        assert.ok(accepted.destroyed);
        socket.on('end', () => socket.end(heard[i]!));
        clients.push(client);
      }
      const sent = heard.map((_, i) => String(i).repeat(1_000 + i));
      const echoes = clients.map(async (client, i) => {
        for (let at = 0; at < sent[i]!.length; at += 300) client.write(sent[i]!.slice(at, at + 300));
        client.end();
        return Buffer.concat(await client.toArray()).toString('latin1');
      });
      assert.deepEqual(await Promise.all(echoes), sent);
      server.close();
    }
  });

  it('stop reading while they are paused', async () => {
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { client, accepted } = await pairOn(server);
    let heard = 0;
    const socket = readInto(accepted, Buffer.alloc(1_024), (bytes) => {
      heard += bytes.length;
      socket.pause();
      setTimeout(() => socket.resume(), 5);
    })!;
    client.end(Buffer.alloc(10_240));
    await once(socket, 'end');
    assert.equal(heard, 10_240);
    assert.ok(socket.bytesRead === 10_240);
    socket.destroy();
  });

  it('leave a connection as it is from which something was read', async () => {
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { client, accepted } = await pairOn(server);
    client.end('early');
    const [early] = (await once(accepted, 'data')) as [Buffer];
    assert.equal(early.toString(), 'early');
    assert.equal(
      readInto(accepted, Buffer.alloc(8), () => undefined),
      undefined,
    );
    assert.equal(accepted.destroyed, false);
    accepted.destroy();
  });

  it('leave alone what is no connection any more', () => {
    server = createServer();
    const closed = new Socket();
    assert.equal(
      readInto(closed, Buffer.alloc(8), () => undefined),
      undefined,
    );
  });
});
