/**
 * A trust bundle from a file: certificates in PEM, or a SPIFFE JWK Set.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import { readCertificate } from '../../../identity/pki/certificate.ts';
import { fromPem } from '../../../identity/pki/pem.ts';
import type { Bundle } from '../../../spiffe/bundle.ts';
import { bundleFromJwks } from '../../../spiffe/bundle-jwks.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import { signerDeviations } from '../../../spiffe/x509-svid-deviations.ts';
import type { NamedText } from './given-svid.ts';
import type { PlacedDeviation } from './report.ts';

/** Neither form says of which trust domain it is: it is taken for that of the SVID. */
export interface BundleFile {
  readonly file: string;
  bundleOf(trustDomain: TrustDomain): Bundle;
}

/** Reads it when it is asked for. */
export function bundleFile({ file, text }: NamedText): BundleFile {
  return {
    file,
    bundleOf: (trustDomain) => {
      try {
        if (text.trimStart().startsWith('{')) return bundleFromJwks(trustDomain, text);
        const x509Authorities = fromPem('CERTIFICATE', text);
        for (const each of x509Authorities) readCertificate(each);
        return { trustDomain, sequence: 0, refreshHintSeconds: 0, x509Authorities, jwtAuthorities: [] };
      } catch (thrown) {
        if (!(thrown instanceof GatehouseError)) throw thrown;
        throw new GatehouseError(thrown.code, `${file} is no bundle: ${thrown.message}`, { file }, { cause: thrown });
      }
    },
  };
}

/** What the certificates of a bundle break. */
export function bundleDeviations({ x509Authorities }: Bundle): readonly PlacedDeviation[] {
  return x509Authorities.flatMap((der, i) =>
    signerDeviations(readCertificate(der), undefined).map((each) => ({ at: `bundle certificate ${i + 1}`, ...each })),
  );
}
