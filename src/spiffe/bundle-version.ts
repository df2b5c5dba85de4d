/**
 * Versions of the two halves of a bundle. Its sequence rises with a change of either; who takes one of them is not to be woken
 * by a change of the other.
 * @module
 */
import { createHash } from 'node:crypto';
import type { Bundle } from './bundle.ts';

/** Changes exactly if the X.509 authorities do, for whatever server says it. */
export const x509VersionOf = versions(({ x509Authorities }) => x509Authorities);

/** Changes exactly if the JWT authorities do. */
export const jwtVersionOf = versions(({ jwtAuthorities }) => [Buffer.from(JSON.stringify(jwtAuthorities))]);

/** Bundles are immutable and there are tens of thousands who ask: each is looked at once. */
function versions(partsOf: (bundle: Bundle) => readonly Uint8Array[]): (bundle: Bundle) => string {
  const known = new WeakMap<Bundle, string>();
  return (bundle) => {
    const version = known.get(bundle) ?? `${bundle.trustDomain}@${hashOf(partsOf(bundle))}`;
    known.set(bundle, version);
    return version;
  };
}

function hashOf(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length} `).update(part);
  return hash.digest('base64url').slice(0, 22);
}
