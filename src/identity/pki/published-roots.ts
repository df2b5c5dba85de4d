/**
 * The order in which certificates of authorities leave, whoever asks for them: this is the only place that sorts them.
 *
 * A verifier that looks for an issuer by name and key, as Envoy's does, takes the first that fits and looks no further. Of an
 * authority that was renewed with its name and key it must meet the new certificate first, and never one that has expired.
 * @module
 */
import { type Certificate, readCertificate } from './certificate.ts';

/**
 * Sorts certificates of authorities as they are published: the newest `notBefore` first, those that are not valid yet last,
 * each once; those that have expired are left out.
 *
 * @param certificates  DER
 * @param atMs  milliseconds since 1970
 * @throws GatehouseError `certificate_invalid`
 */
export function publishedRoots(certificates: Iterable<Uint8Array>, atMs: number): readonly Uint8Array[] {
  const each = new Map<string, Certificate>();
  for (const der of certificates) each.set(Buffer.from(der).toString('base64'), readCertificate(der));
  return [...each.values()]
    .filter(({ notAfterAt }) => atMs < notAfterAt)
    .sort((a, b) => newestFirst(a, b, atMs))
    .map(({ der }) => der);
}

/** The order is whole, so that every replica publishes the same bytes under one sequence. */
function newestFirst(a: Certificate, b: Certificate, atMs: number): number {
  const isLater = (certificate: Certificate): number => (certificate.notBeforeAt > atMs ? 1 : 0);
  return (
    isLater(a) - isLater(b) ||
    b.notBeforeAt - a.notBeforeAt ||
    b.notAfterAt - a.notAfterAt ||
    Buffer.compare(a.der, b.der)
  );
}
