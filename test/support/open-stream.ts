/**
 * Clients of streams: an upgrade by HTTP/1.1, or by HTTP/2 (RFC 8441), and a request whose body goes on.
 * @module
 */
import { once } from 'node:events';
import { request as plainRequest } from 'node:http';
import { connect } from 'node:http2';
import { request as tlsRequest } from 'node:https';
import type { ClientIdentity } from './svid-of.ts';

export interface StreamQuestion {
  readonly port: number;
  readonly path: string;
  /** Undefined: without TLS. */
  readonly identity?: ClientIdentity;
  /** E.g. `websocket`; undefined: a POST. */
  readonly protocol?: string;
}

export interface OpenStream extends Disposable {
  /** 101 by HTTP/1.1, 200 by HTTP/2, or what refused it. */
  readonly status: number;
  /** Sends and waits until that much came back. */
  echoed(text: string): Promise<string>;
  readonly isOpen: boolean;
}

/** By HTTP/1.1. Rejects if the connection ends before an answer. */
export async function openHttp1(question: StreamQuestion): Promise<OpenStream> {
  const { port, path, identity, protocol } = question;
  const common = { host: '127.0.0.1', port, path, agent: false };
  const headers = protocol === undefined ? {} : { connection: 'Upgrade', upgrade: protocol };
  const options = { ...common, headers, method: protocol === undefined ? 'POST' : 'GET' };
  const request = identity ? tlsRequest({ ...options, ...tls(identity) }) : plainRequest(options);
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('upgrade', ({ statusCode }, socket, head) => {
      if (head.length > 0) socket.unshift(head);
      resolve(streamOf(statusCode ?? 0, socket, socket));
    });
    request.on('response', (response) => resolve(streamOf(response.statusCode ?? 0, response, request)));
    if (protocol === undefined) request.flushHeaders();
    else request.end();
  });
}

/** By HTTP/2, each with a connection of its own. */
export async function openHttp2(question: StreamQuestion): Promise<OpenStream> {
  const { port, path, identity, protocol } = question;
  const session = connect(`${identity ? 'https' : 'http'}://127.0.0.1:${port}`, identity ? tls(identity) : {});
  await once(session, 'remoteSettings');
  const kind = protocol === undefined ? { ':method': 'POST' } : { ':method': 'CONNECT', ':protocol': protocol };
  const stream = session.request({ ...kind, ':path': path, ':scheme': 'http', ':authority': 'app' });
  const [headers] = (await once(stream, 'response')) as [Readonly<Record<string, unknown>>]; // Node's own event
  const opened = streamOf(Number(headers[':status']), stream, stream);
  stream.on('close', () => session.close());
  return opened;
}

/** CONNECT to another host, which makes a tunnel where it is allowed; the status that it got. */
export function connectThrough(port: number, authority: string): Promise<number> {
  return new Promise((resolve, reject) => {
    plainRequest({ host: '127.0.0.1', port, method: 'CONNECT', path: authority, agent: false })
      .on('connect', ({ statusCode }, socket) => {
        socket.destroy();
        resolve(statusCode ?? 0);
      })
      .on('error', reject)
      .end();
  });
}

// the server shows a SPIFFE ID and no host name; the client's trust in it is not what these tests are about
const tls = ({ cert, key }: ClientIdentity) => ({ cert, key, rejectUnauthorized: false });

type Readable = Pick<NodeJS.ReadableStream, 'on'> & { destroy(): unknown };
type Writable = Pick<NodeJS.WritableStream, 'on' | 'write'> & { destroy(): unknown };

function streamOf(status: number, readable: Readable, writable: Writable): OpenStream {
  let got = '';
  let isOpen = true;
  let wake = (): void => {};
  readable.on('data', (bytes: Buffer) => {
    got += String(bytes);
    wake();
  });
  const end = (): void => {
    isOpen = false;
    wake();
  };
  for (const each of [readable, writable]) each.on('error', end).on('close', end);
  return {
    status,
    get isOpen() {
      return isOpen;
    },
    echoed: async (text) => {
      got = '';
      writable.write(text);
      while (isOpen && got.length < text.length) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return got;
    },
    [Symbol.dispose]: () => {
      writable.destroy();
      readable.destroy();
    },
  };
}
