/**
 * Tokens that rules and RequestAuthentications do not mean alike: issuers that nobody reads, and tokens that nothing demands.
 * @module
 */
import { nearest } from '../../../../lib/nearest.ts';
import type { Finding } from '../../../documents/finding.ts';
import type { Expr, Policy, TextPattern, TokenPolicy } from '../../../model.ts';

/** A finding for each issuer of a rule that no RequestAuthentication for its workloads reads. @param near  those that may meet the policy */
export function unreadIssuers(policy: Policy, near: readonly TokenPolicy[]): Finding[] {
  const rules = near.flatMap(({ rules: own }) => own);
  if (rules.length === 0 || rules.some(({ issuer }) => issuer === '')) return [];
  const issuers = [...new Set(rules.map(({ issuer }) => issuer))];
  return policy.rules.flatMap(({ http, index, position }) =>
    [...new Set(issuerPatterns(http).flatMap((pattern) => unread(pattern, issuers) ?? []))].map((asked) => {
      const meant = nearest(asked, issuers) ?? issuers[0]!; // one at least
      return {
        ...position,
        severity: 'warning',
        code: 'issuer-unread',
        path: `spec.rules[${index}]`,
        message: `the rule asks for issuer ${JSON.stringify(asked)}; the RequestAuthentications for its workloads read ${issuers.map((issuer) => JSON.stringify(issuer)).join(', ')} alone: no token has it`,
        fix: `write ${JSON.stringify(`${meant}/*`)} in requestPrincipals (all up to the last slash is the issuer), or add a jwtRule of that issuer`,
      };
    }),
  );
}

/** The issuer that a pattern asks for, as it is written, if none of those that are read is it. */
function unread(pattern: TextPattern, issuers: readonly string[]): string | undefined {
  if (pattern.is !== 'exact' && pattern.is !== 'prefix' && pattern.is !== 'suffix') return undefined;
  const { is, value } = pattern;
  if (is === 'exact' && /^[a-z]+:\/?$/.test(value)) return undefined; // a scheme: it is told that the value is split there
  const holds = (issuer: string): boolean =>
    is === 'exact' ? issuer === value : is === 'prefix' ? issuer.startsWith(value) : issuer.endsWith(value);
  if (issuers.some(holds)) return undefined;
  return is === 'exact' ? value : is === 'prefix' ? `${value}*` : `*${value}`;
}

/** What is asked of the issuer, unless the subject beside it is asked to be empty: that is told elsewhere. */
function issuerPatterns(expr: Expr): readonly TextPattern[] {
  switch (expr.op) {
    case 'not':
      return issuerPatterns(expr.of);
    case 'all':
    case 'any': {
      const hasNoSubject =
        expr.op === 'all' &&
        expr.of.some((part) => isClaim(part, 'sub') && part.any.some((one) => one.is === 'exact' && one.value === ''));
      return hasNoSubject ? [] : expr.of.flatMap(issuerPatterns);
    }
    default:
      return isClaim(expr, 'iss') ? expr.any : [];
  }
}

const isClaim = (expr: Expr, name: string): expr is Extract<Expr, { op: 'text' }> =>
  expr.op === 'text' && expr.fact.of === 'claim' && expr.fact.path.length === 1 && expr.fact.path[0] === name;

/** Whether a policy keeps out, in some rule at least, who has no token; a provider may do so, too. */
export function demandsToken({ rules, mode, provider }: Policy, stage: string): boolean {
  if (mode !== 'enforce') return false;
  if (provider !== undefined) return true;
  if (stage === 'any-allow') return rules.some(({ http }) => asksClaim(http, false));
  return stage === 'any-deny' && rules.some(({ http }) => asksClaim(http, true));
}

function asksClaim(expr: Expr, negated: boolean): boolean {
  if (expr.op === 'not') return asksClaim(expr.of, !negated);
  if (expr.op === 'any' && expr.of.length === 0) return !negated; // nobody passes there
  if (expr.op === 'all' || expr.op === 'any') return expr.of.some((part) => asksClaim(part, negated));
  return expr.op === 'text' && expr.fact.of === 'claim' && !negated;
}

/** Says that a request without a token passes, whatever the tokens that are read. */
export function notDemanded({ position, rules }: TokenPolicy): Finding {
  const issuers = rules.map(({ issuer }) => JSON.stringify(issuer)).join(', ');
  return {
    ...position,
    severity: 'warning',
    code: 'token-not-demanded',
    path: 'spec.jwtRules',
    message: `tokens of ${issuers} are read, and no policy demands one: a request without a token passes`,
    fix: 'add an AuthorizationPolicy for these workloads: ALLOW with requestPrincipals, or DENY with notRequestPrincipals: ["*"]',
  };
}
