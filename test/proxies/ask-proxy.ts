/**
 * A client of a proxy, over TLS, that sends exactly what it is told.
 * @module
 */
import { connect, type TLSSocket } from 'node:tls';
import type { ClientIdentity } from '../support/svid-of.ts';

export interface ProxyQuestion {
  readonly identity?: ClientIdentity | undefined;
  readonly ca: string;
  readonly method?: string;
  readonly path: string;
  readonly host?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
}

export interface ProxyAnswer {
  /** 0: none; the connection was closed. */
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

const nothing: ProxyAnswer = { status: 0, headers: new Map(), body: '' };

/** Opens a connection that has been let in; rejects where it was not. */
function openTls(port: number, { identity, ca }: Pick<ProxyQuestion, 'identity' | 'ca'>): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const shown = identity && { cert: identity.cert, key: identity.key };
    const socket = connect({
      ...{ host: '127.0.0.1', port, ca, servername: 'details.example', checkServerIdentity: () => undefined, ...shown },
    });
    socket.once('secureConnect', () => resolve(socket)).on('error', reject);
  });
}

/** Asks once, on a connection of its own; answers status 0 where it is closed without an answer. */
export async function askProxy(port: number, question: ProxyQuestion): Promise<ProxyAnswer> {
  const { method = 'GET', path, host = 'details.example', headers = [], body } = question;
  let socket: TLSSocket;
  try {
    socket = await openTls(port, question);
  } catch {
    return nothing;
  }
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${host}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
    ...(headers.some(([name]) => name.toLowerCase() === 'connection') ? [] : ['Connection: close']),
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body ?? ''}`, 'latin1');
  const text = await new Promise<string>((resolve) => {
    let whole = '';
    socket.setEncoding('latin1').on('data', (some: string) => {
      whole += some;
    });
    socket.on('error', () => socket.destroy());
    socket.once('close', () => resolve(whole));
    socket.once('end', () => socket.end());
  });
  return parsed(text);
}

function parsed(text: string): ProxyAnswer {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1] ?? 0);
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return { status, headers, body: rest.join('\r\n\r\n') };
}
