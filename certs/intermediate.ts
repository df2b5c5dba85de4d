/**
 * An X.509 authority that an upstream CA has signed.
 * @module
 */
import { authority } from './authority.ts';
import type { CertificateProfile } from './certificate-profile.ts';

const [basicConstraints, keyUsage, subjectKeyIdentifier, subjectAltName] = authority.extensions;

/** The same as a self-signed one, and names the key that signed it. */
export const intermediate = {
  title: 'X.509 authority under an upstream CA',
  subject: authority.subject,
  extensions: [
    basicConstraints,
    keyUsage,
    subjectKeyIdentifier,
    { id: 'authorityKeyIdentifier', critical: false, see: 'RFC 5280 §4.2.1.1' },
    subjectAltName,
  ],
} as const satisfies CertificateProfile;
