/**
 * Random requests between two residents, of the words that random documents speak of, and one step beside them.
 * @module
 */
import type { RequestForm } from '../../../src/admin-api/request-form.ts';
import { routesBetween } from '../../../src/analysis/proofs/pairs.ts';
import type { Witness } from '../../../src/analysis/proofs/witness.ts';
import type { Resident } from '../../../src/analysis/universe/resident.ts';
import type { Chance } from '../../reference/calico-random.ts';
import { words } from './vocabulary.ts';

/** A request, and the place of its pair of addresses. */
export interface Asked extends Pick<Witness, 'request' | 'claims'> {
  readonly route: number;
}

/** What a caller can write. */
export function randomRequest(chance: Chance, from: Resident, to: Resident): Asked {
  const routes = routesBetween(from, to);
  const route = chance.below(routes.length);
  const [a, b] = routes[route]!;
  const protocol = chance.of(['HTTP', 'HTTP', 'HTTP', 'TCP', 'UDP', 'SCTP'] as const);
  const isTcp = protocol === 'HTTP' || protocol === 'TCP';
  const request: RequestForm = {
    ...(!isTcp && { protocol }),
    source: {
      ...(from.endpoint !== undefined && chance.odds(0.7) && { principal: from.principal }),
      ...(from.addresses[a] !== undefined && { address: from.addresses[a] }),
      port: chance.of([1, 1023, 1024, 40_000, 65_535]),
    },
    destination: destinationOf(to, to.addresses[b], portOf(chance)),
    ...(protocol === 'HTTP' && { http: httpOf(chance) }),
    ...(isTcp && chance.odds(0.4) && { tls: { sni: chance.of(['a.com', 'b.com', 'x', 'A.com', 'xy']) } }),
  };
  return { request, route, ...(protocol === 'HTTP' && chance.odds(0.4) && { claims: claimsOf(chance) }) };
}

function destinationOf(to: Resident, address: string | undefined, port: number): RequestForm['destination'] {
  const labels = to.endpoint?.labels ?? [];
  return {
    ...(to.endpoint !== undefined && { principal: to.principal }),
    ...(address !== undefined && { address }),
    port,
    ...(labels.length > 0 && { labels: Object.fromEntries(labels) }),
  };
}

function portOf(chance: Chance): number {
  const near = chance.of(words.ports) + chance.of([0, 0, 0, -1, 1]);
  return chance.odds(0.85) ? near : 1 + chance.below(65_535);
}

function httpOf(chance: Chance): NonNullable<RequestForm['http']> {
  const lines = (): string[] => Array.from({ length: chance.below(3) }, () => chance.of(words.lines));
  const headers = {
    ...(chance.odds(0.5) && { 'x-a': lines() }),
    ...(chance.odds(0.3) && { 'x-b': lines() }),
    ...(chance.odds(0.3) && { 'x-forwarded-for': chance.of(words.addresses) }),
  };
  const beside = chance.of(['', '', '', '', '/', 'x', '?q=/a', '/c']);
  return {
    method: chance.of([...words.methods, 'get', 'PATCH', 'P']),
    path: `${chance.of(words.paths)}${beside}`,
    host: chance.of([...words.hosts, 'x.b.a.com', 'com', 'b.x']),
    headers,
  };
}

/** Of a token: its issuer and audience among those that rules name, and near to them. */
function claimsOf(chance: Chance): Record<string, unknown> {
  const some = (from: readonly string[]): string | string[] =>
    chance.odds(0.7) ? chance.of(from) : chance.some(from, 2);
  return {
    iss: chance.odds(0.9) ? chance.of(words.issuers) : 'https://three',
    ...(chance.odds(0.8) && { sub: chance.of(['x', 'y', 'xx']) }),
    ...(chance.odds(0.6) && { aud: some([...words.audiences, 'other', 'api']) }),
    ...(chance.odds(0.5) && { group: some(words.lines) }),
    ...(chance.odds(0.3) && { realm: { role: some(['x', 'y', 'z']) } }),
    ...(chance.odds(0.2) && { azp: chance.of(['x', 'y']) }),
  };
}
