/**
 * A self-signed X.509 authority.
 * @module
 */
import type { CertificateProfile } from './certificate-profile.ts';

/** Signs leaves and revocation lists only. It carries no AKI: a self-signed certificate may leave it out (RFC 5280 §4.2.1.1). */
export const authority = {
  title: 'X.509 authority',
  subject: { commonName: 'Gatehouse X.509 authority', see: 'RFC 5280 §4.1.2.6: a CA has a Subject that is not empty' },
  extensions: [
    { id: 'basicConstraints', critical: true, ca: { pathLength: 0 }, see: 'RFC 5280 §4.2.1.9; X509-SVID §4.1' },
    {
      id: 'keyUsage',
      critical: true,
      usages: { ec: ['keyCertSign', 'crlSign'], rsa: ['keyCertSign', 'crlSign'] },
      see: 'RFC 5280 §4.2.1.3; X509-SVID §4.3',
    },
    { id: 'subjectKeyIdentifier', critical: false, see: 'RFC 5280 §4.2.1.2' },
    { id: 'subjectAltName', critical: false, dnsNames: false, see: 'X509-SVID §2: the trust domain, without a path' },
  ],
} as const satisfies CertificateProfile;
