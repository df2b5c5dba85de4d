/**
 * A bundle endpoint that answers whatever a test wants, with a certificate of openssl.
 * @module
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { newEcKey, openssl } from './openssl.ts';
import type { TempDir } from './temp-dir.ts';

export interface BundleServer extends AsyncDisposable {
  /** `https://localhost:PORT/` */
  readonly url: string;
  readonly port: number;
  /** Requests that have come. */
  readonly asked: () => number;
  answer: RequestListener;
}

/** A self-signed certificate for localhost and 127.0.0.1, perhaps with a SPIFFE ID; files `NAME.pem`, `NAME.key`. */
export function makeWebCertificate(dir: TempDir, name: string, names = 'DNS:localhost,IP:127.0.0.1'): void {
  const made = openssl([
    ...['req', '-x509', ...newEcKey, '-days', '1'],
    ...['-subj', `/CN=${name}`, '-addext', `subjectAltName=${names}`],
    ...['-keyout', dir.at(`${name}.key`), '-out', dir.at(`${name}.pem`)],
  ]);
  if (!made.ok) throw new Error(made.text);
}

/** Opens one that shows these PEM files. */
export async function startBundleServer(dir: TempDir, name: string): Promise<BundleServer> {
  let asked = 0;
  const server = createServer(
    { cert: readFileSync(dir.at(`${name}.pem`)), key: readFileSync(dir.at(`${name}.key`)) },
    (request, response) => {
      asked++;
      made.answer(request, response);
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // TCP
  const made: BundleServer = {
    url: `https://localhost:${port}/`,
    port,
    asked: () => asked,
    answer: (_, response) => void response.writeHead(503).end(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return made;
}
