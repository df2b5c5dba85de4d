/**
 * An HTTPS server that answers as a test says: for faults that no real API server can be made to have.
 *
 * It judges nothing of what the real one does: those tests are in `test/kubernetes`.
 * @module
 */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { makeCertificate } from '../openssl-ca.ts';
import { type TempDir, tempDir } from '../temp-dir.ts';

/** One request that has come, and its answer. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Answers with JSON; a Status for a code from 400. */
  json(code: number, body: unknown, headers?: Readonly<Record<string, string>>): void;
  /** Lines of a watch; the answer stays open. */
  events(...events: readonly unknown[]): void;
  raw(bytes: Uint8Array | string): void;
  end(): void;
  /** Cuts the connection, once what was written has left. */
  cut(): void;
}

/** A server with a CA of its own. */
export interface FakeApiServer extends AsyncDisposable {
  readonly url: string;
  readonly dir: TempDir;
  readonly caFile: string;
  /** All that was asked, in order. */
  readonly asked: Asked[];
  /** Connections that were opened. */
  connections(): number;
  /** Answers from now on. */
  answer: (asked: Asked) => void;
  /** Writes a kubeconfig whose user has these fields. */
  kubeconfig(user: Readonly<Record<string, unknown>>): string;
  /** Cuts all connections, and refuses new ones until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
}

/** Starts one on a free port of 127.0.0.1. */
export async function fakeApiServer(answer: (asked: Asked) => void): Promise<FakeApiServer> {
  const dir = await tempDir('gh-api-');
  const ca = makeCertificate(dir, { name: 'ca', commonName: 'fake CA' });
  const cert = makeCertificate(dir, {
    name: 'server',
    issuer: 'ca',
    extensions: 'subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\nauthorityKeyIdentifier=keyid\n',
  });
  const caFile = dir.at('ca.pem');
  writeFileSync(caFile, ca);
  const options = { cert, key: readFileSync(dir.at('server.key')) };
  const sockets = new Set<Socket>();
  let opened = 0;
  let port = 0;
  let server: Server | undefined;
  const listen = async (): Promise<void> => {
    server = createServer(options, (request, response) => void take(request, response));
    server.on('secureConnection', () => opened++);
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  };
  const down = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    server?.close();
    await once(server!, 'close');
  };
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const asked = askedOf(request, Buffer.concat(chunks).toString('utf8'), response);
    fake.asked.push(asked);
    fake.answer(asked);
  };
  await listen();
  const fake: FakeApiServer = {
    url: `https://127.0.0.1:${port}`,
    dir,
    caFile,
    asked: [],
    answer,
    connections: () => opened,
    down,
    up: listen,
    kubeconfig(user) {
      const file = dir.at('kubeconfig.yaml');
      writeFileSync(
        file,
        JSON.stringify({
          apiVersion: 'v1',
          kind: 'Config',
          'current-context': 'c',
          contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
          clusters: [{ name: 'c', cluster: { server: fake.url, 'certificate-authority': 'ca.pem' } }],
          users: [{ name: 'u', user }],
        }),
      );
      return file;
    },
    async [Symbol.asyncDispose]() {
      if (server?.listening) await down();
      await dir[Symbol.asyncDispose]();
    },
  };
  return fake;
}

function askedOf(request: IncomingMessage, body: string, response: ServerResponse): Asked {
  const url = new URL(request.url ?? '/', 'https://fake');
  const begin = (): void => {
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
  };
  return {
    method: request.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    body,
    json(code, answer, headers = {}) {
      response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(answer));
    },
    events(...events) {
      begin();
      for (const event of events) response.write(`${JSON.stringify(event)}\n`);
    },
    raw(bytes) {
      begin();
      response.write(bytes);
    },
    end: () => response.end(),
    cut: () => void response.write('\n', () => response.destroy()),
  };
}

/** A Status object as the API server sends it. */
export const status = (code: number, reason: string, message = reason, details: object = {}) => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message,
  reason,
  details,
  code,
});

/** A pod, or whatever, with a name and a version. */
export const object = (name: string, resourceVersion: string, rest: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', uid: `uid-${name}`, resourceVersion },
  ...rest,
});

export const added = (name: string, version: string) => ({ type: 'ADDED', object: object(name, version) });
export const modified = (name: string, version: string) => ({ type: 'MODIFIED', object: object(name, version) });
export const deleted = (name: string, version: string) => ({ type: 'DELETED', object: object(name, version) });

/** A bookmark; the one that closes the start unless told otherwise. */
export const bookmark = (resourceVersion: string, isEnd = true) => ({
  type: 'BOOKMARK',
  object: {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { resourceVersion, ...(isEnd && { annotations: { 'k8s.io/initial-events-end': 'true' } }) },
  },
});
