/**
 * The certificate that Gatehouse shows on its own listeners.
 * @module
 */
import type { CertificateProfile } from './certificate-profile.ts';
import { x509Svid } from './x509-svid.ts';

/** An X.509-SVID like any other; its DNS names are those of `tls.dnsNames`, for clients that look at host names. */
export const ownSvid = { ...x509Svid, title: "Gatehouse's own X.509-SVID" } as const satisfies CertificateProfile;
