/**
 * The ClusterTrustBundle of a signer (certificates.k8s.io): the roots that pods mount beside their certificates.
 * @module
 */
import { hash } from 'node:crypto';
import * as z from 'zod';
import type { Bundle } from '../../../spiffe/bundle.ts';
import { certificatesToPem, fromPem } from '../../pki/pem.ts';

const schema = z.object({
  metadata: z.object({ name: z.string().min(1), resourceVersion: z.string() }),
  spec: z.object({ signerName: z.string().nullish(), trustBundle: z.string() }),
});

/** One as the API server has it. */
export interface TrustBundle {
  readonly name: string;
  readonly resourceVersion: string;
  readonly signerName: string;
  readonly pem: string;
}

/** Reads one; undefined when it is none. */
export function readTrustBundle(value: unknown): TrustBundle | undefined {
  const read = schema.safeParse(value);
  if (!read.success) return undefined;
  const { metadata, spec } = read.data;
  return { ...metadata, signerName: spec.signerName ?? '', pem: spec.trustBundle };
}

/** The only one that we write, such as `gatehouse.io:workload:v1`: its name must begin with its signer's. */
export function trustBundleName(signerName: string): string {
  return `${signerName.replace('/', ':')}:v1`;
}

/** Ours as it is applied. @param apiVersion  `certificates.k8s.io/v1` or what else is served @throws RangeError for a bundle without a root: the API server takes none, and nobody could live by it */
export function trustBundleObject(apiVersion: string, signerName: string, { x509Authorities }: Bundle): unknown {
  if (x509Authorities.length === 0) throw new RangeError('a bundle without roots is not published');
  return {
    apiVersion,
    kind: 'ClusterTrustBundle',
    metadata: { name: trustBundleName(signerName) },
    spec: { signerName, trustBundle: certificatesToPem(x509Authorities) },
  };
}

/** What an object has too little and too much, by SHA-256. Text between blocks and their order mean nothing. */
export interface Difference {
  readonly lacks: readonly string[];
  readonly strange: readonly string[];
}

/** Compares; undefined where it holds just what it should. */
export function differenceOf(pem: string, { x509Authorities }: Bundle): Difference | undefined {
  const held = fingerprintsOf(pem);
  const wanted = new Set(x509Authorities.map((der) => hash('sha256', der)));
  const lacks = [...wanted].filter((each) => !held.has(each));
  const strange = [...held].filter((each) => !wanted.has(each));
  return lacks.length + strange.length === 0 ? undefined : { lacks, strange };
}

function fingerprintsOf(pem: string): ReadonlySet<string> {
  try {
    return new Set(fromPem('CERTIFICATE', pem).map((der) => hash('sha256', der)));
  } catch {
    return new Set(); // whatever it is, it is not what it should be
  }
}
