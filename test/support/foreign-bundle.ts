/**
 * Bundles of other trust domains, with authorities that openssl has made.
 * @module
 */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bundle } from '../../src/spiffe/bundle.ts';
import { openOwnAuthority } from './own-authority.ts';

/** A bundle of that name with a root and a JWT key of its own. */
export function foreignBundle(name: string, sequence: number | bigint = 1): Bundle {
  const directory = mkdtempSync(join(tmpdir(), 'foreign-'));
  try {
    const { own } = openOwnAuthority(directory, name).bundles.value;
    const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
    return { ...own, sequence, jwtAuthorities: [{ keyId: `key-of-${name}`, jwk }] };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
