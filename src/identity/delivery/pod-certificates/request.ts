/**
 * A PodCertificateRequest (certificates.k8s.io) as a value: what a kubelet asks for a pod.
 *
 * The API server has checked its form, and where a node has made it, that pod, account and node are whom it says. Annotations, wanted
 * life and kind of key are anybody's word; names in the request for a certificate are nobody's.
 * @module
 */
import * as z from 'zod';

const text = z.string().min(1);

const schema = z.object({
  metadata: z.object({ namespace: text, name: text, uid: text, resourceVersion: text }),
  spec: z.object({
    signerName: text,
    podName: text,
    podUID: text,
    serviceAccountName: text,
    serviceAccountUID: text,
    nodeName: text,
    maxExpirationSeconds: z.int().nullish(),
    stubPKCS10Request: z.base64().nullish(),
    pkixPublicKey: z.base64().nullish(),
    proofOfPossession: z.base64().nullish(),
    unverifiedUserAnnotations: z.record(z.string(), z.unknown()).nullish(),
  }),
  status: z.object({ conditions: z.array(z.object({ type: z.string() })).nullish() }).nullish(),
});

/** What was asked for. */
export interface PodCertificateRequest {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly signerName: string;
  readonly pod: { readonly name: string; readonly uid: string };
  readonly account: { readonly name: string; readonly uid: string };
  readonly node: string;
  readonly maxLifeMs: number;
  /** Keys alone: there is none whose value we would believe. */
  readonly annotations: readonly string[];
  /** PKCS#10, DER; undefined: it is of the form before, or shown in a version that does not have it. */
  readonly csr: Uint8Array | undefined;
  /** Of the form before: SubjectPublicKeyInfo, DER, and a signature over the pod's UID. */
  readonly publicKey: { readonly spki: Uint8Array; readonly proof: Uint8Array } | undefined;
  /** It has its answer, which is final. */
  readonly isAnswered: boolean;
}

/** What the API server fills in where nothing was asked. */
const USUAL_MAX_SECONDS = 86_400;
/** No other condition is allowed on a request. */
const final: ReadonlySet<string> = new Set(['Issued', 'Denied', 'Failed']);

const bytesOf = (base64: string | null | undefined): Uint8Array | undefined =>
  base64 ? Buffer.from(base64, 'base64') : undefined;

/** Reads one of v1 or v1beta1; a text that says what is wrong where it is none. */
export function readPodCertificateRequest(value: unknown): PodCertificateRequest | string {
  const read = schema.safeParse(value);
  if (!read.success) return z.prettifyError(read.error).replaceAll('\n', ' ');
  const { metadata, spec, status } = read.data;
  const spki = bytesOf(spec.pkixPublicKey);
  const proof = bytesOf(spec.proofOfPossession);
  return {
    ...metadata,
    signerName: spec.signerName,
    pod: { name: spec.podName, uid: spec.podUID },
    account: { name: spec.serviceAccountName, uid: spec.serviceAccountUID },
    node: spec.nodeName,
    maxLifeMs: (spec.maxExpirationSeconds ?? USUAL_MAX_SECONDS) * 1000,
    annotations: Object.keys(spec.unverifiedUserAnnotations ?? {}),
    csr: bytesOf(spec.stubPKCS10Request),
    publicKey: spki && proof ? { spki, proof } : undefined,
    isAnswered: (status?.conditions ?? []).some(({ type }) => final.has(type)),
  };
}

/** Who asks, for people. */
export function nameOfRequest({ namespace, name }: Pick<PodCertificateRequest, 'namespace' | 'name'>): string {
  return `podcertificaterequest ${namespace}/${name}`;
}
