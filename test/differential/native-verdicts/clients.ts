/**
 * Callers of the twins, by HTTP/1.1, HTTP/2 and TCP: connections for requests stay open, one a caller. Each says by a PROXY header what
 * it asks for, so that both twins are asked at the same address and port.
 * @module
 */
import { once } from 'node:events';
import { type OutgoingHttpHeaders, Agent as PlainAgent, request as plainRequest } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, createSecureContext, type SecureContext } from 'node:tls';
import type { NativeCaller, NativeRequest } from '../../support/native-envoy.ts';

/** What a request or connection came to. */
export interface Answer {
  /** Of a connection 200 or 403. */
  readonly status: number;
  /** What the tree came to, where it is told. */
  readonly action: string;
  /** What the filter of revocations did, where it is told. */
  readonly revocation: string;
  /** What dry-run policies would have made of it, `allow` or `deny`; empty: it is not told. */
  readonly rehearsed: string;
  /** The AUDIT rule that means it, `namespace/name#rule`; empty: none, or it is not told. */
  readonly audited: string;
}

/** Who asks. */
export interface Asker {
  readonly caller: NativeCaller;
  readonly serverName: string;
  /** An address of this machine. */
  readonly from: string;
  /** As Envoy is told. */
  readonly sourcePort: number;
  readonly to: { readonly address: string; readonly port: number };
  /** One for each connection that is kept, at one port. */
  readonly name: string;
}

export interface Clients extends Disposable {
  http1(port: number, who: Asker, asked: NativeRequest): Promise<Answer>;
  http2(port: number, who: Asker, asked: NativeRequest): Promise<Answer>;
  tcp(port: number, who: Asker): Promise<Answer>;
}

/** Creates them, without any connection. */
export function createClients(): Clients {
  const agents = new Map<string, PlainAgent>();
  const sessions = new Map<string, Promise<ClientHttp2Session>>();
  return {
    http1(port, who, { method, path, host, headers }) {
      const key = `${port} ${who.name}`;
      const agent = agents.get(key) ?? agentOf(port, who);
      agents.set(key, agent);
      return new Promise((resolve, reject) => {
        const made = plainRequest({ method, path, headers: { ...grouped(headers), host }, agent });
        made.on('response', (response) => {
          response.resume().on('end', () => resolve(answerOf(response.headers, response.statusCode ?? 0)));
        });
        made.on('error', reject).end();
      });
    },
    async http2(port, who, { method, path, host, headers }) {
      const key = `${port} ${who.name}`;
      let session = await sessions.get(key);
      if (session === undefined || session.closed || session.destroyed) {
        const made = sessionOf(port, who);
        sessions.set(key, made);
        session = await made;
      }
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
      for (const session of sessions.values()) void session.then((open) => open.destroy()).catch(() => undefined);
    },
  };
}

/** A connection, of which Envoy has been told the ends. */
async function connected(port: number, { from, to, sourcePort }: Asker): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, localAddress: from });
  await once(socket, 'connect');
  socket.write(`PROXY TCP4 ${from} ${to.address} ${sourcePort} ${to.port}\r\n`);
  return socket;
}

/** The same, with TLS where the caller has a certificate. */
async function opened(port: number, who: Asker, protocol: string): Promise<Duplex> {
  const socket = await connected(port, who);
  if (who.caller === undefined) return socket;
  const secure = connectTls({ socket, ...tlsOf(who), ALPNProtocols: [protocol] });
  await once(secure, 'secureConnect');
  return secure;
}

function agentOf(port: number, who: Asker): PlainAgent {
  const agent = new PlainAgent({ keepAlive: true });
  agent.createConnection = (_options, created) => {
    opened(port, who, 'http/1.1').then(
      (socket) => created?.(null, socket),
      (thrown: Error) => created?.(thrown, undefined as unknown as Duplex), // with an error there is none
    );
    return undefined;
  };
  return agent;
}

async function sessionOf(port: number, who: Asker): Promise<ClientHttp2Session> {
  const socket = await opened(port, who, 'h2');
  const session = connectHttp2(`${who.caller ? 'https' : 'http'}://127.0.0.1:${port}`, {
    createConnection: () => socket,
  });
  session.on('error', () => undefined); // its streams say so too
  return session;
}

/** Without a name the extension is left out. */
function tlsOf({ caller, serverName }: Asker) {
  if (caller === undefined) throw new Error('who has no certificate cannot connect by mTLS');
  const secureContext = contexts.get(caller) ?? createSecureContext(caller);
  contexts.set(caller, secureContext);
  return { rejectUnauthorized: false, servername: serverName, secureContext };
}

/** Reading a key costs more than the handshake. */
const contexts = new WeakMap<object, SecureContext>();

function grouped(headers: NativeRequest['headers']): Record<string, string[]> {
  const all: Record<string, string[]> = {};
  for (const [name, value] of headers) all[name] = [...(all[name] ?? []), value];
  return all;
}

/** Where the tree refuses, Envoy tells the action as the reason. */
function answerOf(headers: OutgoingHttpHeaders, status: number): Answer {
  const refused = /^rbac_access_denied_matched_policy\[(.*)\]$/.exec(String(headers['x-details'] ?? ''))?.[1];
  const revocation = String(headers['x-revocation'] ?? '');
  const action = refused ?? String(headers['x-action'] ?? '');
  return { status, action, revocation, rehearsed: rehearsedIn(headers), audited: auditedIn(headers) };
}

/** A second tree tells it, or Gatehouse. */
function rehearsedIn(headers: OutgoingHttpHeaders): string {
  const [, result] = /^n:\S* (\S+)$/.exec(String(headers['x-shadow'] ?? '')) ?? [];
  const told = String(headers['x-dry-run'] ?? '');
  return result === undefined ? told : result === 'allowed' ? 'allow' : 'deny';
}

function auditedIn(headers: OutgoingHttpHeaders): string {
  const [, marked] = /^n:audit\/(.+)$/.exec(String(headers['x-marked'] ?? '')) ?? [];
  const told = String(headers['x-audit'] ?? '');
  return marked ?? (told === '#' ? '' : told);
}

async function askTcp(port: number, who: Asker): Promise<Answer> {
  const open = await connected(port, who);
  return new Promise((resolve) => {
    const socket = connectTls({ socket: open, ...tlsOf(who) }, () => socket.write('hello'));
    const done = (status: number): void => {
      socket.destroy();
      resolve({ status, action: '', revocation: '', rehearsed: '', audited: '' });
    };
    socket
      .on('data', () => done(200))
      .on('close', () => done(403))
      .on('error', () => done(403));
  });
}
