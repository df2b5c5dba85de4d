/**
 * The root of the development trust domain.
 * @module
 */
import { authority } from './authority.ts';
import type { CertificateProfile } from './certificate-profile.ts';

const [, ...others] = authority.extensions;

/** Like a self-signed authority, but it may certify one authority below itself: it plays the upstream CA. */
export const developmentRoot = {
  title: 'development root',
  subject: { commonName: 'Gatehouse development root', see: authority.subject.see },
  extensions: [{ id: 'basicConstraints', critical: true, ca: { pathLength: 1 }, see: 'RFC 5280 §4.2.1.9' }, ...others],
} as const satisfies CertificateProfile;
