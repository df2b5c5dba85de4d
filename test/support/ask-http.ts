/**
 * Asks a server over TLS, by HTTP/1.1 or HTTP/2, or without TLS by HTTP/1.1, exactly what a test says.
 * @module
 */
import { request as plainRequest } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { type Agent, request } from 'node:https';
import type { ClientIdentity } from './svid-of.ts';

export interface HttpQuestion {
  readonly port: number;
  /** Undefined: no client certificate. */
  readonly identity?: ClientIdentity;
  readonly version: 'http1' | 'http2' | 'plain';
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An address of this machine to call from; without it loopback. Not by HTTP/2. */
  readonly from?: string;
  /** Keeps connections; without it each question has one of its own. Of HTTP/1.1 over TLS alone. */
  readonly agent?: Agent;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** Rejects with the TLS or socket error if no answer comes. */
export function askHttp(question: HttpQuestion): Promise<HttpAnswer> {
  return question.version === 'http2' ? askHttp2(question) : askHttp1(question);
}

// the server shows a SPIFFE ID and no host name; the client's trust in it is not what these tests are about
const tlsOf = (identity: ClientIdentity | undefined) => ({
  ...(identity && { cert: identity.cert, key: identity.key }),
  rejectUnauthorized: false,
});

function askHttp1(question: HttpQuestion): Promise<HttpAnswer> {
  const { port, version, identity, method = 'GET', path = '/', headers, from: localAddress, agent = false } = question;
  return new Promise((resolve, reject) => {
    const options = { ...tlsOf(identity), host: '127.0.0.1', port, method, path, headers, localAddress, agent };
    const send = version === 'plain' ? plainRequest : request;
    send(options, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .on('error', reject)
      .end();
  });
}

function askHttp2({ port, identity, method = 'GET', path = '/', headers }: HttpQuestion): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(`https://127.0.0.1:${port}`, tlsOf(identity));
    session.on('error', reject);
    const stream = session.request({ ':method': method, ':path': path, ...headers });
    let status = 0;
    let body = '';
    stream.on('response', (answered) => {
      status = Number(answered[':status']);
    });
    stream.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    stream.on('error', reject);
    stream.on('end', () => {
      session.close();
      resolve({ status, body });
    });
    stream.end();
  });
}
