/**
 * The certificate of a workload.
 * @module
 */
import type { CertificateProfile } from './certificate-profile.ts';

/** Both a client and a server; who it is stands in the SAN alone. */
export const x509Svid = {
  title: 'X.509-SVID',
  subject: { commonName: undefined, see: 'RFC 5280 §4.1.2.6; X509-SVID §4: names nothing beside the SPIFFE ID' },
  extensions: [
    {
      id: 'keyUsage',
      critical: true,
      usages: { ec: ['digitalSignature', 'keyAgreement'], rsa: ['digitalSignature', 'keyEncipherment'] },
      see: 'RFC 5280 §4.2.1.3; X509-SVID §4.3',
    },
    {
      id: 'extendedKeyUsage',
      critical: false,
      purposes: ['serverAuth', 'clientAuth'],
      see: 'RFC 5280 §4.2.1.12; X509-SVID §4.4',
    },
    { id: 'basicConstraints', critical: true, ca: false, see: 'RFC 5280 §4.2.1.9; X509-SVID §4.1' },
    { id: 'authorityKeyIdentifier', critical: false, see: 'RFC 5280 §4.2.1.1' },
    { id: 'subjectKeyIdentifier', critical: false, see: 'RFC 5280 §4.2.1.2' },
    {
      id: 'subjectAltName',
      critical: true,
      dnsNames: true,
      see: 'X509-SVID §2: exactly one URI; RFC 5280 §4.2.1.6: critical, since the Subject is empty',
    },
  ],
} as const satisfies CertificateProfile;
