/**
 * Who may ask an API server of ours: users by certificate of its client CA, and accounts by token.
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { newEcKey, openssl } from '../openssl.ts';
import type { TempDir } from '../temp-dir.ts';
import { type ApiClient, apiClient, type Credentials } from './api-client.ts';

/** Somebody whom the API server knows. */
export interface User extends Credentials {
  /** Path of a kubeconfig of this user alone. */
  readonly kubeconfig: string;
  readonly api: ApiClient;
}

/** Makes a CA whose certificates are believed; answers the path of its certificate. */
export function makeClientCa(dir: TempDir): string {
  issue(dir, 'clients', '/CN=clients', []);
  return dir.at('clients.pem');
}

/** A certificate of a user of these groups. */
export function certificateOf(dir: TempDir, name: string, groups: readonly string[]): Credentials {
  const file = fileName(name);
  const subject = [...groups.map((group) => `/O=${group}`), `/CN=${name}`].join('');
  issue(dir, file, subject, ['-CA', dir.at('clients.pem'), '-CAkey', dir.at('clients.key')]);
  return { cert: readFileSync(dir.at(`${file}.pem`), 'utf8'), key: readFileSync(dir.at(`${file}.key`), 'utf8') };
}

/** A user with a kubeconfig. @param ca  PEM of whom the server's certificate is trusted by */
export function userOf(dir: TempDir, url: string, ca: string, name: string, credentials: Credentials): User {
  const { cert, key, token } = credentials;
  const base64 = (pem: string | undefined) => pem && Buffer.from(pem).toString('base64');
  const user = { 'client-certificate-data': base64(cert), 'client-key-data': base64(key), token };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'judge',
    clusters: [{ name: 'judge', cluster: { server: url, 'certificate-authority-data': base64(ca) } }],
    users: [{ name, user }],
    contexts: [{ name: 'judge', context: { cluster: 'judge', user: name } }],
  };
  const kubeconfig = dir.at(`${fileName(name)}.kubeconfig`);
  writeFileSync(kubeconfig, JSON.stringify(config), { mode: 0o600 }); // JSON is YAML
  return { ...credentials, kubeconfig, api: apiClient(url, ca, credentials) };
}

const fileName = (name: string): string => name.replaceAll(/[^\w.-]/g, '_');

function issue(dir: TempDir, file: string, subject: string, by: readonly string[]): void {
  const made = openssl([
    ...['req', '-x509', ...newEcKey, '-days', '2'],
    ...['-subj', subject, '-keyout', dir.at(`${file}.key`), '-out', dir.at(`${file}.pem`), ...by],
    ...(by.length === 0
      ? []
      : ['-addext', 'basicConstraints=critical,CA:FALSE', '-addext', 'extendedKeyUsage=clientAuth']),
  ]);
  if (!made.ok) throw new Error(`openssl req for ${subject}:\n${made.text}`);
}
