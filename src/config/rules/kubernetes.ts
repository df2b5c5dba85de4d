/**
 * The rules of `kubernetes` that take more than one field, or a number out of a text.
 * @module
 */
import type { Config } from '../config.ts';
import type { Problem } from '../finding.ts';

const HOUR_MS = 3_600_000;
/** What the API server lets a PodCertificateRequest ask for: 7,862,400 s. */
const MOST_MS = 91 * 24 * HOUR_MS;

/** Everything of `kubernetes` that breaks a rule. */
export function* kubernetesProblems({ roles, kubernetes, attestation, authority }: Config): Iterable<Problem> {
  const { signer } = kubernetes;
  if (signer === undefined) return;
  if (!roles.includes('authority'))
    yield {
      code: 'contradiction',
      path: ['kubernetes', 'signer'],
      message: 'only a server with the authority role signs certificates of pods',
      fix: 'add the role, or drop it',
    };
  if (attestation.kubernetes === undefined)
    yield {
      code: 'missing',
      path: ['kubernetes', 'signer'],
      message: 'no pod could be anybody: nothing says which service accounts have which identity',
      fix: 'add attestation: { kubernetes: {} }, and entries or implicit.namespaces',
    };
  if (signer.ttlMs < HOUR_MS || signer.ttlMs > MOST_MS)
    yield {
      code: 'out-of-range',
      path: ['kubernetes', 'signer', 'ttl'],
      message: 'the API server takes certificates of pods that live from 1h to 91d',
      fix: 'write a duration between them, such as 24h',
    };
  if (authority.x509AuthorityTtlMs < 2 * HOUR_MS)
    yield {
      code: 'too-short',
      path: ['authority', 'x509AuthorityTtl'],
      message: 'an authority signs nothing for pods in its last hour: it would hardly ever sign',
      fix: 'let it be 6h or more, or drop kubernetes.signer',
    };
}
