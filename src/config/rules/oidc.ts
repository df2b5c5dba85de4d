/**
 * What the configuration of OIDC discovery must keep to.
 * @module
 */
import type { Config } from '../config.ts';
import type { Problem } from '../finding.ts';

/** Everything of `listen.oidc` that does not fit to `authority`. */
export function* oidcProblems({ listen: { oidc }, authority }: Config): Iterable<Problem> {
  if (oidc === undefined) return;
  if (authority.jwtIssuer === undefined) {
    yield {
      code: 'missing',
      path: ['listen', 'oidc'],
      message: 'OIDC clients believe only tokens that name their issuer, and authority.jwtIssuer is empty',
      fix: 'set authority.jwtIssuer to the URL under which clients reach this listener, such as https://oidc.example.org',
    };
  }
  // A successor is made at half of a life at the latest, and must sign at eleven twelfths.
  if (4 * authority.oidcLeadMs > authority.jwtAuthorityTtlMs) {
    yield {
      code: 'too-long',
      path: ['authority', 'oidcLead'],
      message: 'a new JWT key would be published too short a time before the old one ends',
      fix: 'make oidcLead at most a quarter of jwtAuthorityTtl',
    };
  }
}
