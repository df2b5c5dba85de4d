/**
 * Callers of the twins, by HTTP/1.1, HTTP/2 and TCP: connections for requests stay open, one a caller.
 * @module
 */
import { type OutgoingHttpHeaders, Agent as PlainAgent, request as plainRequest } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { Agent, request as tlsRequest } from 'node:https';
import { connect as connectTls } from 'node:tls';
import type { NativeCaller, NativeRequest } from '../../support/native-envoy.ts';

/** What a request or connection came to. */
export interface Answer {
  /** Of a connection 200 or 403. */
  readonly status: number;
  /** What the tree came to, where it is told. */
  readonly action: string;
}

/** Who asks. */
export interface Asker {
  /** One for each caller and name of a server: connections are kept by it. */
  readonly name: string;
  readonly caller: NativeCaller;
  readonly serverName: string;
  /** An address of this machine to call from; without it loopback. */
  readonly from?: string;
}

export interface Clients extends Disposable {
  http1(port: number, who: Asker, asked: NativeRequest): Promise<Answer>;
  http2(port: number, who: Asker, asked: NativeRequest): Promise<Answer>;
  tcp(port: number, who: Asker): Promise<Answer>;
}

/** Creates them, without any connection. */
export function createClients(): Clients {
  const agents = new Map<string, Agent | PlainAgent>();
  const sessions = new Map<string, ClientHttp2Session>();
  const agentOf = (key: string, caller: NativeCaller): Agent | PlainAgent => {
    const known = agents.get(key);
    if (known !== undefined) return known;
    const made = new (caller === undefined ? PlainAgent : Agent)({ keepAlive: true });
    agents.set(key, made);
    return made;
  };
  const sessionOf = (key: string, port: number, { caller, serverName, from }: Asker): ClientHttp2Session => {
    const known = sessions.get(key);
    if (known !== undefined && !known.closed && !known.destroyed) return known;
    const options = { ...caller, ...tlsOf(serverName), localAddress: from };
    const session = connectHttp2(`${caller ? 'https' : 'http'}://127.0.0.1:${port}`, options);
    session.on('error', () => undefined); // its streams say so too
    sessions.set(key, session);
    return session;
  };
  return {
    http1(port, who, { method, path, host, headers }) {
      const agent = agentOf(`${port} ${who.name}`, who.caller);
      const sent = { ...grouped(headers), host };
      const options = { host: '127.0.0.1', port, method, path, headers: sent, localAddress: who.from, agent };
      return new Promise((resolve, reject) => {
        const made =
          who.caller === undefined
            ? plainRequest(options)
            : tlsRequest({ ...options, ...who.caller, ...tlsOf(who.serverName), agent: agent as Agent }); // made for TLS above
        made.on('response', (response) => {
          response.resume().on('end', () => resolve(answerOf(response.headers, response.statusCode ?? 0)));
        });
        made.on('error', reject).end();
      });
    },
    http2(port, who, { method, path, host, headers }) {
      const session = sessionOf(`${port} ${who.name}`, port, who);
      const pseudo = { ':method': method, ':path': path, ':authority': host };
      const stream = session.request({ ...grouped(headers), ...pseudo });
      return new Promise((resolve, reject) => {
        stream.on('response', (got) => resolve(answerOf(got, Number(got[':status'])))).on('error', reject);
        stream.resume().end();
      });
    },
    tcp: askTcp,
    [Symbol.dispose]() {
      for (const agent of agents.values()) agent.destroy();
      for (const session of sessions.values()) session.destroy();
    },
  };
}

const tlsOf = (serverName: string) => ({ rejectUnauthorized: false, servername: serverName });

function grouped(headers: NativeRequest['headers']): Record<string, string[]> {
  const all: Record<string, string[]> = {};
  for (const [name, value] of headers) all[name] = [...(all[name] ?? []), value];
  return all;
}

/** Where the tree refuses, Envoy tells the action as the reason. */
function answerOf(headers: OutgoingHttpHeaders, status: number): Answer {
  const refused = /^rbac_access_denied_matched_policy\[(.*)\]$/.exec(String(headers['x-details'] ?? ''))?.[1];
  return { status, action: refused ?? String(headers['x-action'] ?? '') };
}

function askTcp(port: number, { caller, serverName }: Asker): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connectTls({ host: '127.0.0.1', port, ...caller, ...tlsOf(serverName) }, () =>
      socket.write('hello'),
    );
    const done = (status: number): void => {
      socket.destroy();
      resolve({ status, action: '' });
    };
    socket
      .on('data', () => done(200))
      .on('close', () => done(403))
      .on('error', () => done(403));
  });
}
