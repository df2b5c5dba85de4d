/**
 * What a kept Check says of its caller's certificate.
 * @module
 */
import { createHash } from 'node:crypto';
import type { CallerCertificate, DerivedCaller } from '../../admin-api/decisions.ts';
import { distinguishedNameText } from '../../authz/facts/distinguished-name.ts';
import { createPeerReader } from '../../authz/facts/peer-certificate.ts';
import type { RedactedDecision } from '../../authz/record/redacted-decision.ts';
import { CheckRequest, part } from '../../authz/wire/check-request.ts';
import { readCertificate } from '../../identity/pki/certificate.ts';
import { fromByteString } from '../../lib/byte-string.ts';

const readPeer = createPeerReader();

/** The caller of a decision, without what an issuance log has of it; undefined without a request that can be read. */
export function derivedCaller({
  request,
  reported,
}: Pick<RedactedDecision, 'request' | 'reported'>): DerivedCaller | undefined {
  const view = new CheckRequest();
  try {
    view.read(request ?? Buffer.alloc(0));
  } catch {
    return undefined; // it was denied as such
  }
  if (request === undefined) return undefined;
  const peer = readPeer(view);
  const issued = null;
  if (peer === 'unreadable')
    return { certificate: null, issued, note: 'the certificate that the Check carried cannot be read' };
  if (peer !== undefined) return { certificate: told(peer.der), issued, note: '' };
  return { certificate: null, issued, note: absence(view, reported === true) };
}

function absence(view: CheckRequest, isReported: boolean): string {
  if (isReported) return 'an Envoy has decided this itself: its access log names the caller, and has no certificate';
  if (view.text(part.sourcePrincipal) === '') return 'the caller showed no certificate: its connection is not mTLS';
  if (view.has(part.httpCaller))
    return 'the proxy that asked has sent no certificate: docs/proxies.md says how it does';
  return "the Check names the caller without its certificate: set include_peer_certificate: true in Envoy's ext_authz filter (gatehouse doctor finds where it is missing)";
}

function told(der: Uint8Array): CallerCertificate {
  const { serial, names, subject, issuer, notBeforeAt, notAfterAt, authorityKeyId = '', spki } = readCertificate(der);
  return {
    serial,
    uris: names.uris.map(fromByteString),
    subject: fromByteString(distinguishedNameText(subject)),
    issuer: fromByteString(distinguishedNameText(issuer)),
    notBefore: new Date(notBeforeAt).toISOString(),
    notAfter: new Date(notAfterAt).toISOString(),
    authorityKeyId,
    spkiSha256: createHash('sha256').update(spki).digest('hex'),
  };
}
