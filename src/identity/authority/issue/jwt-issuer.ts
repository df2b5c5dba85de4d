/**
 * Signs JWT-SVIDs with one authority.
 * @module
 */
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import type { SpiffeId } from '../../../spiffe/spiffe-id.ts';
import { randomSerial } from '../../pki/serial.ts';
import type { Signer } from '../keys/signer.ts';
import { BACKDATE_MS } from '../rotate/schedule.ts';
import type { NewAuthority } from '../rotate/slots.ts';
import type { JwtAlgorithm } from '../settings.ts';
import type { AuthorityRecord } from '../store/state.ts';
import { checkSoundLife } from './sound-life.ts';

interface AlgorithmRow {
  readonly keyType: Signer['keyType'];
  readonly digest: 'sha256' | 'sha384' | 'sha512';
  /** Bytes of r and of s; 0 for RSA, whose signature is taken as it is. */
  readonly halfBytes: number;
}

const row = (keyType: Signer['keyType'], digest: AlgorithmRow['digest'], halfBytes: number): AlgorithmRow => ({
  keyType,
  digest,
  halfBytes,
});

/** What each algorithm of RFC 7518 §3.1 needs. */
export const jwtAlgorithms: Record<JwtAlgorithm, AlgorithmRow> = {
  ES256: row('ec-p256', 'sha256', 32),
  ES384: row('ec-p384', 'sha384', 48),
  RS256: row('rsa-2048', 'sha256', 0),
  RS384: row('rsa-2048', 'sha384', 0),
  RS512: row('rsa-2048', 'sha512', 0),
};

interface JwtTerms {
  readonly spiffeId: SpiffeId;
  readonly audiences: readonly string[];
  readonly ttlMs: number;
  readonly atMs: number;
}

interface SignedJwt {
  readonly token: string;
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** Signs JWT-SVIDs with one authority (JWT-SVID §2, §3). */
export interface JwtIssuer {
  readonly authority: AuthorityRecord;
  sign(terms: JwtTerms): Promise<SignedJwt>;
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * Creates the issuer of a JWT authority; the algorithm stands in its public key.
 *
 * @param issuer  what tokens say as `iss`, for verifiers that are no SPIFFE clients (RFC 7519 §4.1.1); undefined: nothing
 */
export function createJwtIssuer(authority: AuthorityRecord, signer: Signer, issuer: string | undefined): JwtIssuer {
  const alg = (authority.jwk?.alg ?? 'ES256') as JwtAlgorithm; // written by newJwtAuthority
  const { digest, halfBytes } = jwtAlgorithms[alg];
  const header = encode({ alg, kid: authority.id, typ: 'JWT' });
  return {
    authority,
    async sign({ spiffeId, audiences, ttlMs, atMs }) {
      const id = randomSerial(atMs).toString('hex');
      const issuedSeconds = Math.floor(atMs / 1000);
      const expiresAt = Math.min(Math.floor((atMs + ttlMs) / 1000) * 1000, authority.notAfterAt);
      checkSoundLife({ notBeforeAt: issuedSeconds * 1000, notAfterAt: expiresAt }, authority, atMs);
      const [first, ...more] = audiences;
      const claims = {
        ...(issuer !== undefined && { iss: issuer }),
        sub: spiffeId,
        aud: more.length === 0 ? first : audiences,
        iat: issuedSeconds,
        exp: Math.floor(expiresAt / 1000),
        jti: id,
      };
      const signed = `${header}.${encode(claims)}`;
      const signature = await signer.sign(Buffer.from(signed), digest);
      const compact = halfBytes === 0 ? signature : ecdsaToCompact(signature, halfBytes);
      const token = `${signed}.${Buffer.from(compact).toString('base64url')}`;
      return { token, id, issuedAt: issuedSeconds * 1000, expiresAt };
    },
  };
}

/** Turns an ECDSA signature from DER, which signers make, into r and s side by side (RFC 7518 §3.4). */
function ecdsaToCompact(der: Uint8Array, halfBytes: number): Buffer {
  const out = Buffer.alloc(2 * halfBytes);
  let at = (der[1] ?? 0) & 0x80 ? 3 : 2; // behind the SEQUENCE's header, which is short but for P-521
  for (const end of [halfBytes, 2 * halfBytes]) {
    const length = der[at + 1] ?? 0;
    const integer = der.subarray(at + 2, at + 2 + length);
    const magnitude = integer[0] === 0 ? integer.subarray(1) : integer;
    out.set(magnitude, end - magnitude.length);
    at += 2 + length;
  }
  return out;
}

/** A JWT authority over `signer`, valid from `backdateMs` before now for `ttlMs`. */
export function newJwtAuthority(
  signer: Signer,
  alg: JwtAlgorithm,
  atMs: number,
  ttlMs: number,
  backdateMs = BACKDATE_MS,
): NewAuthority {
  const key = createPublicKey({ key: Buffer.from(signer.spki), format: 'der', type: 'spki' });
  const jwk: JsonWebKey = { ...key.export({ format: 'jwk' }), alg };
  return {
    id: signer.keyId,
    keyPlace: signer.place,
    use: 'jwt',
    certificate: undefined,
    chain: [],
    roots: [],
    jwk,
    notBeforeAt: atMs - backdateMs,
    notAfterAt: atMs + ttlMs,
  };
}
