/**
 * The workload that a logged request was for, as a server of the given configuration would find it.
 * @module
 */
import type { DestinationOptions } from '../../authz/destination/destination.ts';
import { createWorkloadTable } from '../../authz/destination/workload-table.ts';
import { GatehouseError } from '../../errors.ts';
import { parseZonedIp } from '../../lib/ip-address.ts';
import type { Destination } from '../../policy/facts.ts';
import { parseSpiffeId, serviceAccountOf } from '../../spiffe/spiffe-id.ts';
import { NotTold } from './choices.ts';
import type { LoggedDecision } from './logged-decision.ts';

/** A workload, or why it is refused. */
export type DestinationNow =
  | { readonly is: 'found'; readonly destination: Destination; readonly hops: number | undefined }
  | { readonly is: 'refused'; readonly reason: 'destination_unknown' | 'namespace_unknown' };

/** Finds the workload again; at the address, which may be one that is tried. */
export type FindAgain = (logged: LoggedDecision, address: string | undefined) => DestinationNow;

/** Kept of equal destinations; then all are forgotten. */
const MOST_KEPT = 10_000;

/**
 * Creates the finder. Equal destinations are one object, by which a compiled policy knows them.
 *
 * @param options  of the configuration that is given; undefined: nobody says, so the workload is what it was
 */
export function createFindAgain(options: DestinationOptions | undefined): FindAgain {
  const find = options === undefined ? asItWas : createFindNow(options);
  const known = new Map<string, DestinationNow>();
  return (logged, address) => {
    const { destination } = logged;
    const facts = factsOf(logged);
    const key = JSON.stringify([
      destination,
      address,
      facts?.account,
      facts?.labels,
      facts?.labelsTold,
      facts === undefined,
    ]);
    const kept = known.get(key);
    if (kept !== undefined) return kept;
    if (known.size >= MOST_KEPT) known.clear();
    const made = readable(() => find(logged, address));
    known.set(key, made);
    return made;
  };
}

/** Lines of other programs may hold anything. */
function readable(find: () => DestinationNow): DestinationNow {
  try {
    return find();
  } catch (thrown) {
    if (thrown instanceof GatehouseError) throw new NotTold('a destination that has a SPIFFE ID');
    throw thrown;
  }
}

function asItWas(logged: LoggedDecision): DestinationNow {
  const { destination } = logged;
  const facts = factsOf(logged);
  if (destination === undefined) throw new NotTold('the destination');
  const { spiffeId } = destination;
  const account = facts?.account ?? serviceAccountOf(parseSpiffeId(spiffeId));
  if (account === undefined) throw new NotTold('the namespace of the destination');
  return { is: 'found', destination: { spiffeId, ...account, labels: labelsOf(facts) }, hops: undefined };
}

/** As `authz/destination` finds it. */
function createFindNow({ workloads, trustedHops }: DestinationOptions): FindAgain {
  const table = createWorkloadTable(workloads);
  return (logged, address) => {
    const { destination: was } = logged;
    const facts = factsOf(logged);
    if (was === undefined) throw new NotTold('the destination');
    const bytes = address === undefined ? undefined : parseZonedIp(address);
    const spiffeId = was.foundBy === 'address' ? table.byAddress(bytes)?.spiffeId : was.spiffeId;
    if (spiffeId === undefined) return { is: 'refused', reason: 'destination_unknown' };
    const named = table.byId(spiffeId, bytes);
    const account = named ?? serviceAccountOf(parseSpiffeId(spiffeId));
    if (account === undefined) return { is: 'refused', reason: 'namespace_unknown' };
    const { namespace, serviceAccount } = account;
    const entry = named ?? table.byAccount(namespace, serviceAccount, bytes);
    const told = entry?.labels && new Map(Object.entries(entry.labels));
    const labels = facts?.labelsTold === true ? labelsOf(facts) : told;
    // Hops that the Envoy's own configuration told are told again.
    const hops = was.foundBy === 'context' ? undefined : (entry?.trustedHops ?? trustedHops);
    return { is: 'found', destination: { spiffeId, namespace, serviceAccount, labels }, hops };
  };
}

/** All, or the few that an Envoy told. */
const factsOf = ({ facts, reportedFacts }: LoggedDecision): LoggedDecision['facts'] => facts ?? reportedFacts;

const labelsOf = (facts: LoggedDecision['facts']): ReadonlyMap<string, string> | undefined =>
  facts?.labels && new Map(Object.entries(facts.labels));
