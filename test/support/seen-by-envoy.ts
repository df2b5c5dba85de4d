/**
 * What Envoy's matcher inputs show of the request that facts are of.
 * @module
 */

import { type Seen, unavailable } from '../../src/policy/compile-envoy/tree/interpret-tree.ts';
import { REQUEST, requestText } from '../../src/policy/compile-envoy/tree/tree.ts';
import type { Facts } from '../../src/policy/facts.ts';

/** Shows a request; who has no name sent it without TLS. URI SANs are the names that begin with `spiffe://`, a subject is the name with an `=` in it. */
export function seenByEnvoy(facts: Facts): Seen {
  const { peerNames } = facts;
  const isUri = (name: string): boolean => name.startsWith('spiffe://');
  const isSubject = (name: string): boolean => name.includes('=');
  const joined = (some: readonly string[]): string | undefined => (some.length === 0 ? undefined : some.join(','));
  return (input) => {
    const isOfTls = input === 'uri' || input === 'dns' || input === 'subject';
    if (isOfTls && peerNames.length === 0) return unavailable;
    switch (input) {
      case 'uri':
        return joined(peerNames.filter(isUri));
      case 'dns':
        return joined(peerNames.filter((name) => name !== '' && !isUri(name) && !isSubject(name)));
      case 'subject':
        return peerNames.find(isSubject);
      case 'path':
        return facts.path ?? '-';
      case REQUEST:
        return requestText(facts.method, facts.path ?? '-');
      case 'state:gh.serial':
        return peerNames.length === 0 ? '-' : '4d';
      case 'state:gh.transport':
        return peerNames.length === 0 ? 'plain' : 'tls';
      case 'sni':
        return facts.sni;
      case 'port':
        return facts.destinationPort < 0 ? undefined : String(facts.destinationPort);
      case 'remoteIp':
        return facts.remoteAddress?.text;
      case 'sourceIp':
        return facts.sourceAddress?.text;
      case 'destinationIp':
        return facts.destinationAddress?.text;
      case 'header::method':
        return facts.method;
      case 'header::authority':
        return facts.host;
      default:
        return input.startsWith('header:') ? joined(facts.header(input.slice('header:'.length))) : undefined;
    }
  };
}
