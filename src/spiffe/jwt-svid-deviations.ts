/**
 * Every rule of the JWT-SVID standard that a token breaks, by its header and claims; its signature is no matter here.
 * @module
 */
import { GatehouseError } from '../errors.ts';
import { broken, type Deviation, unadvised } from './deviation.ts';
import { parseSpiffeId, pathOf } from './spiffe-id.ts';

/** Parts of a token, decoded and not believed. */
export interface TokenParts {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512'];
const HEADERS: ReadonlySet<string> = new Set(['alg', 'kid', 'typ']);

/** What a token breaks. @see JWT-SVID §2, §3; RFC 7519 §4.1 */
export function tokenDeviations({ header, claims }: TokenParts): readonly Deviation[] {
  return [...headerDeviations(header), ...subjectDeviations(claims['sub']), ...claimDeviations(claims)];
}

function headerDeviations(header: TokenParts['header']): Deviation[] {
  const { alg, kid, typ } = header;
  const found = Object.keys(header)
    .filter((name) => !HEADERS.has(name))
    .map((name) => broken('JWT-SVID §2', `header ${JSON.stringify(name)} is not allowed`));
  if (typeof alg !== 'string' || !ALGORITHMS.includes(alg))
    found.push(broken('JWT-SVID §2.1', `alg is ${textOf(alg)}: one of ${ALGORITHMS.join(', ')} is wanted`));
  if (kid === undefined || kid === '')
    found.push(unadvised('JWT-SVID §2.2', 'it names no key (kid): that is allowed, but most validators refuse it'));
  else if (typeof kid !== 'string') found.push(broken('JWT-SVID §2.2', `kid is ${textOf(kid)}, no text`));
  if (typ !== undefined && typ !== 'JWT' && typ !== 'JOSE')
    found.push(broken('JWT-SVID §2.3', `typ is ${textOf(typ)}: JWT or JOSE is wanted, or nothing`));
  return found;
}

function subjectDeviations(sub: unknown): Deviation[] {
  if (typeof sub !== 'string') return [broken('JWT-SVID §3.1', 'it has no subject (sub)')];
  try {
    return pathOf(parseSpiffeId(sub)) === ''
      ? [broken('JWT-SVID §3.1', `its subject ${sub} has no path: that is the trust domain, no workload`)]
      : [];
  } catch (thrown) {
    if (!(thrown instanceof GatehouseError)) throw thrown;
    return [broken('JWT-SVID §3.1', `its subject: ${thrown.message}`)];
  }
}

function claimDeviations({ aud, exp, iat, nbf }: TokenParts['claims']): Deviation[] {
  const audiences = (Array.isArray(aud) ? aud : aud === undefined ? [] : [aud]) as unknown[];
  const found: Deviation[] = [];
  if (audiences.length === 0) found.push(broken('JWT-SVID §3.2', 'it names nobody as audience (aud)'));
  else if (audiences.some((each) => typeof each !== 'string' || each === ''))
    found.push(broken('JWT-SVID §3.2', `its audience is ${textOf(aud)}: a text or a list of texts is wanted`));
  else if (audiences.length > 1)
    found.push(unadvised('JWT-SVID §3.2', `${audiences.length} audiences: each can use it with the others`));
  if (exp === undefined) found.push(broken('JWT-SVID §3.3', 'it never expires (no exp)'));
  for (const [name, value] of Object.entries({ exp, iat, nbf })) {
    if (value !== undefined && !Number.isFinite(value))
      found.push(broken('RFC 7519 §2', `${name} is ${textOf(value)}: seconds since 1970 are wanted`));
  }
  return found;
}

const textOf = (value: unknown): string => JSON.stringify(value) ?? 'absent';
