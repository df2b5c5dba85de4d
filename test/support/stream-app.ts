/**
 * Applications with streams that do not end by themselves: whatever is sent comes back at once.
 * @module
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createHttp2Server, type Http2Session } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import type { Duplex } from 'node:stream';

export interface StreamApp extends AsyncDisposable {
  readonly port: number;
  /** `GET /path websocket` for every request that came as far as this. */
  readonly seen: readonly string[];
}

/** HTTP/1.1: accepts any upgrade. Bodies are echoed as they come. */
export async function startHttp1StreamApp(): Promise<StreamApp> {
  const seen: string[] = [];
  const upgraded = new Set<Duplex>();
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    response.flushHeaders();
    request.pipe(response);
  });
  server.on('upgrade', (request, socket) => {
    const { upgrade } = request.headers;
    seen.push(`${request.method} ${request.url} ${upgrade}`);
    upgraded.add(socket.on('error', () => socket.destroy()));
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${upgrade}\r\n\r\n`);
    socket.pipe(socket);
  });
  return started(server, seen, () => {
    server.closeAllConnections();
    for (const socket of upgraded) socket.destroy();
  });
}

/** HTTP/2 without TLS. @param permitsUpgrades  whether it announces RFC 8441 */
export async function startHttp2StreamApp(permitsUpgrades: boolean): Promise<StreamApp> {
  const seen: string[] = [];
  const sessions = new Set<Http2Session>();
  const server = createHttp2Server({ settings: { enableConnectProtocol: permitsUpgrades } });
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {}); // its client went away
    seen.push([headers[':method'], headers[':path'], headers[':protocol']].filter(Boolean).join(' '));
    stream.respond({ ':status': 200 });
    stream.pipe(stream);
  });
  return started(server, seen, () => {
    for (const session of sessions) session.destroy();
  });
}

async function started(server: Server, seen: readonly string[], closeAll: () => void): Promise<StreamApp> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port, // it listens on TCP
    seen,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      closeAll();
      await closed;
    },
  };
}
