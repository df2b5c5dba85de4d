/**
 * Requests made for the rules of a workload, so that a tree can be held against the decision before it is given away.
 * @module
 */
import { parseIp } from '../../lib/ip-address.ts';
import type { Destination, Facts, IpAddress } from '../facts.ts';
import type { Expr, Rule, TextFact, TextPattern } from '../model.ts';
import { goodKey, PAYLOAD, tokenInput, tokenState } from './tokens/token-names.ts';
import { type Seen, unavailable } from './tree/interpret-tree.ts';
import { type Input, REQUEST, requestText } from './tree/tree.ts';

/** One request, or one connection, by a caller with one SPIFFE ID or none. */
export interface Witness {
  readonly protocol: 'http' | 'tcp';
  readonly caller: string | undefined;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly port: number;
  readonly source: string;
  readonly address: string;
  /** Strings of a token that was accepted, by their paths (JSON lists); empty: the request brings none. */
  readonly claims: ReadonlyMap<string, string>;
}

type Parts = { -readonly [Key in keyof Witness]?: Witness[Key] };

/**
 * Requests that come near a rule: as it asks for them, by another caller, by nobody, with another method, and without a token.
 *
 * @param hasTokens  tokens are verified before the tree
 */
export function witnessesOf(rule: Rule, trustDomain: string, hasTokens: boolean): readonly Witness[] {
  return (['http', 'tcp'] as const).flatMap((protocol) => {
    const expr = protocol === 'http' ? rule.http : rule.tcp;
    if (expr === undefined) return [];
    const parts: Parts = {};
    gather(expr, parts, trustDomain);
    const made = {
      ...usual,
      caller: `spiffe://${trustDomain}/ns/nowhere/sa/nobody`,
      ...parts,
      protocol,
      ...(hasTokens && protocol === 'http' ? {} : { claims: usual.claims }),
    };
    const others = [
      { caller: undefined },
      { caller: `spiffe://${trustDomain}/ns/nowhere/sa/other` },
      { method: 'TRACE' },
      ...(made.claims.size > 0 ? [{ claims: usual.claims }] : []),
    ];
    return [made, ...others.map((other) => ({ ...made, ...other }))];
  });
}

/** A request that nobody has asked anything of. */
export const usual = {
  method: 'GET',
  path: '/',
  host: 'example.com',
  headers: new Map<string, string>(),
  port: 8080,
  source: '203.0.113.7',
  address: '203.0.113.8',
  claims: new Map<string, string>(),
} as const;

/** A witness of which a condition holds, if one request can make it. */
export function withExpr(witness: Witness, expr: Expr | undefined, trustDomain: string): Witness {
  const parts: Parts = {};
  if (expr !== undefined) gather(expr, parts, trustDomain);
  return { ...witness, ...parts };
}

function gather(expr: Expr, parts: Parts, trustDomain: string): void {
  if (expr.op === 'all') for (const part of expr.of) gather(part, parts, trustDomain);
  else if (expr.op === 'any' && expr.of[0] !== undefined) gather(expr.of[0], parts, trustDomain);
  else if (expr.op === 'port' && expr.any[0] !== undefined) parts.port = expr.any[0].from;
  else if (expr.op === 'address' && expr.any[0] !== undefined) {
    const [address = ''] = expr.any[0].text.split('/');
    if (expr.fact === 'source') parts.source = address;
    if (expr.fact === 'destination') parts.address = address;
  } else if (expr.op === 'text' && expr.any[0] !== undefined) put(expr.fact, expr.any[0], parts, trustDomain);
}

function put(fact: TextFact, pattern: TextPattern, parts: Parts, trustDomain: string): void {
  if (fact.of === 'peerName') parts.caller = callerLike(pattern, trustDomain);
  else if (fact.of === 'path' || fact.of === 'normalPath')
    parts.path = pattern.is === 'suffix' ? `/x${pattern.value}` : textLike(pattern);
  else if (fact.of === 'method' || fact.of === 'host') parts[fact.of] = textLike(pattern);
  else if (fact.of === 'claim')
    parts.claims = new Map([...(parts.claims ?? []), [JSON.stringify(fact.path), textLike(pattern)]]);
  else if (fact.of === 'header') parts.headers = new Map([...(parts.headers ?? []), [fact.name, textLike(pattern)]]);
}

function callerLike(pattern: TextPattern, trustDomain: string): string {
  const [first = '', second = ''] = pattern.is === 'glob' ? pattern.parts : [];
  if (pattern.is === 'serviceAccount')
    return `spiffe://${trustDomain}/ns/${pattern.namespace}/sa/${pattern.serviceAccount}`;
  if (pattern.is === 'glob' && first === '') return `spiffe://${trustDomain}${second}sa/x`;
  if (pattern.is === 'glob') return `spiffe://${trustDomain}/x${second}`;
  return pattern.is === 'exact' || pattern.is === 'prefix' ? textLike(pattern) : `spiffe://${trustDomain}/ns/x/sa/y`;
}

function textLike(pattern: TextPattern): string {
  switch (pattern.is) {
    case 'exact':
    case 'under':
      return pattern.value;
    case 'prefix':
      return `${pattern.value}x`;
    case 'suffix':
      return `x${pattern.value}`;
    case 'template':
      return pattern.text.replaceAll('{*}', 'x').replaceAll('{**}', 'x/y');
    case 'glob':
      return pattern.parts.join('x');
    default:
      return 'x';
  }
}

/** What policies see of a witness. */
export function factsOf(witness: Witness, destination: Destination): Facts {
  const { protocol, caller, path, method, host, headers, port, source, address, claims } = witness;
  const isHttp = protocol === 'http';
  const pseudo = [[':method', method] as const, [':path', path] as const, [':authority', host] as const];
  const lines = new Map(isHttp ? [...headers, ...pseudo] : []);
  return {
    ...{ protocol, destination, destinationPort: port, sourcePort: 40_000, ipProtocol: 6 },
    ...{ destinationAddress: ip(address), sourceAddress: ip(source), remoteAddress: ip(source) },
    sourcePrincipal: caller ?? '',
    destinationPrincipal: destination.spiffeId,
    sourceLabels: new Map(),
    peerNames: caller === undefined ? [] : [caller],
    method: isHttp ? method : '',
    path: isHttp ? path.split('?', 1)[0] : undefined,
    host: isHttp ? host : undefined,
    sni: undefined,
    header: (name) => {
      const value = lines.get(name);
      return value === undefined ? [] : [value];
    },
    claim: (path) => {
      const value = claims.get(JSON.stringify(path));
      return value === undefined ? [] : [value];
    },
    metadata: () => [],
    verifyTokens: () => ({ accepted: true }),
  };
}

function ip(text: string): IpAddress | undefined {
  const bytes = parseIp(text);
  return bytes && { bytes, text };
}

/** What Envoy's inputs show of a witness. */
export function seenOf(witness: Witness): Seen {
  const { caller, path, method, host, headers, port, source, address, claims } = witness;
  const values = new Map<string, string | typeof unavailable>([
    ...[...headers].map(([name, value]) => [`header:${name}`, value] as const),
    ...([
      ['path', path.split('?', 1)[0] ?? ''],
      ['header::path', path],
      ['header::method', method],
    ] as const),
    ...([
      ['header::authority', host],
      ['port', String(port)],
      ['sourceIp', source],
      ['remoteIp', source],
    ] as const),
    ...([
      ['destinationIp', address],
      ['state:gh.serial', caller === undefined ? '-' : '4d'],
    ] as const),
    [REQUEST, requestText(method, path.split('?', 1)[0] ?? '')],
    ['state:gh.transport', caller === undefined ? 'plain' : 'tls'],
    ...seenOfToken(claims),
  ]);
  if (caller !== undefined) values.set('uri', caller);
  else for (const input of ['uri', 'dns', 'subject']) values.set(input, unavailable);
  return (input) => values.get(input);
}

/** As jwt_authn shows a token that was good by the first rule. */
function* seenOfToken(claims: Witness['claims']): Iterable<readonly [Input, string]> {
  const stateFor = (claim: string): string => claims.get(JSON.stringify([claim])) ?? '-';
  yield [`state:${tokenState.issuer}`, stateFor('iss')];
  yield [`state:${tokenState.subject}`, stateFor('sub')];
  yield [`state:${tokenState.headerBytes}`, '400'];
  if (claims.size === 0) return;
  yield [tokenInput(goodKey(0), 'alg'), 'ES256'];
  for (const [path, value] of claims) yield [tokenInput(PAYLOAD, ...(JSON.parse(path) as readonly string[])), value]; // written here
}
