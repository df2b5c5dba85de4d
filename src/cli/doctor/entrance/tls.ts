/**
 * Examines the TLS of a filter chain: whether a caller's name was proven before a policy compares it.
 * @module
 */
import type { EnvoyConfig } from '../config-dump.ts';
import { type DoctorFinding, finding } from '../finding.ts';
import { at, isTrueAt, type JsonObject, objectAt, textAt } from '../json.ts';
import { tlsOf } from './listener.ts';

const CA_FIX = 'combined_validation_context: { validation_context_sds_secret_config: { name: ROOTCA, … } }';

/** Says what is missing for a caller's certificate to mean anything. */
export function examineTls(config: EnvoyConfig, chain: JsonObject, chainAt: string): readonly DoctorFinding[] {
  const where = `${chainAt}.transport_socket`;
  const value = tlsOf(chain);
  if (value === undefined) {
    const message = 'callers show no certificate, so no policy on principals, namespaces or service accounts can match';
    return [
      finding(
        'inexact',
        'no_mtls',
        where,
        message,
        '# gatehouse envoy bootstrap --listen … prints the whole transport_socket',
      ),
    ];
  }
  const findings: DoctorFinding[] = [];
  if (!isTrueAt(value, 'require_client_certificate')) {
    const message = 'a caller without a certificate gets through, and passes every DENY that names a principal';
    findings.push(finding('inexact', 'certificate_optional', where, message, 'require_client_certificate: true'));
  }
  const contexts = validationContexts(config, objectAt(value, 'common_tls_context') ?? {});
  if (
    !contexts.some((each) => at(each, 'trusted_ca') !== undefined || at(each, 'custom_validator_config') !== undefined)
  ) {
    const message = 'certificates are accepted from any authority, so everybody can be anybody';
    findings.push(finding('fail-open', 'no_trusted_ca', where, message, CA_FIX));
  }
  if (contexts.some((each) => textAt(each, 'trust_chain_verification') === 'ACCEPT_UNTRUSTED')) {
    const message = 'certificates that do not verify are accepted, and their names count';
    findings.push(
      finding('fail-open', 'accept_untrusted', where, message, 'trust_chain_verification: VERIFY_TRUST_CHAIN'),
    );
  }
  if (contexts.some((each) => isTrueAt(each, 'allow_expired_certificate'))) {
    findings.push(
      finding(
        'fail-open',
        'expired_accepted',
        where,
        'expired certificates are accepted',
        'allow_expired_certificate: false',
      ),
    );
  }
  if (!isTrueAt(value, 'disable_stateless_session_resumption')) {
    const message = 'a resumed session does not show its certificate again, also when that has expired';
    findings.push(
      finding('fragile', 'session_resumption', where, message, 'disable_stateless_session_resumption: true'),
    );
  }
  return findings;
}

/**
 * Every part of the validation context: written in place, by default, and by SDS as it was last delivered. A secret that
 * is not delivered yet counts as good, because until then the listener is closed.
 */
function validationContexts(config: EnvoyConfig, common: JsonObject): readonly JsonObject[] {
  const combined = objectAt(common, 'combined_validation_context');
  const delivered = [common, combined]
    .map((each) => textAt(each, 'validation_context_sds_secret_config', 'name'))
    .filter((name) => name !== '')
    .map((name) => objectAt(config.secrets.get(name), 'validation_context') ?? { trusted_ca: {} });
  const all = [objectAt(common, 'validation_context'), objectAt(combined, 'default_validation_context'), ...delivered];
  return all.filter((each) => each !== undefined);
}
