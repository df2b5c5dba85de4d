/**
 * What the configuration of the admission webhook must keep to.
 * @module
 */
import type { Config } from '../config.ts';
import type { Problem } from '../finding.ts';

/** A listener that could not show a certificate which the API server takes, and settings that nothing would read. */
export function* admissionProblems({ listen, admission, roles, tenants }: Config): Iterable<Problem> {
  if (admission.prove !== 'off' && Object.keys(tenants).length === 0)
    yield {
      code: 'missing',
      path: ['admission', 'prove'],
      message: 'there are no tenants that changes could be held against',
      fix: 'name them in tenants, or drop it',
    };
  const { shown } = listen.admission ?? {};
  const named = [
    ['service', admission.service],
    ['configuration', admission.configuration],
    ['clientCa', admission.clientCa],
  ] as const;
  if (listen.admission === undefined) {
    for (const [key, value] of named) {
      if (value === undefined) continue;
      const message = 'there is no listener for the admission webhook, so this would be without effect';
      yield { code: 'contradiction', path: ['admission', key], message, fix: 'set listen.admission, or drop it' };
    }
    return;
  }
  if (shown !== undefined) {
    if (admission.configuration === undefined) return;
    yield {
      code: 'contradiction',
      path: ['admission', 'configuration'],
      message: 'who signed the certificate of listen.admission.tls is not known here, so no caBundle can be kept right',
      fix: 'drop it and write the caBundle yourself, or leave listen.admission.tls out',
    };
    return;
  }
  if (!roles.includes('authority')) {
    yield {
      code: 'contradiction',
      path: ['listen', 'admission'],
      message: "only a server with the authority role can have an SVID with its Service's name",
      fix: 'add the role, or name a certificate in listen.admission.tls',
    };
  }
  if (admission.service === undefined) {
    yield {
      code: 'missing',
      path: ['listen', 'admission'],
      message: "the API server takes only a certificate with its Service's name, and admission.service says none",
      fix: 'set admission.service to NAME.NAMESPACE, or name a certificate in listen.admission.tls',
    };
  }
}
