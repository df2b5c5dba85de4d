/**
 * Fetches the bundle of another trust domain once, from its bundle endpoint.
 * @module
 */
import type { PeerCertificate } from 'node:tls';
import { createAddressGuard } from '../../authz/jwks/address-guard.ts';
import { type HttpGetOptions, httpGet, type Resolve } from '../../authz/jwks/http-get.ts';
import { asGatehouseError } from '../../errors.ts';
import { judgeBundle } from '../../identity/federation/judge-bundle.ts';
import { readCertificate } from '../../identity/pki/certificate.ts';
import { certificatesToPem } from '../../identity/pki/pem.ts';
import { readRegularFile } from '../../lib/regular-file.ts';
import { shortened } from '../../lib/shortened.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import { checkLeaf } from '../../spiffe/x509-svid-rules.ts';
import type { EndpointProof, FetchOrder, FetchOutcome } from './fetch-order.ts';

const MOST_FILE_BYTES = 4 * 1024 * 1024;
/** What is told of a failure may be text of the endpoint: names of keys, of hosts, where it redirects. */
const MOST_TOLD = 500;

/**
 * Fetches and judges a bundle. A redirect is followed as the standard allows: over https, to whoever proves the same, and never to an
 * address that only this machine reaches; where it led is forgotten.
 *
 * @returns never rejects: a failure is an outcome
 * @see SPIFFE Federation §5.2.3, §5.3
 */
export async function fetchBundle(order: FetchOrder, signal: AbortSignal, resolve?: Resolve): Promise<FetchOutcome> {
  const { trustDomain, url, proof, networks, timeoutMs } = order;
  try {
    const text = await httpGet(url, {
      ...{ guard: createAddressGuard(networks), timeoutMs, signal, httpsOnly: true, tls: await tlsOf(proof) },
      isNamed: namedBy(url),
      ...(resolve && { resolve }),
    });
    return { bundle: judgeBundle(trustDomain, text, Date.now()) };
  } catch (thrown) {
    return { failure: shortened(asGatehouseError(thrown).message, MOST_TOLD) };
  }
}

/** An address that stands in the configuration as such is meant; what a name of others resolves to is theirs to say. */
function namedBy(configured: string): (url: URL) => boolean {
  const { host, hostname } = new URL(configured);
  const isLocal = /^(localhost|[\d.]+|\[.*\])$/.test(hostname);
  return (url) => isLocal && url.host === host;
}

async function tlsOf(proof: EndpointProof): Promise<NonNullable<HttpGetOptions['tls']>> {
  if (proof.kind === 'https_web')
    return proof.ca === undefined ? {} : { ca: await readRegularFile(proof.ca, MOST_FILE_BYTES) };
  return {
    ca: certificatesToPem(proof.authorities),
    allowPartialTrustChain: true, // an authority of a bundle need not have signed itself
    checkServerIdentity: (_, certificate) => wrongSvid(certificate, proof.endpointSpiffeId),
  };
}

/** What is wrong with the endpoint's certificate, of which TLS has verified the chain. @see SPIFFE Federation §5.2.2; X509-SVID §5 */
function wrongSvid({ raw }: PeerCertificate, wanted: SpiffeId): Error | undefined {
  try {
    const verdict = checkLeaf(readCertificate(raw));
    if (!verdict.ok) return new Error(`the endpoint shows no X.509-SVID: ${verdict.problem}`);
    if (verdict.spiffeId === wanted) return undefined;
    return new Error(`the endpoint shows the SVID of ${verdict.spiffeId}, and endpointSpiffeId is ${wanted}`);
  } catch (thrown) {
    return asGatehouseError(thrown);
  }
}
