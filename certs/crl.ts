/**
 * A certificate revocation list.
 * @module
 */
import type { CrlProfile } from './certificate-profile.ts';

/** Version 2, whole (no deltas), with the next one announced (RFC 5280 §5.1.2.5). */
export const crl = {
  title: 'certificate revocation list',
  extensions: [
    { id: 'authorityKeyIdentifier', critical: false, see: 'RFC 5280 §5.2.1' },
    { id: 'crlNumber', critical: false, see: 'RFC 5280 §5.2.3' },
  ],
} as const satisfies CrlProfile;
