/**
 * One request of an edge, so that a decision can be asked about it.
 * @module
 */
import type { RequestForm } from '../../admin-api/request-form.ts';
import { fromByteString } from '../../lib/byte-string.ts';
import type { Endpoint } from '../../policy/registry/registry.ts';
import type { SeenEdge } from './seen-edges.ts';

/** The request; where a shape leaves a choice any path will do, for it is one pattern to every policy that has it. */
export function requestOf(
  { caller, namespace, serviceAccount, port, http }: SeenEdge,
  pod: Pick<Endpoint, 'labels'>,
  { trustDomain }: { readonly trustDomain: string },
): RequestForm {
  const labels = Object.fromEntries(pod.labels.map(([key, value]) => [fromByteString(key), fromByteString(value)]));
  return {
    source: { principal: caller },
    destination: {
      principal: `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`,
      address: '192.0.2.1',
      port,
      labels,
    },
    ...(http && {
      http: { method: http.method, path: http.path.replace(/\{\*{1,2}\}|\*/g, '1'), host: serviceAccount },
    }),
  };
}
