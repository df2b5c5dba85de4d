/**
 * Asks of one request whether it is in a region, the plain way: value by value along the diagram.
 * @module
 */
import { bitsOf } from '../../src/analysis/regions/addresses.ts';
import { acceptsText } from '../../src/analysis/regions/automaton.ts';
import { ALL, type Diagrams, NONE, type Region } from '../../src/analysis/regions/diagrams.ts';
import { MISSING, PRESENT } from '../../src/analysis/regions/lists/list-domain.ts';
import { ipProtocolOf, type RequestSpace } from '../../src/analysis/regions/request-space.ts';
import { lowerAscii } from '../../src/lib/byte-string.ts';
import { parseCidr } from '../../src/lib/ip-address.ts';
import type { Facts } from '../../src/policy/facts.ts';
import { valuesOf } from '../../src/policy/meaning/fact-values.ts';

/** Whether a request is in a region; `route` is the place of its pair of addresses. */
export function isInRegion(space: RequestSpace, region: Region, facts: Facts, route: number): boolean {
  const kind =
    facts.protocol === 'http' ? 1 : ipProtocolOf.findLast(([, protocol]) => protocol === facts.ipProtocol)![0];
  const whole = facts.header(':path')[0] ?? facts.path;
  const texts = new Map([
    [space.method.id, [space.method.domain, facts.method]],
    [space.host.id, [space.host.domain, space.options.caseOfHost ? facts.host : lowerAscii(facts.host ?? '')]],
    [space.path.id, [space.path.domain, space.options.wholePath ? whole : facts.path]],
    [space.sni.id, [space.sni.domain, facts.sni === undefined ? '' : `=${facts.sni}`]],
    [space.remote.id, [space.remote.domain, facts.remoteAddress && bitsOf(parseCidr(facts.remoteAddress.text)!)]],
  ] as const);
  const has = (variable: number, set: number): boolean => {
    if (variable === space.mtls) return (set & (facts.peerNames.length > 0 ? 1 : 2)) !== 0;
    if (variable === space.route) return (set & (1 << route)) !== 0;
    if (variable === space.transport) return (set & kind) !== 0;
    for (const [one, number] of [
      [space.port, facts.destinationPort],
      [space.sourcePort, facts.sourcePort],
    ] as const)
      if (variable === one.id) return one.domain.intervalsOf(set).some(([lo, hi]) => lo <= number && number <= hi);
    const text = texts.get(variable);
    if (text !== undefined) return acceptsText(text[0].automatonOf(set), text[1] ?? '');
    const { fact, domain } = space.lists.get(variable)!; // there are no other variables
    const values = valuesOf(fact, facts);
    const isThere = (kind: number): boolean =>
      values.some((value) => acceptsText(domain.texts.automatonOf(domain.kinds[kind]!), value));
    return isIn(domain.diagrams, set, (kind, is) => (is & (isThere(kind) ? PRESENT : MISSING)) !== 0);
  };
  return isIn(space.diagrams, region, has);
}

function isIn(diagrams: Diagrams, region: Region, has: (variable: number, set: number) => boolean): boolean {
  let at = region;
  while (at !== ALL && at !== NONE) {
    const { variable, edges } = diagrams.nodeOf(at);
    at = edges.find(({ set }) => has(variable, set))?.to ?? NONE;
  }
  return at === ALL;
}
