/**
 * Reads a kubeconfig: the context that is current, its cluster and its user.
 *
 * What it holds and we do not do is an error that names the field: credentials that are silently not used end in a refusal that nobody understands.
 * @module
 */
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { parse } from 'yaml';
import { GatehouseError } from '../../errors.ts';
import type { ClusterAccess } from './access.ts';
import type { ExecPlugin } from './exec-credential.ts';
import { isRecord } from './kubernetes-error.ts';
import { credentialsOf, type UserParts } from './user-credentials.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * The access that a kubeconfig gives by its current context. Relative paths are relative to the file, as everywhere.
 *
 * @throws GatehouseError `config_invalid`, naming the field
 */
export function kubeconfigAccess(path: string): ClusterAccess {
  const file = new Kubeconfig(path);
  const { cluster, user } = file.current();
  const server = file.server(cluster);
  const parts = file.user(user, cluster, server);
  return { server, credentials: credentialsOf(parts) };
}

class Kubeconfig {
  readonly #path: string;
  readonly #root: Fields;

  constructor(path: string) {
    this.#path = path;
    try {
      const root: unknown = parse(readFileSync(path, 'utf8'));
      if (!isRecord(root)) throw new Error('it is no map');
      this.#root = root;
    } catch (cause) {
      throw this.#wrong('', `cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
    }
  }

  #wrong(field: string, message: string, cause?: unknown): GatehouseError {
    const place = field === '' ? this.#path : `${this.#path}: ${field}`;
    return new GatehouseError('config_invalid', `${place} ${message}`, { path: this.#path, field }, { cause });
  }

  /** The cluster and the user of the current context. */
  current(): { readonly cluster: Fields; readonly user: Fields } {
    const name = this.#text(this.#root, 'current-context', 'current-context');
    if (name === '') throw this.#wrong('current-context', 'is not set: name a context (kubectl config use-context)');
    const context = this.#named('contexts', 'context', name);
    const cluster = this.#text(context, 'cluster', `contexts[${name}].context.cluster`);
    const user = this.#text(context, 'user', `contexts[${name}].context.user`);
    return { cluster: this.#named('clusters', 'cluster', cluster), user: this.#named('users', 'user', user) };
  }

  #named(list: string, field: string, name: string): Fields {
    const all = this.#root[list];
    const found = Array.isArray(all) ? all.find((each) => isRecord(each) && each['name'] === name) : undefined;
    const inside: unknown = isRecord(found) ? (found[field] ?? {}) : undefined;
    if (!isRecord(inside)) throw this.#wrong(list, `has no ${JSON.stringify(name)}, which the context wants`);
    return inside;
  }

  #text(from: Fields, field: string, place: string): string {
    const value = from[field] ?? '';
    if (typeof value !== 'string') throw this.#wrong(place, 'must be a text');
    return value;
  }

  server(cluster: Fields): string {
    const text = this.#text(cluster, 'server', 'cluster.server');
    const url = URL.parse(text);
    if (url === null) throw this.#wrong('cluster.server', `${JSON.stringify(text)} is no URL`);
    const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback))
      throw this.#wrong('cluster.server', 'must begin with https://, unless it is on loopback');
    if (cluster['insecure-skip-tls-verify'] === true)
      throw this.#wrong(
        'cluster.insecure-skip-tls-verify',
        'is refused: whoever stands in between could write policies; name the certificate-authority',
      );
    if (this.#text(cluster, 'proxy-url', 'cluster.proxy-url') !== '')
      throw this.#wrong('cluster.proxy-url', 'is not supported: reach the API server directly');
    return text.replace(/\/+$/, '');
  }

  user(user: Fields, cluster: Fields, server: string): UserParts {
    for (const field of ['auth-provider', 'username', 'password', 'as', 'as-uid', 'as-groups', 'as-user-extra'])
      if (user[field] !== undefined && user[field] !== null && user[field] !== '')
        throw this.#wrong(`user.${field}`, 'is not supported: use a token, a client certificate or exec');
    const cert = this.#pem(user, 'client-certificate', 'user');
    const key = this.#pem(user, 'client-key', 'user');
    if ((cert === undefined) !== (key === undefined))
      throw this.#wrong('user', 'has one of client-certificate and client-key, and needs both');
    const tokenFile = this.#text(user, 'tokenFile', 'user.tokenFile');
    const servername = this.#text(cluster, 'tls-server-name', 'cluster.tls-server-name');
    const ca = this.#pem(cluster, 'certificate-authority', 'cluster');
    return {
      ca,
      cert,
      key,
      servername: servername === '' ? undefined : servername,
      token: this.#text(user, 'token', 'user.token') || undefined,
      tokenFile: tokenFile === '' ? undefined : this.#absolute(tokenFile),
      exec: user['exec'] === undefined || user['exec'] === null ? undefined : this.#exec(user['exec'], cluster, server),
    };
  }

  /** `FIELD-data` (base64) wins over `FIELD`, a path. */
  #pem(from: Fields, field: string, place: string): UserParts['ca'] {
    const coded = this.#text(from, `${field}-data`, `${place}.${field}-data`);
    if (coded !== '') {
      const pem = Buffer.from(coded, 'base64').toString('utf8');
      if (!pem.includes('-----BEGIN ')) throw this.#wrong(`${place}.${field}-data`, 'holds no PEM in base64');
      return { text: pem };
    }
    const path = this.#text(from, field, `${place}.${field}`);
    return path === '' ? undefined : { path: this.#absolute(path) };
  }

  #absolute(path: string): string {
    return resolve(dirname(this.#path), path);
  }

  #exec(written: unknown, cluster: Fields, server: string): ExecPlugin {
    if (!isRecord(written)) throw this.#wrong('user.exec', 'must be a map');
    const apiVersion = this.#text(written, 'apiVersion', 'user.exec.apiVersion');
    if (!/^client\.authentication\.k8s\.io\/v1(beta1)?$/.test(apiVersion))
      throw this.#wrong('user.exec.apiVersion', `must be client.authentication.k8s.io/v1 or v1beta1`);
    const command = this.#text(written, 'command', 'user.exec.command');
    if (command === '') throw this.#wrong('user.exec.command', 'is missing');
    if (written['interactiveMode'] === 'Always')
      throw this.#wrong('user.exec.interactiveMode', 'is Always: nobody is here to be asked');
    const isPath = command.includes('/') && !isAbsolute(command);
    return {
      apiVersion,
      command: isPath ? this.#absolute(command) : command,
      args: this.#texts(written['args'] ?? [], 'user.exec.args'),
      env: this.#env(written['env'] ?? []),
      cluster: written['provideClusterInfo'] === true ? { ...cluster, server } : undefined,
      installHint: this.#text(written, 'installHint', 'user.exec.installHint'),
    };
  }

  #texts(value: unknown, place: string): string[] {
    if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value;
    throw this.#wrong(place, 'must be a list of texts');
  }

  #env(value: unknown): Record<string, string> {
    if (!Array.isArray(value)) throw this.#wrong('user.exec.env', 'must be a list of { name, value }');
    return Object.fromEntries(
      value.map((each: unknown) => {
        if (isRecord(each) && typeof each['name'] === 'string' && typeof each['value'] === 'string')
          return [each['name'], each['value']];
        throw this.#wrong('user.exec.env', 'must be a list of { name, value }');
      }),
    );
  }
}
