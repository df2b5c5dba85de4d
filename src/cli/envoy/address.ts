/**
 * Reads the addresses on a command line and writes them as Envoy does.
 * @module
 */
import { isIP } from 'node:net';
import { GatehouseError } from '../../errors.ts';
import type { JsonObject } from './json.ts';

/** Where somebody listens. */
export type Address =
  | { readonly kind: 'socket'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** The longest path that the kernel takes for a unix socket. */
const MAX_UNIX_PATH_BYTES = 107;

/**
 * Parses `HOST:PORT`, `[V6]:PORT` or `unix:PATH`.
 *
 * @param flag  named in the error, e.g. `--listen`
 * @throws GatehouseError `config_invalid`
 */
export function parseAddress(text: string, flag: string): Address {
  if (text.startsWith('unix:')) return parseUnix(text.slice('unix:'.length), flag);
  const match = /^(?:\[([0-9A-Fa-f:.%a-z]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65535 || (match?.[1] !== undefined && isIP(host) !== 6)) {
    throw invalid(flag, `${JSON.stringify(text)} is not HOST:PORT, [IPV6]:PORT or unix:PATH`, text);
  }
  return { kind: 'socket', host, port };
}

/**
 * Parses an address that is connected to: as `parseAddress`, but port 0 is none.
 *
 * @throws GatehouseError `config_invalid`
 */
export function parseTarget(text: string, flag: string): Address {
  const address = parseAddress(text, flag);
  if (address.kind === 'socket' && address.port === 0) throw invalid(flag, 'nobody can be reached at port 0', text);
  return address;
}

function parseUnix(path: string, flag: string): Address {
  if (path === '') throw invalid(flag, 'unix: needs a path', path);
  if (Buffer.byteLength(path) > MAX_UNIX_PATH_BYTES) {
    throw invalid(flag, `the path has more than ${MAX_UNIX_PATH_BYTES} bytes, which no unix socket may have`, path);
  }
  return { kind: 'unix', path };
}

/** Whether only this machine can reach it. */
export function isLocal(address: Address): boolean {
  return (
    address.kind === 'unix' ||
    address.host === 'localhost' ||
    address.host === '::1' ||
    (isIP(address.host) === 4 && address.host.startsWith('127.'))
  );
}

/** Whether Envoy must ask DNS for it. */
export function isName(address: Address): boolean {
  return address.kind === 'socket' && isIP(address.host) === 0;
}

/** `envoy.config.core.v3.Address`. */
export function envoyAddress(address: Address): JsonObject {
  return address.kind === 'unix'
    ? { pipe: { path: address.path } }
    : { socket_address: { address: address.host, port_value: address.port } };
}

/** The error of a flag that cannot be used as given. */
export function invalid(flag: string, why: string, value: string): GatehouseError {
  return new GatehouseError('config_invalid', `${flag}: ${why}`, { flag, value });
}
