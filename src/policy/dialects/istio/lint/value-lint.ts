/**
 * Values that Istio accepts and that mean something else than they look.
 * @module
 */

import { parseCidr } from '../../../../lib/ip-address.ts';
import type { FindingCode } from '../../../documents/codes/finding-codes.ts';
import { hasTemplate } from '../read/pattern.ts';

/** What is odd about a value, and what to do. */
export interface Oddity {
  readonly code: FindingCode;
  readonly message: string;
  readonly fix: string;
}

type Lint = (value: string) => Oddity | undefined;

const shown = (value: string): string => JSON.stringify(value);

/** In the order in which they are asked; the first that speaks is reported. */
const lints: ReadonlyMap<string, readonly Lint[]> = new Map(
  Object.entries<readonly Lint[]>({
    'operation.path': [blanks, regexLike, strayStar, templateStart, unreachablePath],
    'operation.method': [blanks, regexLike, strayStar, methodCase],
    'operation.host': [blanks, regexBeforeStar, hostPort, strayStar],
    'source.principal': [blanks, scheme, regexLike, strayStar, principalForm],
    'source.namespace': [blanks, regexLike],
    'source.serviceAccount': [blanks],
    'source.trustDomain': [blanks, scheme],
    'request.auth.principal': [blanks, requestPrincipal],
    'source.ip': [addressForm],
    'remote.ip': [addressForm],
    'destination.ip': [addressForm],
    'connection.sni': [blanks, strayStar, sniCase],
    header: [blanks, regexBeforeStar, strayStar],
    claim: [blanks, strayStar, claimType],
  }),
);

/** The first odd thing about a value of an attribute. */
export function oddityOf(key: string, value: string): Oddity | undefined {
  for (const lint of lints.get(attributeKind(key)) ?? []) {
    const found = lint(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

function attributeKind(key: string): string {
  if (key.startsWith('request.headers')) return 'header';
  if (key.startsWith('request.auth.') && key !== 'request.auth.principal') return 'claim';
  return key;
}

function blanks(value: string): Oddity | undefined {
  if (value === value.trim()) return undefined;
  const message = `${shown(value)} begins or ends with a blank, which has to match too`;
  return { code: 'stray-blank', message, fix: `write ${shown(value.trim())}` };
}

/** One star at one end is special; every other one is a plain character. */
function strayStar(value: string): Oddity | undefined {
  if (!value.includes('*') || value === '*' || hasTemplate(value)) return undefined;
  const rest = value.startsWith('*') ? value.slice(1) : value.endsWith('*') ? value.slice(0, -1) : value;
  if (!rest.includes('*')) return undefined;
  const several = rest !== value;
  const message = several
    ? `only the first star of ${shown(value)} is a wildcard; the other must stand in the request literally`
    : `the star in the middle of ${shown(value)} is no wildcard: it must stand in the request literally`;
  return {
    code: several ? 'two-stars' : 'star-in-the-middle',
    message,
    fix: 'use one star at one end; for paths, {*} stands for one segment',
  };
}

function regexLike(value: string): Oddity | undefined {
  const found = /\.\*|\.\+|^\^|\$$|\[\^?[^\]]*(?:a-[z9]|A-Z|0-9|\d-\d)[^\]]*\]|\(\?|\\[dws]/.exec(value);
  if (found === null) return undefined;
  const isPrefix = value.endsWith('*') && value.indexOf('*') === value.length - 1;
  const what = isPrefix
    ? `only its last star is special, and ${shown(value.slice(0, -1))} before it is compared literally`
    : 'it is compared literally';
  const message = `${shown(value)} looks like a regular expression; ${what}`;
  return { code: 'looks-like-regex', message, fix: 'use a prefix "a*", a suffix "*a", or write the values out' };
}

/** Where names have dots, `shop.*` is a prefix like any other. */
function regexBeforeStar(value: string): Oddity | undefined {
  const isPrefix = value.endsWith('.*') && value.length > 2;
  return regexLike(isPrefix ? value.slice(0, -2) : value);
}

function methodCase(value: string): Oddity | undefined {
  if (value === value.toUpperCase()) return undefined;
  const message = `methods are compared exactly, and ${shown(value)} is not what clients send`;
  return { code: 'method-case', message, fix: `write ${shown(value.toUpperCase())}` };
}

function templateStart(value: string): Oddity | undefined {
  if (!hasTemplate(value) || value.startsWith('/')) return undefined;
  const message = `the path template ${shown(value)} does not start with a slash: Envoy would refuse the whole listener`;
  return { code: 'path-template-start', message, fix: `write ${shown(`/${value}`)}` };
}

function unreachablePath(value: string): Oddity | undefined {
  const code = 'path-unreachable';
  const never = `${shown(value)} never matches: `;
  if (/[?#]/.test(value)) {
    return {
      code,
      message: `${never}the path is compared without query and fragment`,
      fix: `write ${shown(value.replace(/[?#].*$/s, ''))}`,
    };
  }
  if (!value.startsWith('/') && !value.startsWith('*')) {
    return { code, message: `${never}a path starts with a slash`, fix: `write ${shown(`/${value}`)}` };
  }
  if (value.includes('\\') || /(^|\/)\.\.?(\/|$)/.test(value)) {
    return { code, message: `${never}Envoy normalises \\, /./ and /../ away before`, fix: 'write the normalised path' };
  }
  const decoded = /%(?:2[dDeE]|3[0-9]|[46][1-9a-fA-F]|[57][0-9aA]|5[fF]|7[eE])/.exec(value);
  if (decoded !== null) {
    const character = decodeURIComponent(decoded[0]);
    return {
      code,
      message: `${never}Envoy decodes ${decoded[0]} to ${shown(character)} before`,
      fix: 'write the character itself',
    };
  }
  return undefined;
}

function hostPort(value: string): Oddity | undefined {
  if (!/^\*.*:\*$/.test(value)) return undefined;
  const message = `${shown(value)} has two stars, of which only the first is a wildcard: it never matches a port`;
  const plain = value.slice(0, -2);
  return { code: 'host-two-stars', message, fix: `write ${shown(plain)} and ${shown(`${plain}:PORT`)} for each port` };
}

function scheme(value: string): Oddity | undefined {
  if (!value.startsWith('spiffe:')) return undefined;
  const message = `${shown(value)} never matches: the scheme is put before it a second time`;
  return { code: 'principal-scheme', message, fix: `write ${shown(value.replace(/^spiffe:\/*/, ''))}` };
}

function principalForm(value: string): Oddity | undefined {
  if (value.includes('*')) return undefined;
  const [, ns, , sa, ...rest] = value.split('/');
  if (ns === 'ns' && sa === 'sa' && rest.length === 1) return undefined;
  const message = `${shown(value)} has not the form TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICE-ACCOUNT; trust-domain aliases do not apply to it`;
  return { code: 'principal-form', message, fix: 'write e.g. cluster.local/ns/default/sa/details' };
}

function requestPrincipal(value: string): Oddity | undefined {
  const code = 'request-principal-split';
  if (value === '*') return undefined;
  const slash = value.lastIndexOf('/');
  const fix = 'write ISSUER/SUBJECT, ISSUER/*, or two conditions on request.auth.claims[iss] and [sub]';
  if (slash < 0 && !value.includes('*')) {
    return { code, message: `${shown(value)} has no slash: it asks for an empty subject`, fix };
  }
  if (slash < 0) return undefined;
  const issuer = value.slice(0, slash);
  const subject = value.slice(slash + 1);
  if (/^[a-z]+:\/?$/.test(issuer)) {
    return {
      code,
      message: `${shown(value)} is split at its last slash: issuer ${shown(issuer)}, subject ${shown(subject)}`,
      fix,
    };
  }
  if (value.startsWith('*') && value.endsWith('*')) {
    return { code, message: `${shown(value)} asks for a subject that ends in a literal star`, fix };
  }
  return undefined;
}

function addressForm(value: string): Oddity | undefined {
  if (value.includes('%')) {
    return { code: 'address-zone', message: `the zone of ${shown(value)} is not compared`, fix: 'leave the zone out' };
  }
  if (/^::ffff:/i.test(value)) {
    const message = `${shown(value)} never matches an IPv4 caller: the families are kept apart`;
    return { code: 'address-mapped', message, fix: 'write the IPv4 address or range' };
  }
  const range = value.includes('/') ? parseCidr(value) : undefined;
  const given = value.includes('/') ? parseCidr(value.slice(0, value.indexOf('/'))) : undefined;
  if (range === undefined || given === undefined || Buffer.from(range.bytes).equals(given.bytes)) return undefined;
  const message = `${shown(value)} has address bits beyond its prefix; the whole range is meant`;
  return { code: 'address-host-bits', message, fix: 'write the first address of the range, or drop the prefix length' };
}

function sniCase(value: string): Oddity | undefined {
  if (value === value.toLowerCase()) return undefined;
  const message = `${shown(value)} never matches: server names are compared in lower case`;
  return { code: 'sni-case', message, fix: `write ${shown(value.toLowerCase())}` };
}

function claimType(value: string): Oddity | undefined {
  if (!/^(true|false|-?\d+(\.\d+)?)$/.test(value)) return undefined;
  const message = `only texts in a token are compared: a claim that is the ${/\d/.test(value) ? 'number' : 'boolean'} ${value} never matches`;
  return { code: 'claim-type', message, fix: 'have the issuer write the claim as a text' };
}
