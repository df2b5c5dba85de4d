/**
 * What policies ask of the names of workloads: their principals and service accounts.
 * @module
 */
import { matches } from '../../policy/evaluate/plain-match.ts';
import type { TextPattern } from '../../policy/model.ts';

/** Collects patterns; accounts of one namespace with equal signatures match the same of them. */
export interface NameInterest {
  addPattern(pattern: TextPattern): void;
  addAccountName(name: string): void;
  /** Of `/ns/<namespace>/sa/<service account>` in each of the trust domains. */
  signatureOf(namespace: string, serviceAccount: string): string;
}

/** Starts without any pattern. The namespace is told apart by whoever asks. */
export function createNameInterest(trustDomains: readonly string[]): NameInterest {
  const exact = new Set<string>();
  const names = new Set<string>();
  const others = new Map<string, TextPattern>();
  return {
    addPattern(pattern) {
      if (pattern.is === 'exact') exact.add(tailOf(pattern.value));
      else if (pattern.is === 'serviceAccount')
        exact.add(`/ns/${pattern.namespace}/sa/${pattern.serviceAccount}`.toLowerCase());
      else if (!isOfNamespace(pattern)) others.set(JSON.stringify(pattern), pattern);
    },
    addAccountName: (name) => void names.add(name),
    signatureOf(namespace, serviceAccount) {
      const tail = `/ns/${namespace}/sa/${serviceAccount}`;
      if (names.has(serviceAccount) || exact.has(tail.toLowerCase())) return JSON.stringify(serviceAccount);
      let bits = '';
      for (const domain of trustDomains) {
        const principal = `spiffe://${domain}${tail}`;
        for (const pattern of others.values()) bits += matches(pattern, principal) ? '1' : '0';
      }
      return bits;
    },
  };
}

/** What follows the trust domain, without regard to case: more is told apart than need be, never less. */
const tailOf = (principal: string): string => principal.slice(Math.max(0, principal.indexOf('/ns/'))).toLowerCase();

/**
 * Whether a pattern looks at no more of a principal than its namespace: what it looks for ends in `/`, and no name of an account
 * holds one.
 */
function isOfNamespace(pattern: TextPattern): boolean {
  if (pattern.is === 'present' || pattern.is === 'nonEmpty') return true;
  if (pattern.is === 'prefix') return pattern.value.endsWith('/');
  if (pattern.is !== 'glob' || pattern.within !== undefined || pattern.parts.length < 2) return false;
  return pattern.parts.at(-1) === '' && pattern.parts.slice(0, -1).every((part) => part === '' || part.endsWith('/'));
}
