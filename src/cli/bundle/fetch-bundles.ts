/**
 * The trust bundles of the Workload API, X.509 and JWT together.
 * @module
 */
import { SpiffeWorkloadAPI } from '../../gen/spiffe/workload/workloadapi_pb.ts';
import { DerReader } from '../../identity/pki/der-reader.ts';
import type { Bundle } from '../../spiffe/bundle.ts';
import { bundleFromJwks } from '../../spiffe/bundle-jwks.ts';
import { parseTrustDomain } from '../../spiffe/trust-domain.ts';
import { askWorkloadApi } from '../svid/workload-call.ts';

/** Asks for both kinds. @throws GatehouseError `not_entitled`, `unreachable`, `message_invalid` */
export async function bundlesOf(socket: string, timeoutMs: number): Promise<readonly Bundle[]> {
  const { fetchX509Bundles, fetchJWTBundles } = SpiffeWorkloadAPI.method;
  const [x509, jwt] = await Promise.all([
    askWorkloadApi(socket, fetchX509Bundles, {}, timeoutMs),
    askWorkloadApi(socket, fetchJWTBundles, {}, timeoutMs),
  ]);
  const ids = [...new Set([...Object.keys(x509.bundles), ...Object.keys(jwt.bundles)])];
  return ids.map((id) => {
    const trustDomain = parseTrustDomain(id.replace(/^spiffe:\/\//, ''));
    const jwks = jwt.bundles[id];
    return {
      ...bundleFromJwks(trustDomain, jwks === undefined ? '{"keys":[]}' : Buffer.from(jwks).toString()),
      x509Authorities: certificatesIn(x509.bundles[id] ?? new Uint8Array()),
    };
  });
}

/** One after the other (SPIFFE Workload API §5.2.2). */
function certificatesIn(concatenated: Uint8Array): readonly Uint8Array[] {
  const reader = new DerReader(concatenated);
  const certificates: Uint8Array[] = [];
  while (!reader.done) certificates.push(reader.read().encoded);
  return certificates;
}
