/**
 * What Envoy's matcher inputs showed of the request that a recorded question is about.
 * @module
 */

import { distinguishedNameText } from '../../src/authz/facts/distinguished-name.ts';
import { readCertificate } from '../../src/identity/pki/certificate.ts';
import { fromPem } from '../../src/identity/pki/pem.ts';
import type { Seen } from '../../src/policy/compile-envoy/tree/interpret-tree.ts';
import type { Facts } from '../../src/policy/facts.ts';
import { seenByEnvoy } from './seen-by-envoy.ts';

/** Shows a request. @param certificate  the caller's, as the question has it; empty for none */
export function seenInCheck(facts: Facts, certificate: string): Seen {
  const der = certificate === '' ? undefined : fromPem('CERTIFICATE', decodeURIComponent(certificate))[0];
  const names = der && readCertificate(der).names;
  const subject = der && distinguishedNameText(readCertificate(der).subject);
  const joined = (some: readonly string[] = []): string | undefined => (some.length === 0 ? undefined : some.join(','));
  const rest = seenByEnvoy(facts);
  return (input) => {
    if (der === undefined) return rest(input);
    if (input === 'uri') return joined(names?.uris);
    if (input === 'dns') return joined(names?.dnsNames);
    return input === 'subject' ? subject || undefined : rest(input);
  };
}
