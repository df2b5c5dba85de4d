/**
 * Istio's value syntax → text patterns: `*`, `*suffix`, `prefix*`, exact, in this order; only one star is special.
 * @module
 */
import { toByteString } from '../../../../lib/byte-string.ts';
import type { TextPattern } from '../../../model.ts';

const nonEmpty: TextPattern = { is: 'nonEmpty' };
const present: TextPattern = { is: 'present' };

/** A claim, metadata, SNI or path value; `*` asks for a value that is not empty. */
export function stringPattern(value: string): TextPattern {
  return starred(value, nonEmpty, false);
}

/** A header or method value; `*` asks for presence only, even of an empty value. */
export function headerPattern(value: string): TextPattern {
  return starred(value, present, false);
}

/** A host; ASCII case is ignored. A port is part of the value. */
export function hostPattern(value: string): TextPattern {
  return starred(value, present, true);
}

function starred(value: string, alone: TextPattern, ignoreCase: boolean): TextPattern {
  const folded = ignoreCase ? { ignoreCase } : {};
  if (value === '*') return alone;
  if (value.startsWith('*')) return { is: 'suffix', value: toByteString(value.slice(1)), ...folded };
  if (value.endsWith('*')) return { is: 'prefix', value: toByteString(value.slice(0, -1)), ...folded };
  return { is: 'exact', value: toByteString(value), ...folded };
}

/** A path, or a path template if `{*}` or `{**}` stands in it. */
export function pathPattern(value: string): TextPattern {
  return hasTemplate(value) ? { is: 'template', text: toByteString(value) } : stringPattern(value);
}

/** Whether Istio takes a path as a template. */
export function hasTemplate(path: string): boolean {
  return path.includes('{*}') || path.includes('{**}');
}

/** A principal, written without its scheme. `*` matches any name of any certificate. */
export function principalPattern(value: string): TextPattern {
  if (value === '*') return nonEmpty;
  if (value.startsWith('*')) return { is: 'glob', parts: ['spiffe://', toByteString(value.slice(1))] };
  if (value.endsWith('*')) return { is: 'prefix', value: toByteString(`spiffe://${value.slice(0, -1)}`) };
  return { is: 'exact', value: toByteString(`spiffe://${value}`) };
}

/** A namespace; every star stands for any run of bytes. Any name of the certificate that holds `/ns/NS/` matches. */
export function namespacePattern(value: string): TextPattern {
  const literals = toByteString(value).split('*');
  literals[0] = `/ns/${literals[0]}`;
  literals[literals.length - 1] += '/';
  return { is: 'glob', parts: ['', ...literals, ''] };
}

/** A service account, `name` (of the policy's own namespace) or `namespace/name`. */
export function serviceAccountPattern(value: string, ownNamespace: string): TextPattern {
  const slash = value.indexOf('/');
  return {
    is: 'serviceAccount',
    namespace: toByteString(slash < 0 ? ownNamespace : value.slice(0, slash)),
    serviceAccount: toByteString(value.slice(slash + 1)),
  };
}

/** A trust domain, its star (if any) standing for a run without slashes. */
export function trustDomainPattern(value: string): TextPattern {
  if (value === '*') return { is: 'prefix', value: 'spiffe://' };
  const bytes = toByteString(value);
  const star = bytes.indexOf('*');
  if (star < 0) return { is: 'prefix', value: `spiffe://${bytes}/` };
  return {
    is: 'glob',
    parts: [`spiffe://${bytes.slice(0, star)}`, `${bytes.slice(star + 1)}/`, ''],
    within: 'segment',
  };
}

/** A request principal is split at its last slash; issuer and subject are matched apart. */
export function requestPrincipalPatterns(value: string): {
  readonly issuer: TextPattern;
  readonly subject: TextPattern;
} {
  if (value === '*') return { issuer: nonEmpty, subject: nonEmpty };
  const slash = value.lastIndexOf('/');
  const exact = (text: string): TextPattern => ({ is: 'exact', value: toByteString(text) });
  if (slash < 0) {
    if (value.startsWith('*'))
      return { issuer: nonEmpty, subject: { is: 'suffix', value: toByteString(value.slice(1)) } };
    if (value.endsWith('*'))
      return { issuer: { is: 'prefix', value: toByteString(value.slice(0, -1)) }, subject: nonEmpty };
    return { issuer: exact(value), subject: exact('') };
  }
  const issuer = value.slice(0, slash);
  const subject = value.slice(slash + 1);
  if (value.startsWith('*')) return { issuer: issuerSuffix(issuer), subject: exact(subject) };
  if (!value.endsWith('*')) return { issuer: exact(issuer), subject: exact(subject) };
  const start: TextPattern = { is: 'prefix', value: toByteString(subject.slice(0, -1)) };
  return { issuer: exact(issuer), subject: subject === '*' ? nonEmpty : start };
}

function issuerSuffix(issuer: string): TextPattern {
  return issuer === '*' ? nonEmpty : { is: 'suffix', value: toByteString(issuer.slice(1)) };
}
