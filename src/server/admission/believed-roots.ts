/**
 * Which authorities the cluster has been told to believe, and since when.
 * @module
 */

/** By certificate; milliseconds, monotonic. */
export type BelievedRoots = ReadonlyMap<string, number>;

/** Those of a PEM text that was just written; what was there before keeps its time. */
export function nowBelieved(before: BelievedRoots, pem: string, nowMs: number): BelievedRoots {
  return new Map(certificatesIn(pem).map((each) => [each, before.get(each) ?? nowMs]));
}

/** Since when all of a PEM text are believed; Infinity: one of them is not. */
export function believedSince(believed: BelievedRoots, pem: string): number {
  return Math.max(...certificatesIn(pem).map((each) => believed.get(each) ?? Number.POSITIVE_INFINITY));
}

const certificatesIn = (pem: string): readonly string[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((each) =>
    each.replaceAll(/\s/g, ''),
  );
