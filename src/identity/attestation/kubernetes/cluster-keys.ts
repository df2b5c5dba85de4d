/**
 * The keys with which a cluster signs service account tokens, from its API server (RFC 7517; service account issuer discovery).
 * @module
 */
import { compactVerify, createLocalJWKSet, errors, type JSONWebKeySet } from 'jose';
import { GatehouseError } from '../../../errors.ts';
import type { Clock } from '../../../lib/clock.ts';
import { type ApiServer, ask } from './api-server.ts';
import { refusedToken } from './token-refusal.ts';

/** How long what was fetched is believed: a key that the cluster has withdrawn is no key any more after this. */
const FRESH_MS = 60_000;
/** A token that names a key which we do not have makes us look again, and this rarely: anybody can send one. */
const LOOK_AGAIN_MS = 5_000;
/** The API server answers 406 to `application/json` alone. */
const ACCEPT = 'application/jwk-set+json, application/json';
/** What API servers sign with. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'];

/** Who signs the tokens of a cluster. */
export interface ClusterKeys {
  /** The `iss` of its tokens. @throws GatehouseError `unreachable` */
  issuer(): Promise<string>;
  /** Checks a token's signature, and nothing else. @throws GatehouseError `caller_unauthenticated`, `unreachable` */
  verify(token: string): Promise<void>;
}

interface Fetched {
  readonly issuer: string;
  readonly keys: ReturnType<typeof createLocalJWKSet>;
  readonly at: number;
}

/** Creates the keeper of the keys of the cluster behind `server`. */
export function createClusterKeys(server: ApiServer, clock: Clock): ClusterKeys {
  let fetching: Promise<Fetched> | undefined;
  let fetched: Fetched | undefined;

  const fetch = (): Promise<Fetched> => {
    fetching ??= fetchKeys(server, clock).finally(() => (fetching = undefined));
    return fetching;
  };
  /** @param youngerThanMs  what is older is fetched again */
  const current = async (youngerThanMs: number): Promise<Fetched> => {
    const age = fetched === undefined ? Number.POSITIVE_INFINITY : clock.now() - fetched.at;
    if (fetched !== undefined && age >= 0 && age < youngerThanMs) return fetched;
    fetched = await fetch();
    return fetched;
  };
  return {
    issuer: async () => (await current(FRESH_MS)).issuer,
    async verify(token) {
      if (await isSignedBy(token, (await current(FRESH_MS)).keys)) return;
      if (await isSignedBy(token, (await current(LOOK_AGAIN_MS)).keys)) return;
      throw refusedToken('other_cluster', {}, 'its key is none of this cluster');
    },
  };
}

async function fetchKeys(server: ApiServer, clock: Clock): Promise<Fetched> {
  const at = clock.now();
  const [discovery, jwks] = await Promise.all([
    ask(server, { path: '/.well-known/openid-configuration', accept: ACCEPT }),
    ask(server, { path: '/openid/v1/jwks', accept: ACCEPT }),
  ]);
  const issuer: unknown = typeof discovery === 'object' && discovery !== null ? Reflect.get(discovery, 'issuer') : '';
  if (typeof issuer !== 'string' || issuer === '' || typeof jwks !== 'object' || jwks === null)
    throw new GatehouseError('unreachable', 'the API server does not say who signs its tokens: no issuer, or no keys');
  return { issuer, keys: keysOf(jwks), at };
}

function keysOf(jwks: object): Fetched['keys'] {
  try {
    return createLocalJWKSet(jwks as JSONWebKeySet); // it checks what it is given
  } catch (thrown) {
    throw new GatehouseError('unreachable', "the API server's key set is none", {}, { cause: thrown });
  }
}

/** False: by a key that is not there. @throws GatehouseError `caller_unauthenticated`: by none at all */
async function isSignedBy(token: string, keys: Fetched['keys']): Promise<boolean> {
  try {
    await compactVerify(token, keys, { algorithms: ALGORITHMS });
    return true;
  } catch (thrown) {
    if (thrown instanceof errors.JWKSNoMatchingKey || thrown instanceof errors.JWKSMultipleMatchingKeys) return false;
    if (thrown instanceof errors.JWSSignatureVerificationFailed)
      throw refusedToken('other_cluster', {}, 'its signature is not of the key that it names');
    if (thrown instanceof errors.JOSEError) throw refusedToken('malformed', {}, thrown.message);
    throw thrown;
  }
}
