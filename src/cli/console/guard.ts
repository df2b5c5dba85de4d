/**
 * What keeps other pages, other servers of this machine and names that only look like it away.
 * @module
 */
import type { IncomingHttpHeaders } from 'node:http';

/** Why a request is refused, in words for whoever looks; undefined: it is not. */
export function refusalOf(method: string, headers: IncomingHttpHeaders, port: number): string | undefined {
  const { host = '', origin, 'sec-fetch-site': site } = headers;
  const hosts = [`127.0.0.1:${port}`, `[::1]:${port}`, `localhost:${port}`];
  // A name that an attacker has made to mean this machine comes with that name.
  if (!hosts.includes(host))
    return `this is ${hosts[0]}, not ${host === '' ? 'a host without a name' : 'another host'}`;
  if (origin !== undefined && origin !== `http://${host}`) return 'another page may not ask here';
  if (method !== 'GET' && method !== 'HEAD' && origin === undefined && site === undefined)
    return 'only the page itself may ask here';
  // `none`: somebody followed the link, or wrote the address.
  if (site !== undefined && site !== 'same-origin' && !(site === 'none' && method === 'GET'))
    return 'another page may not ask here';
  return undefined;
}

/** Headers of every answer: nothing from outside, nothing inline, in no frame. */
export const pageHeaders: Readonly<Record<string, string>> = Object.freeze({
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "worker-src 'self'",
    'img-src data: blob:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types gatehouse',
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
});
