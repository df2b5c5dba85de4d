/**
 * Which version of a proxy there is, and which can be made safe.
 * @module
 */
import { spawnSync } from 'node:child_process';
import type { CallerName } from '../../authz/http/dialect.ts';
import { GatehouseError } from '../../errors.ts';

/** Major, minor, patch. */
export type Version = readonly [number, number, number];

interface Known {
  /** What prints the version. */
  readonly asks: readonly string[];
  readonly finds: RegExp;
  /** A version and what older ones do: the first row that a version is not older than is looked at no further. */
  readonly refused: readonly { readonly from: Version; readonly before: Version; readonly why: string }[];
  /** What the program has to be built with. */
  readonly built?: { readonly with: RegExp; readonly why: string };
}

const anything: Version = [0, 0, 0];

const known: Readonly<Record<CallerName, Known>> = {
  nginx: {
    asks: ['-V'],
    finds: /nginx\/(\d+)\.(\d+)\.(\d+)/,
    refused: [
      {
        from: anything,
        before: [1, 15, 3],
        why: 'it cannot say a certificate whole, or closes idle connections too late',
      },
    ],
    built: { with: /--with-http_auth_request_module/, why: 'it is built without ngx_http_auth_request_module' },
  },
  caddy: {
    asks: ['version'],
    finds: /^v?(\d+)\.(\d+)\.(\d+)/m,
    refused: [{ from: anything, before: [2, 6, 0], why: 'its forward_auth was not tried, or is not there' }],
  },
  traefik: {
    asks: ['version'],
    finds: /Version:\s+v?(\d+)\.(\d+)\.(\d+)/,
    refused: [
      {
        from: anything,
        before: [2, 11, 9],
        why: 'a client takes X-Forwarded-… away by naming it in Connection (CVE-2024-45410)',
      },
      {
        from: [3, 0, 0],
        before: [3, 1, 3],
        why: 'a client takes X-Forwarded-… away by naming it in Connection (CVE-2024-45410)',
      },
    ],
  },
  haproxy: {
    asks: ['-v'],
    finds: /version (\d+)\.(\d+)\.(\d+)/,
    refused: [{ from: anything, before: [2, 6, 0], why: 'the HTTP client of its Lua was not tried, or is not there' }],
  },
  envoy: {
    asks: ['--version'],
    finds: /\/(\d+)\.(\d+)\.(\d+)[^/]*\//,
    refused: [
      { from: anything, before: [1, 36, 10], why: 'known ways past a filter' },
      { from: [1, 37, 0], before: [1, 37, 6], why: 'known ways past a filter' },
      { from: [1, 38, 0], before: [1, 38, 4], why: 'known ways past a filter' },
      { from: [1, 39, 0], before: [1, 39, 1], why: 'known ways past a filter' },
    ],
  },
};

/** Proxies that a configuration is printed for. */
export const proxies = Object.keys(known) as readonly CallerName[]; // the keys of the table

/** Tells whether `a` is older than `b`. */
export function isOlder(a: Version, b: Version): boolean {
  for (let i = 0; i < 3; i++) if (a[i] !== b[i]) return a[i]! < b[i]!;
  return false;
}

/**
 * The version that is said, or that the program itself says.
 *
 * @throws GatehouseError `config_invalid` for a text that is none, `not_found` for a program that is not there or says nothing,
 *   `not_supported` for a version that cannot be made safe
 */
export function versionOf(proxy: CallerName, said: string | undefined, program: string): Version {
  const version = said === undefined ? askedOf(proxy, program) : parsed(said);
  const refused = known[proxy].refused.find(({ from, before }) => !isOlder(version, from) && isOlder(version, before));
  if (refused !== undefined)
    throw new GatehouseError(
      'not_supported',
      `${proxy} ${version.join('.')} cannot be made safe: ${refused.why}; use ${refused.before.join('.')} or newer`,
    );
  return version;
}

function parsed(said: string): Version {
  const match = /^v?(\d+)\.(\d+)(?:\.(\d+))?$/.exec(said);
  if (match === null)
    throw new GatehouseError('config_invalid', `--proxy-version ${JSON.stringify(said)}: write it as 1.22.1`);
  return [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
}

function askedOf(proxy: CallerName, program: string): Version {
  const { asks, finds, built } = known[proxy];
  const { stdout, stderr, error } = spawnSync(program, asks, { encoding: 'utf8', timeout: 10_000 });
  if (error !== undefined)
    throw new GatehouseError(
      'not_found',
      `${program} cannot be run (${error.message}); say --proxy-version or --proxy-program`,
    );
  const text = `${stdout}\n${stderr}`;
  const match = finds.exec(text);
  if (match === null) throw new GatehouseError('not_found', `${program} does not say its version; say --proxy-version`);
  if (built !== undefined && !built.with.test(text))
    throw new GatehouseError('not_supported', `${program}: ${built.why}`);
  return [Number(match[1]), Number(match[2]), Number(match[3])];
}
