/**
 * Facts of a request that was not sent: one that differs in a few facts from one that was.
 * @module
 */
import { nameOfFact } from '../policy/compile/fact-values.ts';
import type { Facts } from '../policy/facts.ts';
import type { TextFact } from '../policy/model.ts';

/** One text fact with other values; none means that it is absent. */
export interface Change {
  readonly fact: TextFact;
  readonly values: readonly string[];
}

/** The facts with these changes. */
export function changeFacts(facts: Facts, changes: readonly Change[]): Facts {
  const byFact = new Map(changes.map(({ fact, values }) => [nameOfFact(fact), values]));
  const many = (fact: TextFact, otherwise: () => readonly string[]) => byFact.get(nameOfFact(fact)) ?? otherwise();
  const one = (of: 'method' | 'path' | 'host' | 'sni', otherwise: string | undefined) => {
    const values = byFact.get(of);
    return values === undefined ? otherwise : values[0];
  };
  return {
    protocol: facts.protocol,
    destination: facts.destination,
    destinationPort: facts.destinationPort,
    destinationAddress: facts.destinationAddress,
    sourceAddress: facts.sourceAddress,
    remoteAddress: facts.remoteAddress,
    sourcePort: facts.sourcePort,
    ipProtocol: facts.ipProtocol,
    sourcePrincipal: byFact.get('peerName')?.[0] ?? facts.sourcePrincipal,
    destinationPrincipal: facts.destinationPrincipal,
    sourceLabels: facts.sourceLabels,
    peerNames: many({ of: 'peerName' }, () => facts.peerNames),
    method: one('method', facts.method) ?? '',
    path: one('path', facts.path),
    host: one('host', facts.host),
    sni: one('sni', facts.sni),
    header: (name) => many({ of: 'header', name }, () => pseudo(name, byFact) ?? facts.header(name)),
    claim: (path) => many({ of: 'claim', path }, () => facts.claim(path)),
    metadata: (filter, path, list) =>
      many({ of: 'metadata', filter, path, list }, () => facts.metadata(filter, path, list)),
    verifyTokens: (rules) => facts.verifyTokens(rules),
  };
}

const pseudoHeaders: Readonly<Record<string, string>> = {
  ':method': 'method',
  ':path': 'path',
  ':authority': 'host',
  host: 'host',
};

/** A pseudo-header goes with its fact. */
function pseudo(name: string, byFact: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const fact = Object.hasOwn(pseudoHeaders, name) ? pseudoHeaders[name] : undefined;
  return fact === undefined ? undefined : byFact.get(fact);
}
