/**
 * Values that Istio accepts and that hold for nobody, or for everybody, without saying so.
 * @module
 */
import { parseCidr } from '../../../../lib/ip-address.ts';
import type { Reporter } from '../../../documents/finding.ts';
import type { TextValue } from '../../../documents/value.ts';
import { expandPrincipals } from '../read/trust-domain.ts';
import { type Oddity, oddityOf } from './value-lint.ts';

const shown = (value: string): string => JSON.stringify(value);

/** The first odd thing about a value, which may hang on the trust domains of the mesh, ours first. */
export function oddityIn(key: string, value: string, trustDomains: readonly string[]): Oddity | undefined {
  const meant = key === 'source.principal' ? withoutDomainStar(value, trustDomains) : value;
  return oddityOf(key, meant) ?? silenceIn(key, value, trustDomains);
}

/** A star in a trust domain of ours is written out before anything is compared. */
function withoutDomainStar(value: string, trustDomains: readonly string[]): string {
  return /^[^/]*\*[^/]*\//.test(value) ? expandPrincipals([value], trustDomains)[0]! : value; // one value makes one at least
}

function silenceIn(key: string, value: string, trustDomains: readonly string[]): Oddity | undefined {
  if (key === 'source.principal') return foreignStar(value, trustDomains);
  if (key === 'source.namespace') return namespaceStar(value);
  return isComparedAsText(key) ? rangeAsText(key, value) : undefined;
}

/** Aliases, and `cluster.local` for "ours", are written out in principals of five parts alone. */
function foreignStar(value: string, trustDomains: readonly string[]): Oddity | undefined {
  const [own = ''] = trustDomains;
  const slash = value.indexOf('/');
  const domain = slash < 0 ? value : value.slice(0, slash);
  if (!value.includes('*') || domain === '*' || (slash < 0 && value.startsWith('*'))) return undefined;
  if (domain === own || (domain.includes('*') && fits(own, domain))) return undefined;
  const isOurs = trustDomains.includes(domain) || domain === 'cluster.local';
  if (isOurs && value.split('/').length === 5) return undefined;
  const code = 'principal-star-foreign';
  const rest = slash < 0 ? '/*' : value.slice(slash);
  if (isOurs) {
    const message = `${shown(value)} means callers of ${domain} alone: with a star in place of parts neither aliases nor cluster.local stand for trust domain ${own}`;
    return { code, message, fix: `write ${shown(`${own}${rest}`)}, or all five parts: ${domain}/ns/NAMESPACE/sa/NAME` };
  }
  const message = `${shown(value)} is of another trust domain than ${own}, that of this mesh: none of its workloads is meant`;
  return {
    code,
    message,
    fix: `write ${shown(`${own}${rest}`)}; if ${domain} is this mesh's trust domain, say so with --config`,
  };
}

const fits = (text: string, pattern: string): boolean =>
  pattern.startsWith('*') ? text.endsWith(pattern.slice(1)) : text.startsWith(pattern.slice(0, pattern.indexOf('*')));

/** A namespace that no pattern means, unless its star goes across the slash behind it. */
const OTHER = 'q0q';

/** The star of a namespace stands for slashes too: `/ns/` + anything + `a/` is there in every name, which has `/sa/`. */
function namespaceStar(value: string): Oddity | undefined {
  const [head = '', ...rest] = value.split('*');
  if (rest.every((part) => part === '')) return undefined;
  const name = `${OTHER}/sa/${OTHER}`;
  let at = 0;
  const holds = rest.every((part, i) => {
    const wanted = i === rest.length - 1 ? `${part}/` : part;
    const found = name.indexOf(wanted, at);
    at = found + wanted.length;
    return found >= 0;
  });
  if (!holds) return undefined;
  const which = head === '' ? 'every namespace' : `every namespace that begins with ${shown(head)}`;
  const message = `${shown(value)} means ${which}: a star also stands for slashes, and each caller's name has /sa/ behind its namespace`;
  return { code: 'namespace-star-wide', message, fix: 'write the namespaces out, or use a star at the end alone' };
}

const isComparedAsText = (key: string): boolean =>
  key === 'operation.host' ||
  key === 'connection.sni' ||
  key.startsWith('request.headers') ||
  key.startsWith('request.auth.claims') ||
  key.startsWith('experimental.envoy.filters.');

function rangeAsText(key: string, value: string): Oddity | undefined {
  if (!value.includes('/') || parseCidr(value) === undefined) return undefined;
  const message = `${shown(value)} is compared as text: no address lies within it, and no request has that very text`;
  const fix = /forwarded|real-ip|client-ip|connecting-ip/i.test(key)
    ? 'use remoteIpBlocks, or a condition on remote.ip: the client by X-Forwarded-For and trusted hops'
    : 'use ipBlocks or remoteIpBlocks, or a condition on source.ip or remote.ip';
  return { code: 'range-as-text', message, fix };
}

/** A key that asks for a claim whose name has dots, where a claim within a claim is meant. */
export function dottedClaim(key: string): Oddity | undefined {
  const match = /^request\.auth\.claims((?:\[[^[\]]*\])+)$/.exec(key);
  const names = match?.[1]?.slice(1, -1).split('][') ?? [];
  if (!names.some(isDotted)) return undefined;
  const path = names.flatMap((name) => (isDotted(name) ? name.split('.') : [name]));
  const message = `${shown(key)} asks for a claim whose name has a dot in it; dots do not lead into a claim`;
  return { code: 'claim-dots', message, fix: `write request.auth.claims${path.map((name) => `[${name}]`).join('')}` };
}

/** Warns about claims that shall be split at blanks and are not at the top: only those are. */
export function lintSplitClaims(names: readonly TextValue[], path: string, report: Reporter): void {
  for (const [i, name] of names.entries()) {
    if (!isDotted(name.text)) continue;
    const message = `${shown(name.text)} names a claim with a dot in its name: dots do not lead into a claim, and only claims at the top are split`;
    report.warning(name, 'claim-dots', `${path}[${i}]`, message, 'name a claim at the top, or leave it out');
  }
}

/** Names of claims that are domains have dots of their own: `kubernetes.io`, `com.example.roles`. */
function isDotted(name: string): boolean {
  if (!/^[A-Za-z_][\w-]*(\.[\w-]+)+$/.test(name)) return false;
  return !/^(com|org|net|io)\.|\.(com|org|net|io|dev|gov|edu|eu|uk|de)$/.test(name);
}
