/**
 * Checks the keys that stand in a RequestAuthentication itself.
 * @module
 */
import type { Reporter } from '../../documents/finding.ts';
import type { TextValue } from '../../documents/value.ts';

/** The members that make a key of each type (RFC 7518 §6, RFC 8037 §2). */
const membersOf: Readonly<Record<string, readonly string[]>> = {
  RSA: ['n', 'e'],
  EC: ['crv', 'x', 'y'],
  OKP: ['crv', 'x'],
  oct: ['k'],
};

/** Reports keys that cannot be read, and keys that hold a secret. */
export function checkJwks(jwks: TextValue, path: string, report: Reporter): void {
  const keys = keysOf(jwks.text);
  if (keys === undefined) {
    report.error(
      jwks,
      'jwks-invalid',
      path,
      'the text is not a JSON Web Key Set',
      'write {"keys": [...]} with public keys',
    );
    return;
  }
  if (keys.length === 0) {
    const message = 'the key set is empty: every token is refused, and Envoy itself refuses such a listener';
    report.warning(jwks, 'jwks-empty', path, message, 'add the keys of the issuer');
  }
  for (const [i, key] of keys.entries()) {
    const problem = problemOf(key);
    if (problem !== undefined)
      report.error(jwks, 'jwks-invalid', path, `key ${i} ${problem}`, 'write the public key of the issuer');
    else if (holdsSecret(key)) {
      report.warning(
        jwks,
        'jwks-private-key',
        path,
        `key ${i} holds a secret; whoever can read the policy can sign tokens`,
        'write the public key only',
      );
    }
  }
}

function keysOf(text: string): readonly unknown[] | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(parsed)) return undefined;
  if (!('keys' in parsed)) return [parsed];
  return Array.isArray(parsed['keys']) ? parsed['keys'] : undefined;
}

function problemOf(key: unknown): string | undefined {
  if (!isRecord(key)) return 'is no JSON object';
  const members = typeof key['kty'] === 'string' ? membersOf[key['kty']] : undefined;
  if (members === undefined) return `has no known kty (${Object.keys(membersOf).join(', ')})`;
  const missing = members.find((member) => typeof key[member] !== 'string' || key[member] === '');
  return missing === undefined ? undefined : `has no ${missing}`;
}

const holdsSecret = (key: unknown): boolean => isRecord(key) && (key['kty'] === 'oct' || 'd' in key);

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
