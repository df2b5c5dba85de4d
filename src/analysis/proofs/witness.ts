/**
 * Witnesses: a request of a region, written so that a decision can be asked about it.
 * @module
 */
import type { RequestForm } from '../../admin-api/request-form.ts';
import { fromByteString } from '../../lib/byte-string.ts';
import { parseIp } from '../../lib/ip-address.ts';
import { nameOfFact } from '../../policy/meaning/fact-values.ts';
import type { TokenRule } from '../../policy/model.ts';
import { cidrsOf } from '../regions/addresses.ts';
import { BoundMet } from '../regions/bound.ts';
import { NONE, type Region } from '../regions/diagrams.ts';
import { sampleList } from '../regions/lists/sample-list.ts';
import { type RequestSpace, transport } from '../regions/request-space.ts';
import { chooseWay, sampleText } from '../regions/sample.ts';
import type { Resident } from '../universe/resident.ts';
import { routesBetween } from './pairs.ts';
import { audienceForms, createTokenLimits, type TokenLimits } from './token-claims.ts';

/** A request, and how it is told. */
export interface Witness {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly port: number;
  readonly http?: { readonly method: string; readonly path: string; readonly host: string };
  /** False where the caller could show a certificate and does not. */
  readonly mtls?: false;
  /** The whole of it, as `policy explain --request` and policy tests take it. */
  readonly request: RequestForm;
  /** Of the token that it bears. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** Chooses witnesses in one space. */
export interface Witnesses {
  /** A request of a region that is not empty. @throws BoundMet if it cannot be written */
  of(region: Region, from: Resident, to: Resident, tokens?: readonly TokenRule[]): Witness;
}

/** How requests come: what is chosen where a region leaves the choice. */
export interface WitnessOptions {
  readonly space: RequestSpace;
  /** HTTP goes before a bare connection. */
  readonly prefersHttp: boolean;
  /** Addresses that X-Forwarded-For is trusted for. */
  readonly trustedHops: number;
}

const usualMethods = ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS'];
const usualPaths = ['/', '/x', '/x/y'];
const usualPorts = [8080, 80, 443, 8443];

/** Creates what chooses. */
export function createWitnesses(options: WitnessOptions): Witnesses {
  const { space } = options;
  const limits = createTokenLimits(space);
  const order = options.prefersHttp
    ? [transport.http, transport.tcp, transport.udp, transport.sctp]
    : [transport.tcp, transport.http, transport.udp, transport.sctp];
  const prefers = (variable: number, set: number): number => {
    if (variable === space.mtls) return set === 1 ? 1 : 0;
    if (variable === space.transport) return 4 - order.findIndex((bit) => (set & bit) !== 0);
    const { domain } = space.lists.get(variable) ?? {};
    return domain !== undefined && domain.and(set, domain.empty) !== NONE ? 1 : 0;
  };
  return {
    of(region, from, to, tokens = []) {
      const token = tokenFor(region, tokens, limits, space);
      const way = chooseWay(space, token.region, prefers);
      const transports = way.get(space.transport) ?? 15;
      const kind = order.find((bit) => (transports & bit) !== 0)!; // an edge has a value
      const route = way.get(space.route);
      const bit = route === undefined ? 0 : 31 - Math.clz32(route & -route);
      const [a, b] = routesBetween(from, to)[bit] ?? [0, 0];
      const shows = from.endpoint !== undefined && (way.get(space.mtls) ?? 1) !== 2;
      const lists = listsOf(way, space, token.rule);
      const port = portOf(way, space, to);
      const protocol = kind === transport.udp ? 'UDP' : kind === transport.sctp ? 'SCTP' : 'TCP';
      const http = kind === transport.http ? httpOf(way, space, to) : undefined;
      const sourcePort = way.get(space.sourcePort.id);
      const headers = { ...lists.headers, ...forwarded(way, options, from.addresses[a]) };
      const sni = sniOf(way, space);
      const request: RequestForm = {
        ...(protocol !== 'TCP' && { protocol }),
        source: {
          ...(shows && { principal: from.principal }),
          ...(from.addresses[a] !== undefined && { address: from.addresses[a] }),
          ...(sourcePort !== undefined && { port: space.sourcePort.domain.intervalsOf(sourcePort)[0]![0] }),
        },
        destination: destinationOf(to, b, port),
        ...(http && { http: { ...http, ...(Object.keys(headers).length > 0 && { headers }) } }),
        ...(sni !== '' && { tls: { sni } }),
      };
      return {
        ...{ protocol, port, request },
        ...(http && { http }),
        ...(!shows && from.endpoint !== undefined && { mtls: false as const }),
        ...(lists.claims && { claims: lists.claims }),
      };
    },
  };
}

function destinationOf(to: Resident, address: number, port: number): RequestForm['destination'] {
  const { endpoint } = to;
  const labels = endpoint?.labels ?? [];
  return {
    ...(to.endpoint !== undefined && { principal: to.principal }),
    ...(to.addresses[address] !== undefined && { address: to.addresses[address] }),
    port,
    ...(labels.length > 0 && { labels: Object.fromEntries(labels) }),
  };
}

type Way = ReadonlyMap<number, number>;

function portOf(way: Way, { port }: RequestSpace, to: Resident): number {
  const intervals = port.domain.intervalsOf(way.get(port.id) ?? port.domain.full);
  const usual = [...(to.endpoint?.ports ?? []).map((one) => one.port), ...usualPorts];
  return usual.find((one) => intervals.some(([lo, hi]) => lo <= one && one <= hi)) ?? intervals[0]![0];
}

function httpOf(way: Way, { method, host, path }: RequestSpace, to: Resident) {
  const text = ({ id, domain }: RequestSpace['method'], usual: readonly string[]): string =>
    fromByteString(sampleText(domain.automatonOf(way.get(id) ?? domain.full), usual));
  const { endpoint } = to;
  return {
    method: text(method, usualMethods),
    path: text(path, usualPaths),
    host: text(host, endpoint === undefined ? ['x'] : [`${endpoint.serviceAccount}.${endpoint.namespace}`, 'x']),
  };
}

function sniOf(way: Way, { sni }: RequestSpace): string {
  const set = way.get(sni.id);
  if (set === undefined) return '';
  return sampleText(sni.domain.automatonOf(set)).slice(1); // without its mark
}

/** The header that tells the client's address, where that counts and is another than the caller's. */
function forwarded(way: Way, { space: { remote }, trustedHops }: WitnessOptions, own: string | undefined) {
  const set = way.get(remote.id);
  if (set === undefined) return {};
  const [first = '0.0.0.0/0'] = cidrsOf(remote.domain.automatonOf(set));
  const address = first.replace(/\/\d+$/, '');
  if (own === address || parseIp(address) === undefined) return {};
  return { 'x-forwarded-for': [address, ...Array.from({ length: trustedHops }, () => '192.0.2.1')].join(', ') };
}

/** The part of a region that is asked without a token, or else with one that a rule accepts. */
function tokenFor(
  region: Region,
  rules: readonly TokenRule[],
  limits: TokenLimits,
  { diagrams }: RequestSpace,
): { readonly region: Region; readonly rule?: TokenRule } {
  if (rules.length === 0) return { region };
  const without = diagrams.and(region, limits.withoutToken);
  if (without !== NONE) return { region: without };
  for (const rule of rules) {
    const own = diagrams.and(region, limits.acceptedBy(rule));
    if (own !== NONE) return { region: own, rule };
  }
  throw new BoundMet('a token that no rule accepts');
}

/** Headers, and the claims of the token where a rule accepts one. */
function listsOf(way: Way, space: RequestSpace, rule: TokenRule | undefined) {
  const headers = new Map<string, string | string[]>();
  const issuer = rule?.issuer ?? '';
  const forms = rule?.audiences.flatMap(audienceForms) ?? [];
  const wanted = new Map([
    [nameOfFact({ of: 'claim', path: ['iss'] }), [issuer]],
    [nameOfFact({ of: 'claim', path: ['aud'] }), forms],
  ]);
  let claims: Readonly<Record<string, unknown>> = {
    ...(rule && { iss: issuer === '' ? 'issuer' : fromByteString(issuer) }),
    ...(forms[0] !== undefined && { aud: fromByteString(forms[0]) }),
  };
  for (const { id, fact, domain } of space.lists.values()) {
    const set = way.get(id);
    if (set === undefined) continue;
    const values = sampleList(domain, set, wanted.get(nameOfFact(fact)))?.map(fromByteString);
    if (values === undefined) throw new BoundMet(`no plain values of ${nameOfFact(fact)} to show`);
    if (values.length === 0) continue;
    if (fact.of === 'header') headers.set(fact.name, values.length === 1 ? values[0]! : values);
    else if (fact.of === 'claim') claims = withClaim(claims, fact.path, values);
    else throw new BoundMet(`a request with ${nameOfFact(fact)} cannot be written`);
  }
  return { headers: Object.fromEntries(headers), claims: rule && claims };
}

function withClaim(
  claims: Readonly<Record<string, unknown>>,
  [name = '', ...rest]: readonly string[],
  values: readonly string[],
): Record<string, unknown> {
  const inner = claims[name];
  const value =
    rest.length === 0
      ? values.length === 1
        ? values[0]
        : values
      : withClaim(typeof inner === 'object' && inner !== null ? { ...inner } : {}, rest, values);
  return { ...claims, [name]: value };
}
