/**
 * What policies in scope read of a request and its proxy does not say: a condition on it would quietly not hold, and a DENY that
 * misses is an allow. So the request is denied, and the line that is missing in the proxy's configuration is named.
 * @module
 */
import { type Decision, decision } from '../../policy/decision.ts';
import type { FactName, NeededFact } from '../../policy/rules/needed-fact.ts';
import { type CheckRequest, part } from '../wire/check-request.ts';
import { type CallerName, type Dialect, dialects } from './dialect.ts';

/** Denies what is asked by a proxy that does not say a needed fact; undefined: all is said, or an Envoy asks by gRPC. */
export function refuseUnsaid(request: CheckRequest, needed: readonly NeededFact[]): Decision | undefined {
  if (!request.has(part.httpCaller)) return undefined;
  const dialect = dialects.get(request.text(part.httpCaller));
  if (dialect === undefined) return undefined; // malformed, and refused as that
  for (const each of needed) if (!isSaid(request, each.fact, dialect)) return refusalOf(each, dialect);
  return undefined;
}

const refusals = new WeakMap<NeededFact, Map<Dialect, Decision>>();

/** The same object for the same need, so that answers can be prepared. */
function refusalOf(needed: NeededFact, dialect: Dialect): Decision {
  const known = refusals.get(needed) ?? new Map<Dialect, Decision>();
  refusals.set(needed, known);
  const before = known.get(dialect);
  if (before !== undefined) return before;
  const { plane, policy, rule } = needed;
  const made = { ...decision(plane, 'deny', 'fact_unknown', policy, rule), lacks: lackText(needed.fact, dialect) };
  known.set(dialect, made);
  return made;
}

/** What a proxy would have to say, and by which line. */
function lackText(fact: FactName, { name, lineOf }: Dialect): string {
  const line = lineOf(fact);
  return line === undefined ? `${name} cannot say ${fact}` : `${name} does not say ${fact}; missing: ${line}`;
}

/**
 * Tells what to do where a proxy, with the configuration that is printed for it, does not say a fact; undefined: it says it.
 */
export function cannotSay(proxy: CallerName, fact: FactName): string | undefined {
  const dialect = dialects.get(proxy)!; // the table has all of them
  const isPrinted = fact.startsWith(HEADER)
    ? dialect.passesHeader(fact.slice(HEADER.length), fact.slice(HEADER.length))
    : fact !== 'metadata' && !dialect.never.has(fact);
  if (isPrinted) return undefined;
  const line = dialect.lineOf(fact);
  return line === undefined ? `do not read ${fact} there, or let an Envoy ask` : `write ${line}`;
}

const HEADER = 'header ';

function isSaid(request: CheckRequest, fact: FactName, dialect: Dialect): boolean {
  switch (fact) {
    case 'source.principal':
      return request.has(part.sourceCertificate);
    case 'source.ip':
      return request.has(part.sourceAddress);
    case 'remote.ip':
      return request.has(part.sourceAddress) && passesHeader(request, 'x-forwarded-for', dialect);
    case 'source.port':
      return request.sourcePort > 0;
    case 'destination.ip':
      return request.has(part.destinationAddress);
    case 'destination.port':
      return request.destinationPort > 0;
    case 'connection.sni':
      return request.has(part.sni);
    case 'metadata':
      return false;
    default:
      return passesHeader(request, fact.slice(HEADER.length), dialect);
  }
}

function passesHeader(request: CheckRequest, name: string, dialect: Dialect): boolean {
  return dialect.passesHeader(name, request.has(part.headersSaid) ? request.text(part.headersSaid) : '');
}
