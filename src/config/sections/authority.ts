/**
 * `authority`: the CA, how long what it signs lives, and what it keeps.
 * @module
 */
import * as z from 'zod';
import * as field from '../fields.ts';

/** `authority`. */
export const authority = z.strictObject({
  keyType: z
    .enum(['ec-p256', 'ec-p384', 'rsa-2048'])
    .prefault('ec-p256')
    .describe('The kind of the keys of authorities and SVIDs.'),
  keyEncryptionKeyFile: z
    .string()
    .prefault('')
    .describe('32 bytes, base64; encrypts the keys at rest. Required with postgres.'),
  x509AuthorityTtl: field.duration.prefault('8760h').describe('The life of an X.509 authority, such as 8760h.'),
  x509SvidTtl: field.duration
    .prefault('1h')
    .describe('The life of an X.509-SVID, unless its entry says another; at most half of x509AuthorityTtl.'),
  jwtSvidTtl: field.duration
    .prefault('5m')
    .describe('The life of a JWT-SVID, unless its entry says another; at most half of jwtAuthorityTtl.'),
  backdate: field.durationOrNone
    .prefault('10s')
    .describe('How long before its signing an X.509-SVID begins, for clocks that are late; from 0s to 5m.'),
  gateGrade: z
    .enum(['sent', 'acknowledged', 'renewed'])
    .prefault('acknowledged')
    .describe('How sure a rotation must be that a consumer holds the new bundle.'),
  jwtKeyType: z
    .enum(['ES256', 'ES384', 'RS256', 'RS384', 'RS512'])
    .prefault('ES256')
    .describe('The algorithm that signs JWT-SVIDs; holds for the next JWT authority.'),
  jwtIssuer: field.issuer
    .prefault('')
    .describe('What JWT-SVIDs say as iss, and where OIDC clients look for listen.oidc. Empty: nothing.'),
  oidcLead: field.duration
    .prefault('10m')
    .describe(
      'How long a new JWT key is published by listen.oidc before it signs: clients keep key sets for that long.',
    ),
  jwtAuthorityTtl: field.duration.prefault('8760h').describe('The life of a JWT authority, such as 8760h.'),
  keyStore: z
    .union(
      [
        z.enum(['disk', 'memory']),
        z.strictObject({
          pkcs11: z
            .strictObject({
              module: field.path.describe("The token's PKCS#11 module, such as /usr/lib/softhsm/libsofthsm2.so."),
              tokenLabel: z
                .string()
                .min(1)
                .max(32)
                .describe('The label by which the token is found, in whatever slot it is.'),
              pinFile: field.path.describe("Holds the PIN of the token's user; closed to others."),
            })
            .describe('A token, found by its label; new keys are made on it.'),
        }),
      ],
      { error: 'must be disk, memory, or { pkcs11: { module, tokenLabel, pinFile } }' },
    )
    .prefault('disk')
    .describe(
      'Where new keys are made and kept. memory: they go with the process, and the next start makes new authorities at once; pkcs11: on a token, which nobody can copy them from.',
    ),
  upstream: z
    .union(
      [
        z.strictObject({
          cert: field.path.describe('The CA certificate, then what stands between it and its root, PEM.'),
          key: field.path.describe('Its private key, PEM, not encrypted.'),
          ca: field.path.optional().describe('The roots above it, PEM. Absent: it is one itself.'),
        }),
        z.strictObject({
          directory: field.path.describe('Holds tls.crt, tls.key and ca.crt, as cert-manager fills it.'),
        }),
      ],
      { error: 'must be { cert, key, ca } or { directory } with tls.crt, tls.key and ca.crt' },
    )
    .optional()
    .describe('A CA that certifies our authorities as its intermediates; its root goes into the bundle.'),
  ledgerRetention: field.duration
    .prefault('7d')
    .describe('How long an issuance stays in the ledger after it has expired.'),
  refreshHint: field.duration.prefault('5m').describe('How often fetchers of the bundle should look again.'),
  renewalsPerSecond: z
    .int()
    .min(1)
    .max(100_000)
    .prefault(500)
    .describe(
      'Renewals signed a second at most, whatever makes them due; a first SVID, or one with little life left, never waits.',
    ),
});
