/**
 * With other trust domains let in, a service account of Calico's may be one of theirs: it names no trust domain, and cannot.
 * @module
 */
import type { Reporter } from '../../documents/finding.ts';
import { fieldOf, listAt, type MapValue, mapAt } from '../../documents/value.ts';

/** Refuses callers that are told by service account alone. */
export function checkForeignAccounts(spec: MapValue | undefined, report: Reporter): void {
  for (const [i, rule] of (listAt(spec, 'ingress')?.items ?? []).entries()) {
    const place = fieldOf(mapAt(rule, 'source'), 'serviceAccounts');
    if (place === undefined) continue;
    report.error(
      place,
      'foreign-namespaces',
      `spec.ingress[${i}].source.serviceAccounts`,
      'serviceAccounts means those of every trust domain, and others are let in (federation)',
      'Calico knows no trust domain: extAuthz.peerTrustDomains: own, or federation.acceptForeignNamespaces: true; or an Istio policy with trustDomains in place of it',
    );
  }
}
