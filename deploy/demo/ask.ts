/**
 * Asks something of the mesh, and finds what the server's sidecar logged about it.
 * @module
 */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { connect } from 'node:tls';
import { eventually } from '../../test/support/eventually.ts';
import type { Mesh } from './mesh.ts';

export interface Question {
  readonly from: 'productpage' | 'reviews';
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One line of the access log, the parts that the demo shows. */
export interface LogLine {
  readonly request_id?: string;
  readonly decision_id?: string;
  readonly caller?: string;
  readonly caller_serial?: string;
  readonly details?: string;
  readonly reason?: string | null;
  readonly policy?: string | null;
  readonly rule?: number | null;
  readonly handshake_failure?: string;
}

export interface Answer {
  readonly status: number;
  readonly log: LogLine;
}

const keepAlive = new Agent({ keepAlive: true });

/** Sends one request by a client application and waits until the sidecar of details has logged it. */
export async function ask(mesh: Mesh, question: Question): Promise<Answer> {
  const id = randomUUID();
  const status = await send(mesh, question, id);
  // Envoy marks its tracing decision in the third group of the ID
  const log = await logLine(mesh, (line) => line.request_id?.slice(0, 13) === id.slice(0, 13));
  return { status, log };
}

/** Sends one request and answers its status; 0 if the connection broke. */
export function send(mesh: Mesh, { from, method, path, headers }: Question, id: string): Promise<number> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port: mesh.appPort(from), method, path, agent: keepAlive };
    request({ ...options, headers: { ...headers, host: 'details', 'x-request-id': id } }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    })
      .on('error', () => resolve(0))
      .end();
  });
}

/** Connects to details' sidecar without a certificate; answers how far it got. */
export function askWithoutCertificate(mesh: Mesh): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: mesh.detailsPort, rejectUnauthorized: false }, () => {
      socket.write('GET /details/1 HTTP/1.1\r\nhost: details\r\n\r\n');
    });
    socket.on('data', (bytes) => resolve(bytes.toString('latin1').split('\r\n')[0] ?? ''));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === undefined ? error.message : error.code),
    );
    socket.on('close', () => resolve('closed'));
  });
}

/** Waits for a line of details' access log. */
export function logLine(mesh: Mesh, wanted: (line: LogLine) => boolean): Promise<LogLine> {
  return eventually('the access log has the line', async () => (await logLines(mesh)).find(wanted));
}

/** All whole lines of details' access log. */
export async function logLines(mesh: Mesh): Promise<readonly LogLine[]> {
  const text = await readFile(mesh.detailsLog, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as LogLine); // Envoy's json_format
}
