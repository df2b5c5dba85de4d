/**
 * Gets the key set of one source, once.
 * @module
 */
import { fileURLToPath } from 'node:url';
import { asGatehouseError, GatehouseError } from '../../errors.ts';
import { FileRefused, readRegularFile } from '../../lib/regular-file.ts';
import type { KeySource } from '../../policy/model.ts';
import { excessOf, type KeyWork } from '../../policy/token-limits.ts';
import type { Claims } from '../jwt/claims.ts';
import { maxBodyBytes } from './http-get.ts';
import { importKeySet, keyEntries } from './import-keys.ts';

/** Gets a document over HTTP; rejects with a GatehouseError. */
export type Get = (uri: string) => Promise<string>;

/**
 * The JWKS text of a source: as it stands, from a `file:` or http(s) address, or by OpenID Connect discovery at the issuer.
 *
 * @throws GatehouseError `unreachable` (cannot be had) or `key_invalid` (is no key set)
 */
export async function fetchKeySet(source: KeySource, get: Get): Promise<string> {
  if (source.from === 'inline') return source.jwks;
  if (source.from === 'discovery') return demandKeys(...(await discover(source.issuer, get)));
  return source.uri.startsWith('file:')
    ? demandKeys(source.uri, await readSmallFile(source.uri))
    : demandKeys(source.uri, await get(source.uri));
}

/** OpenID Connect Discovery 1.0 §4; one slash at the end of the issuer does not count. */
async function discover(issuer: string, get: Get): Promise<[uri: string, text: string]> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const uri = jwksUriIn(await get(address));
  if (uri === undefined) {
    throw new GatehouseError('key_invalid', `${address}: the answer is no JSON object with a text named jwks_uri`, {
      uri: address,
    });
  }
  return [uri, await get(uri)];
}

function jwksUriIn(text: string): string | undefined {
  try {
    const document: unknown = JSON.parse(text);
    const uri =
      typeof document === 'object' && document !== null
        ? Object.entries(document).find(([name]) => name === 'jwks_uri')?.[1]
        : undefined;
    return typeof uri === 'string' ? uri : undefined;
  } catch {
    return undefined;
  }
}

/** A set in which no key can be used is refused here already, so that it does not take the place of a good one. */
async function demandKeys(uri: string, text: string): Promise<string> {
  const entries = keyEntries(text);
  if (entries === undefined) {
    throw new GatehouseError('key_invalid', `${uri}: the answer is no JSON object with a list named keys`, { uri });
  }
  const excess = excessOf(Buffer.byteLength(text), entries.map(workOf));
  if (excess !== undefined) throw new GatehouseError('key_invalid', `${uri}: the key set ${excess}`, { uri });
  const { keys } = await importKeySet(text);
  if (keys.length > 0) return text;
  throw new GatehouseError('key_invalid', `${uri}: the list named keys holds no key that can verify a token`, { uri });
}

function workOf(key: Claims): KeyWork {
  const [kid, n] = [key.get('kid'), key.get('n')];
  return {
    kid: typeof kid === 'string' ? kid : undefined,
    modulusLength: key.get('kty') === 'RSA' && typeof n === 'string' ? n.length : 0,
  };
}

async function readSmallFile(uri: string): Promise<string> {
  try {
    return (await readRegularFile(fileURLToPath(uri), maxBodyBytes)).toString('utf8');
  } catch (thrown) {
    if (thrown instanceof FileRefused && thrown.code === 'EFBIG')
      throw new GatehouseError('key_invalid', `${uri}: the file is longer than ${maxBodyBytes} bytes`, { uri });
    throw new GatehouseError('unreachable', `${uri}: ${asGatehouseError(thrown).message}`, { uri }, { cause: thrown });
  }
}
