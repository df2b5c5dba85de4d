/**
 * Trust-domain aliases: a policy that names one of our trust domains means all of them.
 * @module
 */

/** Istio's name for "the local trust domain, whatever it is called". */
const LOCAL = 'cluster.local';

/**
 * Expands principals over `[trustDomain, ...aliases]`, as Istio does: only a value of exactly five parts whose first is
 * not `*`, and only if that part matches one of ours (stars on either side count) or is `cluster.local`.
 */
export function expandPrincipals(values: readonly string[], trustDomains: readonly string[]): readonly string[] {
  return values.flatMap((value) => expandPrincipal(value, trustDomains));
}

function expandPrincipal(principal: string, trustDomains: readonly string[]): readonly string[] {
  const [own = '', ...rest] = principal.split('/');
  if (rest.length !== 4 || own === '*') return [principal];
  if (own !== LOCAL && !trustDomains.some((trustDomain) => similar(own, trustDomain))) return [principal];
  const out = trustDomains.map((trustDomain) =>
    own.startsWith('*') && trustDomain.endsWith(own.slice(1)) ? principal : [trustDomain, ...rest].join('/'),
  );
  return [...new Set(out)];
}

/** Equal, or one is `prefix*` or `*suffix` of the other. */
function similar(a: string, b: string): boolean {
  return a === b || b === '*' || fitsStar(a, b) || fitsStar(b, a);
}

function fitsStar(text: string, pattern: string): boolean {
  return (
    (pattern.endsWith('*') && text.startsWith(pattern.slice(0, -1))) ||
    (pattern.startsWith('*') && text.endsWith(pattern.slice(1)))
  );
}

/** Expands values of `trustDomains`: one that equals a trust domain of ours becomes all of them. */
export function expandTrustDomains(values: readonly string[], trustDomains: readonly string[]): readonly string[] {
  return [...new Set(values.flatMap((value) => (trustDomains.includes(value) ? trustDomains : [value])))];
}
