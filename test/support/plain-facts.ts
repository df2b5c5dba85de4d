/**
 * Facts made by hand, for tests of policy that need no request.
 * @module
 */
import { parseIp } from '../../src/lib/ip-address.ts';
import type { Facts, IpAddress } from '../../src/policy/facts.ts';

export interface PlainFacts
  extends Partial<
    Omit<Facts, 'header' | 'claim' | 'metadata' | 'sourceAddress' | 'remoteAddress' | 'destinationAddress'>
  > {
  readonly headers?: Readonly<Record<string, readonly string[]>>;
  readonly claims?: Readonly<Record<string, readonly string[]>>;
  readonly source?: string;
  readonly remote?: string;
  readonly address?: string;
}

/** Facts of a GET of `/` to `default/details` by nobody, but for what is given. */
export function plainFacts({ headers = {}, claims = {}, source, remote, address, ...rest }: PlainFacts = {}): Facts {
  const of = (some: Readonly<Record<string, readonly string[]>>, name: string) =>
    Object.hasOwn(some, name) ? some[name]! : [];
  return {
    protocol: 'http',
    destination: {
      spiffeId: 'spiffe://cluster.local/ns/default/sa/details',
      namespace: 'default',
      serviceAccount: 'details',
      labels: new Map([['app', 'details']]),
    },
    destinationPort: 8080,
    sourcePort: 40_000,
    ipProtocol: 6,
    sourcePrincipal: '',
    destinationPrincipal: '',
    sourceLabels: new Map(),
    peerNames: [],
    method: 'GET',
    path: '/',
    host: undefined,
    sni: undefined,
    sourceAddress: ip(source),
    remoteAddress: ip(remote ?? source),
    destinationAddress: ip(address),
    header: (name) => of(headers, name),
    claim: (path) => of(claims, path.join('.')),
    metadata: () => [],
    verifyTokens: () => ({ accepted: true }),
    ...rest,
  };
}

function ip(text: string | undefined): IpAddress | undefined {
  const bytes = text === undefined ? undefined : parseIp(text);
  return bytes && { bytes, text: text ?? '' };
}
