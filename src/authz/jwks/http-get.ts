/**
 * Gets one small document over HTTP, with every bound that a document of unknown origin needs.
 * @module
 */
import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { GatehouseError } from '../../errors.ts';
import { readAtMost } from '../../lib/read-at-most.ts';
import type { AddressGuard } from './address-guard.ts';

/** All addresses of a host name, as the resolver of the system sees them. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

/** Bounds of one GET. */
export interface HttpGetOptions {
  readonly guard: AddressGuard;
  /** For the whole of it, redirects included. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly resolve?: Resolve;
  /** How each TLS connection is verified, after redirects too; absent: by the system's authorities. */
  readonly tls?: Pick<ConnectionOptions, 'ca' | 'checkServerIdentity' | 'allowPartialTrustChain'>;
  /** Whether an address is https that says whom to ask and nothing else; others are refused, also where a redirect leads. */
  readonly httpsOnly?: boolean;
  /** Somebody who answers for it has named this very host and port: it may be asked although the guard keeps others out. */
  readonly isNamed?: (url: URL) => boolean;
}

/** Longest body that is read. */
export const maxBodyBytes = 1024 * 1024;
const maxRedirects = 5;
const redirects = new Set([301, 302, 303, 307, 308]);

/**
 * Gets a document as text. Addresses are checked at every connection, after every redirect; https is never left for http.
 *
 * @throws GatehouseError `unreachable`; the message says what to correct
 */
export async function httpGet(uri: string, options: HttpGetOptions): Promise<string> {
  const deadline = AbortSignal.timeout(options.timeoutMs);
  const signal = AbortSignal.any([options.signal, deadline]);
  let url = parseUrl(uri, options);
  try {
    for (let hops = 0; ; hops++) {
      const answer = await getOnce(url, options, signal);
      if (typeof answer === 'string') return answer;
      if (hops === maxRedirects) throw unreachable(uri, `more than ${maxRedirects} redirects`);
      const next = parseUrl(new URL(answer.location, url).href, options);
      if (url.protocol === 'https:' && next.protocol === 'http:')
        throw unreachable(uri, `a redirect leaves https for ${next.href}`);
      url = next;
    }
  } catch (thrown) {
    if (thrown instanceof GatehouseError) throw thrown;
    if (deadline.aborted) throw unreachable(uri, `no answer within ${options.timeoutMs} ms`);
    throw unreachable(uri, thrown instanceof Error ? thrown.message || thrown.name : 'unknown', thrown);
  }
}

interface Redirect {
  readonly location: string;
}

function getOnce(url: URL, options: HttpGetOptions, signal: AbortSignal): Promise<string | Redirect> {
  return new Promise((resolve, reject) => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0 && !mayConnect(url, host, options)) return reject(denied(url, host));
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      agent: false,
      signal,
      lookup: guardedLookup(url, options),
      ...options.tls,
      rejectUnauthorized: true, // whatever the environment says
      headers: { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'gatehouse' },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      const status = response.statusCode ?? 0;
      const { location } = response.headers;
      if (redirects.has(status) && location !== undefined) {
        response.destroy();
        return resolve({ location });
      }
      if (status !== 200) {
        response.destroy();
        return reject(unreachable(url.href, `it answered with status ${status}`));
      }
      const encoding = response.headers['content-encoding'] ?? 'identity';
      if (encoding.trim().toLowerCase() !== 'identity') {
        response.destroy();
        return reject(unreachable(url.href, `it answered in the encoding ${encoding}, which nobody had asked for`));
      }
      readBody(url, response).then(resolve, reject);
    });
    request.end();
  });
}

async function readBody(url: URL, response: IncomingMessage): Promise<string> {
  const body = await readAtMost(response, maxBodyBytes);
  if (body === undefined) throw unreachable(url.href, `the answer is longer than ${maxBodyBytes} bytes`);
  return body.toString('utf8');
}

/** Resolves and hands on only what may be connected to: the address that was checked is the one that is used. */
function guardedLookup(url: URL, options: HttpGetOptions): LookupFunction {
  const { resolve = resolveAll } = options;
  return (host, { all }, done) => {
    resolve(host).then(
      (addresses) => {
        const passed = addresses.filter(({ address }) => mayConnect(url, address, options));
        const [first] = passed;
        if (first === undefined) done(denied(url, addresses.map(({ address }) => address).join(', ')), '');
        else if (all === true)
          done(
            null,
            passed.map(({ address, family }) => ({ address, family })),
          );
        else done(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => done(error, ''),
    );
  };
}

const mayConnect = (url: URL, address: string, { guard, isNamed }: HttpGetOptions): boolean =>
  guard(address) || isNamed?.(url) === true;

const resolveAll: Resolve = (host) =>
  new Promise((resolve, reject) => {
    dnsLookup(host, { all: true }, (error, addresses) => (error === null ? resolve(addresses) : reject(error)));
  });

function parseUrl(uri: string, { httpsOnly = false }: HttpGetOptions): URL {
  const url = URL.parse(uri);
  if (httpsOnly && (url?.protocol !== 'https:' || url.username !== '' || url.password !== ''))
    throw unreachable(uri, 'it is no https address without a user in it');
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw unreachable(uri, 'it is no http or https address');
  }
  return url;
}

const denied = (url: URL, addresses: string): GatehouseError =>
  unreachable(
    url.href,
    `${url.hostname} is at ${addresses || 'no address'}, which jwks.denyNetworks forbids; if it is meant, name it in jwks.allowNetworks`,
  );

const unreachable = (uri: string, why: string, cause?: unknown): GatehouseError =>
  new GatehouseError('unreachable', `${uri}: ${why}`, { uri, why }, cause === undefined ? undefined : { cause });
