/**
 * The kinds of field that `gatehouse.yaml` is made of: each checks its text and says in one sentence what it wants.
 * They stay what was written; `resolve.ts` turns them into values, so that `config print` can show them as people write them.
 * @module
 */
import * as z from 'zod';
import { GatehouseError } from '../errors.ts';
import { parseCidr } from '../lib/ip-address.ts';
import { parseSelector } from '../spiffe/selector.ts';
import { parseSpiffeId } from '../spiffe/spiffe-id.ts';
import { parseTrustDomain } from '../spiffe/trust-domain.ts';
import { DURATION_PATTERN } from './duration.ts';

/** A string that `parse` accepts; what it throws is the message. */
function parsedBy(parse: (text: string) => unknown): z.ZodString {
  return z.string().check((context) => {
    try {
      parse(context.value);
    } catch (thrown) {
      if (!(thrown instanceof GatehouseError)) throw thrown;
      context.issues.push({ code: 'custom', input: context.value, message: thrown.message });
    }
  });
}

/** A duration that may be nothing. */
export const durationOrNone = z
  .string()
  .regex(DURATION_PATTERN, 'not a duration: write a number and ms, s, m, h or d, such as 5m; 0s is none')
  .meta({ description: 'A duration: 0s, 300ms, 5m.' });

/** `300ms`, `5m`, `1h`, `30d`; not zero. */
export const duration = z
  .string()
  .regex(DURATION_PATTERN, 'not a duration: write a number and ms, s, m, h or d, such as 5m')
  .refine((text) => !text.startsWith('0'), 'a duration of nothing makes no sense here')
  .meta({ description: 'A duration: 300ms, 5m, 1h, 30d.' });

/** A SPIFFE ID (SPIFFE-ID §2). */
export const spiffeId = parsedBy(parseSpiffeId).meta({ description: 'spiffe://trust-domain/path' });
/** A trust domain's name (SPIFFE-ID §2.1). */
export const trustDomain = parsedBy(parseTrustDomain);
/** A selector of processes, such as `unix:uid:1000`. */
export const selector = parsedBy(parseSelector);

/** An address or a network, of IPv4 or IPv6. */
export const cidr = z
  .string()
  .refine((text) => parseCidr(text) !== undefined, 'not an address or network: write 10.0.0.7, 10.0.0.0/8 or fd00::/8');

/** A path; a relative one starts at the configuration file. */
export const path = z.string().min(1, 'a path cannot be empty');

/** A Kubernetes name: of a namespace, of a service account. */
export const kubernetesName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/, 'not a name: lower-case letters, digits, - and .');

/** A DNS name, perhaps with `*` as its first label. */
export const dnsName = z
  .string()
  .max(253)
  .regex(
    /^(\*\.)?[A-Za-z0-9_]([-A-Za-z0-9_]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([-A-Za-z0-9_]{0,61}[A-Za-z0-9_])?)*$/,
    'not a DNS name',
  );

/** Permission bits as `chmod` has them, quoted or not. */
const mode = z
  .union([z.string().regex(/^0?o?[0-7]{3}$/), z.int()], {
    error: 'not permission bits: write them as chmod has them, such as 0660',
  })
  .meta({ description: 'Permission bits, octal: 0660.' });

/** A user or group of this machine. */
export const account = z.union([z.string().min(1), z.int().min(0)]).meta({ description: 'Name or number.' });

/** A unix socket with its guard. */
export const unixSocket = z.strictObject({
  path: path.describe('Where the socket lies; at most 107 bytes.'),
  mode: mode.optional(),
  owner: account.optional(),
  group: account.optional(),
});

const UNIX = /^unix:.+$/;
const TCP = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/;

const UNIX_WANTED = 'must be a unix socket: unix:PATH or { path, mode, owner, group }';
const ANY_WANTED = 'must be unix:PATH, { path, mode, owner, group }, ADDRESS:PORT or { address, tls }';

const unixText = z.string().regex(UNIX, UNIX_WANTED);
const isTcp = (text: string): boolean => TCP.test(text) && Number(TCP.exec(text)![2]) <= 65_535;
const addressText = z.string().refine((text) => UNIX.test(text) || isTcp(text), ANY_WANTED);

/** A TCP address with its TLS said. */
const tcpSocket = z.strictObject({
  address: z.string().refine(isTcp, 'must be ADDRESS:PORT').describe('ADDRESS:PORT'),
  tls: z.boolean().optional().describe('mTLS with an SVID of our own; false only on loopback.'),
});

/** A listener that must be a unix socket. */
export const unixListener = z
  .union([unixText, unixSocket], { error: UNIX_WANTED })
  .meta({ description: 'unix:PATH or { path, mode, owner, group }.' });

/** A listener of either kind. */
export const anyListener = z
  .union([addressText, unixSocket, tcpSocket], { error: ANY_WANTED })
  .meta({ description: 'unix:PATH, { path, mode, owner, group }, ADDRESS:PORT or { address, tls }.' });

/** One listener of either kind, or several. */
export const anyListeners = z
  .union([addressText, unixSocket, tcpSocket, z.array(anyListener).min(1, 'must have at least one address').max(16)], {
    error: `${ANY_WANTED}, or a list of them`,
  })
  .meta({
    description: 'unix:PATH, { path, mode, owner, group }, ADDRESS:PORT or { address, tls }, or a list of them.',
  });

/** A listener that must be TCP. */
export const tcpListener = z.string().refine(isTcp, 'must be ADDRESS:PORT').meta({ description: 'ADDRESS:PORT' });

/** A TCP listener whose callers show no certificate; what we show is an SVID of our own, or what is in files. */
export const oneSidedListener = z
  .union(
    [
      z.string().refine(isTcp, 'must be ADDRESS:PORT'),
      z.strictObject({
        address: z.string().refine(isTcp, 'must be ADDRESS:PORT').describe('ADDRESS:PORT'),
        tls: z
          .strictObject({
            cert: z.string().prefault('').describe('PEM file, leaf first. Empty: an SVID of our own.'),
            key: z.string().prefault('').describe('PEM file of its key.'),
          })
          .refine(({ cert, key }) => (cert === '') === (key === ''), 'must name both cert and key, or neither')
          .prefault({})
          .describe('What is shown in place of an SVID of our own; read again when it changes.'),
      }),
    ],
    { error: 'must be ADDRESS:PORT or { address, tls: { cert, key } }' },
  )
  .meta({ description: 'ADDRESS:PORT, or { address, tls: { cert, key } }.' });

/**
 * What tokens say of who made them, and where its keys are found (OpenID Connect Discovery §3, §4.1): clients compare it octet for
 * octet, and most of them refuse a slash at its end or take it for another issuer.
 */
export const issuer = z
  .string()
  .refine((text) => text === '' || isIssuer(text), 'must be https://HOST[:PORT][/PATH] without a slash at its end')
  .meta({ description: 'https://HOST[:PORT][/PATH], no slash at its end.' });

function isIssuer(text: string): boolean {
  const url = URL.parse(text);
  return (
    url?.protocol === 'https:' &&
    url.username === '' &&
    `${url.origin}${url.pathname === '/' ? '' : url.pathname}` === text &&
    !text.endsWith('/')
  );
}

/** Where an authority is: one address or several, with commas between. */
export const authorityAddress = z
  .string()
  .refine(
    (text) => text === '' || splitAddresses(text).every((each) => UNIX.test(each) || isTcp(each)),
    'must be HOST:PORT or unix:PATH, or several of them with commas between',
  );

/** The addresses of a list. */
export function splitAddresses(text: string): readonly string[] {
  return text === '' ? [] : text.split(',').map((each) => each.trim());
}

/** Splits `ADDRESS:PORT`; brackets of an IPv6 address are dropped. Undefined if the text is a unix address. */
export function splitTcp(text: string): { host: string; port: number } | undefined {
  const match = UNIX.test(text) ? null : TCP.exec(text);
  return match ? { host: match[1]!.replace(/^\[|\]$/g, ''), port: Number(match[2]) } : undefined;
}
