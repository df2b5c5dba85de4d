/**
 * Facts of a request that was not sent: one that differs in a few facts from one that was.
 * @module
 */
import { toAddress } from '../authz/facts/client-address.ts';
import type { Facts } from '../policy/facts.ts';
import { nameOfFact, valuesOf } from '../policy/meaning/fact-values.ts';
import type { TextFact } from '../policy/model.ts';

/** One fact with other values; none means that it is absent. */
export interface Change {
  readonly fact: TextFact | OtherFact;
  readonly values: readonly string[];
}

/** `tokens`: none is sent. */
export interface OtherFact {
  readonly of: 'sourceAddress' | 'port' | 'tokens';
}

const isText = (fact: TextFact | OtherFact): fact is TextFact =>
  fact.of !== 'sourceAddress' && fact.of !== 'port' && fact.of !== 'tokens';

/** The values that a change takes the place of. */
export function valuesBefore({ fact }: Change, facts: Facts): readonly string[] {
  if (isText(fact)) return valuesOf(fact, facts);
  if (fact.of === 'sourceAddress') return facts.sourceAddress === undefined ? [] : [facts.sourceAddress.text];
  return fact.of === 'port' && facts.destinationPort >= 0 ? [String(facts.destinationPort)] : [];
}

/** The facts with these changes. */
export function changeFacts(facts: Facts, changes: readonly Change[]): Facts {
  const byFact = new Map(changes.map(({ fact, values }) => [isText(fact) ? nameOfFact(fact) : fact.of, values]));
  const address = byFact.get('sourceAddress')?.[0];
  const port = byFact.get('port')?.[0];
  const many = (fact: TextFact, otherwise: () => readonly string[]) => byFact.get(nameOfFact(fact)) ?? otherwise();
  const one = (of: 'method' | 'path' | 'host' | 'sni', otherwise: string | undefined) => {
    const values = byFact.get(of);
    return values === undefined ? otherwise : values[0];
  };
  return {
    protocol: facts.protocol,
    destination: facts.destination,
    destinationPort: port === undefined ? facts.destinationPort : Number(port),
    destinationAddress: facts.destinationAddress,
    sourceAddress: address === undefined ? facts.sourceAddress : toAddress(address),
    remoteAddress:
      address === undefined || facts.remoteAddress !== facts.sourceAddress ? facts.remoteAddress : toAddress(address),
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
    verifyTokens: (rules) => (byFact.has('tokens') ? { accepted: true } : facts.verifyTokens(rules)),
  };
}

const pseudoHeaders: ReadonlyMap<string, string> = new Map(
  Object.entries<string>({
    ':method': 'method',
    ':path': 'path',
    ':authority': 'host',
    host: 'host',
  }),
);

/** A pseudo-header goes with its fact. */
function pseudo(name: string, byFact: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const fact = pseudoHeaders.get(name);
  return fact === undefined ? undefined : byFact.get(fact);
}
