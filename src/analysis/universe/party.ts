/**
 * One end of a request, as policies see it.
 * @module
 */
import type { Facts, IpAddress } from '../../policy/facts.ts';

/** Who calls or is called: a pod with one of its addresses, or an address that is no pod's. */
export interface Party {
  readonly address: IpAddress | undefined;
  /** Of the certificate; empty where none is shown. */
  readonly principal: string;
}

/** The facts of a request between two, as far as conditions on the registry ask them. */
export function factsBetween(source: Party, destination: Party): Facts {
  return {
    protocol: 'tcp',
    destination: nobody,
    destinationPort: -1,
    destinationAddress: destination.address,
    sourceAddress: source.address,
    remoteAddress: source.address,
    sourcePort: -1,
    ipProtocol: 6,
    sourcePrincipal: source.principal,
    destinationPrincipal: destination.principal,
    sourceLabels: new Map(),
    peerNames: source.principal === '' ? [] : [source.principal],
    method: '',
    path: undefined,
    host: undefined,
    sni: undefined,
    header: () => [],
    claim: () => [],
    metadata: () => [],
    verifyTokens: () => ({ accepted: true }),
  };
}

const nobody = { spiffeId: '', namespace: '', serviceAccount: '', labels: undefined };
