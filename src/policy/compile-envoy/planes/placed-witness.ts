/**
 * Witnesses between pods that the planes let in: nobody else gets past them.
 * @module
 */
import { accountOf } from '../../meaning/account-of.ts';
import { usual, type Witness, withExpr } from '../witness.ts';
import type { LetIn, LetsIn } from './lets-in.ts';

/** So many pairs of pods are tried at most. */
const MOST_PAIRS = 64;

/** A witness as its caller's own pod would send it, where that is let in. */
export function* placed(witness: Witness, { [witness.protocol]: lets, accounts }: LetsIn): Iterable<Witness> {
  const account = accountOf(witness.caller ?? '');
  if (account === undefined) return;
  const name = `/ns/${account.namespace}/sa/${account.serviceAccount}`;
  for (const each of lets) {
    const source = each.from.find((address) => accounts.get(address) === name);
    if (source === undefined) continue;
    yield { ...witness, source, address: each.at[0]!, port: portOf(each, witness.port) };
    return;
  }
}

/** Requests and connections of pods that are let in: as they are, by another name, from another's address, and to another port. */
export function* placedWitnesses({ accounts, ...lets }: LetsIn, trustDomain: string): Iterable<Witness> {
  const addresses = [...accounts.keys()];
  for (const protocol of ['http', 'tcp'] as const) {
    const pairs = lets[protocol].reduce((sum, { from }) => sum + from.length, 0);
    const step = Math.max(1, Math.ceil(pairs / MOST_PAIRS));
    for (const each of lets[protocol])
      for (let i = 0; i < each.from.length; i += step) {
        const source = each.from[i]!; // within it
        const caller = `spiffe://${trustDomain}${accounts.get(source) ?? ''}`;
        const at = { address: each.at[i % each.at.length]!, port: portOf(each, usual.port) };
        const made: Witness = withExpr({ ...usual, protocol, caller, source, ...at }, each.when[0], trustDomain);
        yield made;
        yield { ...made, caller: `spiffe://${trustDomain}/ns/nowhere/sa/other` };
        yield { ...made, source: addresses[(i + 1) % addresses.length]! };
        for (const port of each.ports.slice(0, 4)) yield { ...made, port };
        yield { ...made, method: 'TRACE' };
      }
  }
}

/** A port that is let in: the one that is wanted, if it is. */
function portOf({ ports, isOtherPorts }: LetIn, wanted: number): number {
  if (ports.includes(wanted) !== isOtherPorts) return wanted;
  if (!isOtherPorts) return ports[0] ?? wanted;
  let port = wanted;
  while (ports.includes(port)) port++;
  return port;
}
