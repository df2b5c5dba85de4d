/**
 * What a source, an operation or a `when` condition may ask about: attribute → condition over facts.
 * @module
 */
import { toByteString } from '../../../../lib/byte-string.ts';
import { parseCidr } from '../../../../lib/ip-address.ts';
import type { Expr, TextFact, TextPattern } from '../../../model.ts';
import { anyOf } from './expr.ts';
import {
  hasTemplate,
  headerPattern,
  hostPattern,
  namespacePattern,
  pathPattern,
  principalPattern,
  requestPrincipalPatterns,
  serviceAccountPattern,
  stringPattern,
  trustDomainPattern,
} from './pattern.ts';
import { expandPrincipals, expandTrustDomains } from './trust-domain.ts';

/** What a value's meaning depends on besides itself. */
export interface AttributeContext {
  /** The policy's own namespace. */
  readonly namespace: string;
  /** Ours first, then its aliases. */
  readonly trustDomains: readonly string[];
}

/** An attribute: `exprOf` holds if any of the values matches; undefined if the attribute's own name makes no sense. */
export interface Attribute {
  /** Has no meaning on a TCP connection. */
  readonly httpOnly: boolean;
  exprOf(values: readonly string[], context: AttributeContext): Expr | undefined;
}

const textAttribute = (fact: TextFact, httpOnly: boolean, pattern: (value: string) => TextPattern): Attribute => ({
  httpOnly,
  exprOf: (values) => ({ op: 'text', fact, any: values.map(pattern) }),
});

const peerName: TextFact = { of: 'peerName' };

const addressAttribute = (fact: 'source' | 'remote' | 'destination'): Attribute => ({
  httpOnly: false,
  exprOf: (values) => ({ op: 'address', fact, any: values.flatMap(cidrOf) }),
});

const requestPrincipal: Attribute = {
  httpOnly: true,
  exprOf: (values) => anyOf(values.map(requestPrincipalExpr)),
};

function requestPrincipalExpr(value: string): Expr {
  const { issuer, subject } = requestPrincipalPatterns(value);
  return { op: 'all', of: [claimExpr(['iss'], [issuer]), claimExpr(['sub'], [subject])] };
}

const claimExpr = (path: readonly string[], any: readonly TextPattern[]): Expr => ({
  op: 'text',
  fact: { of: 'claim', path },
  any,
});

const claimAttribute = (path: readonly string[] | undefined): Attribute => ({
  httpOnly: true,
  exprOf: (values) => (path === undefined ? undefined : claimExpr(path, values.map(stringPattern))),
});

/** Attributes of fixed name; the fields of a source are the `when` keys of the same meaning. */
const fixed = new Map<string, Attribute>([
  ['source.ip', addressAttribute('source')],
  ['remote.ip', addressAttribute('remote')],
  ['destination.ip', addressAttribute('destination')],
  ['source.namespace', textAttribute(peerName, false, namespacePattern)],
  [
    'source.serviceAccount',
    {
      httpOnly: false,
      exprOf: (values, { namespace }) => ({
        op: 'text',
        fact: peerName,
        any: values.map((value) => serviceAccountPattern(value, namespace)),
      }),
    },
  ],
  [
    'source.trustDomain',
    {
      httpOnly: false,
      exprOf: (values, { trustDomains }) => ({
        op: 'text',
        fact: peerName,
        any: expandTrustDomains(values, trustDomains).map(trustDomainPattern),
      }),
    },
  ],
  [
    'source.principal',
    {
      httpOnly: false,
      exprOf: (values, { trustDomains }) => ({
        op: 'text',
        fact: peerName,
        any: expandPrincipals(values, trustDomains).map(principalPattern),
      }),
    },
  ],
  ['request.auth.principal', requestPrincipal],
  ['request.auth.audiences', claimAttribute(['aud'])],
  ['request.auth.presenter', claimAttribute(['azp'])],
  [
    'destination.port',
    {
      httpOnly: false,
      exprOf: (values) => ({
        op: 'port',
        fact: 'destinationPort',
        any: values.filter(isPort).map((value) => ({ from: Number(value), to: Number(value) })),
      }),
    },
  ],
  ['connection.sni', textAttribute({ of: 'sni' }, false, stringPattern)],
  ['operation.host', textAttribute({ of: 'host' }, true, hostPattern)],
  ['operation.method', textAttribute({ of: 'method' }, true, headerPattern)],
  [
    'operation.path',
    {
      httpOnly: true,
      exprOf: (values) =>
        values.some(isBrokenTemplate) ? undefined : { op: 'text', fact: { of: 'path' }, any: values.map(pathPattern) },
    },
  ],
]);

/** Istio lets it pass and Envoy refuses it: nothing can be said with it. */
const isBrokenTemplate = (value: string): boolean => hasTemplate(value) && !value.startsWith('/');

/** The attribute of a `when` key (or of a field, by its inner name); undefined if there is none. */
export function attributeOf(key: string): Attribute | undefined {
  const known = fixed.get(key);
  if (known !== undefined) return known;
  if (key.startsWith('request.headers')) return headerAttribute(key.slice('request.headers'.length));
  if (key.startsWith('request.auth.claims')) return claimAttribute(claimPath(key.slice('request.auth.claims'.length)));
  if (key.startsWith('experimental.envoy.filters.')) return metadataAttribute(key.slice('experimental.'.length));
  return undefined;
}

/** Envoy keeps `host` as `:authority`, whatever the HTTP version. */
function headerAttribute(bracketed: string): Attribute {
  const name = inBrackets(bracketed);
  if (name === undefined) return { httpOnly: true, exprOf: () => undefined };
  const lower = toByteString(name.toLowerCase());
  return textAttribute({ of: 'header', name: lower === 'host' ? ':authority' : lower }, true, headerPattern);
}

function inBrackets(text: string): string | undefined {
  return text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : undefined;
}

/**
 * `[a][b]` → a, b; where the brackets do not pair up, the whole inside is one name. Nothing can be said with an empty name: Istio lets it
 * pass and Envoy refuses it.
 */
function claimPath(text: string): readonly string[] | undefined {
  if (/^(\[[^[\]]*\])+$/.test(text)) {
    const names = text.slice(1, -1).split('][').map(toByteString);
    return names.includes('') ? undefined : names;
  }
  const whole = inBrackets(text);
  return whole === undefined ? undefined : [toByteString(whole)];
}

/** `envoy.filters.a.b[key]`; a value in brackets asks for a list that holds it. */
function metadataAttribute(text: string): Attribute {
  const open = text.indexOf('[');
  const filter = toByteString(text.slice(0, open));
  const path = [toByteString(text.slice(open + 1).replace(/\]$/, ''))];
  const atom = (list: boolean, any: readonly TextPattern[]): Expr => ({
    op: 'text',
    fact: { of: 'metadata', filter, path, list },
    any,
  });
  return {
    httpOnly: false,
    exprOf: (values) => {
      const inList = values.filter((value) => value.startsWith('[') && value.endsWith(']'));
      const alone = values.filter((value) => !inList.includes(value));
      const parts: Expr[] = [];
      if (alone.length > 0) parts.push(atom(false, alone.map(stringPattern)));
      if (inList.length > 0) {
        parts.push(
          atom(
            true,
            inList.map((value) => stringPattern(value.replaceAll(/^[[\]]+|[[\]]+$/g, ''))),
          ),
        );
      }
      return anyOf(parts);
    },
  };
}

function cidrOf(value: string): { readonly text: string }[] {
  const zoneless = value.replace(/%.*$/, '');
  const range = parseCidr(zoneless);
  return range === undefined ? [] : [{ text: canonicalCidr(range) }];
}

/** `address/bits` with host bits cleared, IPv6 in full groups. */
function canonicalCidr(range: { readonly bytes: Uint8Array; readonly bits: number }): string {
  if (range.bytes.length === 4) return `${range.bytes.join('.')}/${range.bits}`;
  const view = new DataView(range.bytes.buffer, range.bytes.byteOffset, 16);
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(i * 2).toString(16));
  return `${compressed(groups)}/${range.bits}`;
}

/** RFC 5952: the longest run of at least two zero groups becomes `::`. */
function compressed(groups: readonly string[]): string {
  let best = { start: 0, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === '0') length++;
    if (length > best.length) best = { start, length };
  }
  if (best.length < 2) return groups.join(':');
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`;
}

/** Whether a text is a port number as Istio reads one: decimal digits, 0 to 65535. */
export function isPort(value: string): boolean {
  return /^[0-9]+$/.test(value) && Number(value) <= 65535;
}
