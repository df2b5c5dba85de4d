/**
 * An application that shows what reaches it.
 * @module
 */
import { once } from 'node:events';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';

export interface EchoApp extends AsyncDisposable {
  readonly port: number;
}

/** Answers every HTTP request with its method, URL and headers as JSON. */
export async function startHttpEcho(): Promise<EchoApp> {
  const server = createHttpServer(({ method, url, headers }, response) => {
    response.end(JSON.stringify({ method, url, headers }));
  });
  return started(server, () => server.closeAllConnections());
}

/** Sends every byte back, after `greeting` if there is one. */
export async function startTcpEcho(greeting = ''): Promise<EchoApp> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    if (greeting !== '') socket.write(greeting);
    socket.pipe(socket);
  });
  return started(server, () => {});
}

async function started(server: HttpServer | Server, closeAll: () => void): Promise<EchoApp> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port, // it listens on TCP
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      closeAll();
      await closed;
    },
  };
}
