/**
 * Which workload a Check asks about, in the contract's order.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import type { Destination } from '../../policy/facts.ts';
import { parseSpiffeId, serviceAccountOf } from '../../spiffe/spiffe-id.ts';
import { toAddress } from '../facts/client-address.ts';
import type { CheckRequest } from '../wire/check-request.ts';
import { part } from '../wire/check-request.ts';
import { readMap } from '../wire/entries.ts';
import { SpanCache } from '../wire/span-cache.ts';
import { createWorkloadTable, type Workload, type WorkloadTable } from './workload-table.ts';

/** The client of a Check: a process on loopback or a unix socket, or the holder of a verified SVID; without one the ID is empty. */
export type Caller = { readonly local: true } | RemoteCaller;

interface RemoteCaller {
  readonly local?: false;
  readonly spiffeId: string;
  /** Lower-case hex. */
  readonly serial: string;
  /** Lower-case hex SHA-256 of the subject public key info. */
  readonly spki: string;
}

/** What destinations are found by. */
export interface DestinationOptions {
  readonly workloads: readonly Workload[];
  /** SPIFFE IDs that may ask about any destination. */
  readonly clients: readonly string[];
  readonly trustedHops: number;
}

/** The workload that is asked for; the same object for equal requests. */
export interface FoundDestination extends Destination {
  readonly trustedHops: number;
  readonly foundBy: 'context' | 'principal' | 'address';
}

/** Why no destination was found. */
export type DestinationRefusal = 'destination_unknown' | 'namespace_unknown' | 'caller_not_authorised';
/** Finds the workload that a request is for. */
export type FindDestination = (request: CheckRequest, caller: Caller) => FoundDestination | DestinationRefusal;

const KEPT_BUCKETS = 256;

interface Finder {
  readonly table: WorkloadTable;
  readonly defaultHops: number;
}

/** Creates the finder, with a bounded memory of what equal destinations came to. */
export function createDestinationFinder(options: DestinationOptions): FindDestination {
  const finder: Finder = { table: createWorkloadTable(options.workloads), defaultHops: options.trustedHops };
  const clients = new Set(options.clients);
  const cache = new SpanCache<FoundDestination | DestinationRefusal>(KEPT_BUCKETS);
  const overridden = new SpanCache<FoundDestination | DestinationRefusal>(KEPT_BUCKETS);
  return (request, caller) => {
    const isTrusted = caller.local === true || clients.has(caller.spiffeId);
    const found =
      isTrusted && request.contextExtensions.count > 0
        ? findOverridden(finder, request, overridden)
        : findCached(finder, request, cache);
    if (typeof found === 'string' || isTrusted) return found;
    return caller.spiffeId === found.spiffeId ? found : 'caller_not_authorised';
  };
}

type Cache = SpanCache<FoundDestination | DestinationRefusal>;

function findCached(finder: Finder, request: CheckRequest, cache: Cache): FoundDestination | DestinationRefusal {
  const { bytes, destinations } = request;
  if (destinations.count !== 1) return find(finder, request, undefined, undefined);
  const begin = destinations.begin(0);
  const end = destinations.end(0);
  let found = cache.get(bytes, begin, end);
  if (found === undefined) {
    found = find(finder, request, undefined, undefined);
    cache.set(bytes, begin, end, found);
  }
  return found;
}

/** The operator's context extensions in Envoy's configuration; cached by their text and the destination together. */
function findOverridden(finder: Finder, request: CheckRequest, cache: Cache): FoundDestination | DestinationRefusal {
  const extensions = readMap(request.bytes, request.contextExtensions);
  const workload = extensions.get('gatehouse.workload');
  const hops = extensions.get('gatehouse.trusted_hops');
  const spans = request.destinations;
  const key = Buffer.concat([
    Buffer.from(`${workload ?? ''}\0${workload === undefined}\0${hops ?? ''}\0`, 'latin1'),
    ...Array.from({ length: spans.count }, (_, i) => request.bytes.subarray(spans.begin(i), spans.end(i))),
  ]);
  let found = cache.get(key, 0, key.length);
  if (found === undefined) {
    found = find(finder, request, workload, hops);
    cache.set(key, 0, key.length, found);
  }
  return found;
}

function find(
  finder: Finder,
  request: CheckRequest,
  contextWorkload: string | undefined,
  contextHops: string | undefined,
): FoundDestination | DestinationRefusal {
  const { table } = finder;
  const address = toAddress(request.text(part.destinationAddress))?.bytes;
  const principal = request.text(part.destinationPrincipal);
  const asked = contextWorkload ?? (isSpiffeId(principal) ? principal : table.byAddress(address)?.spiffeId);
  if (asked === undefined || !isSpiffeId(asked)) return 'destination_unknown';
  const named = table.byId(asked, address);
  const account = named ?? serviceAccountOf(parseSpiffeId(asked));
  if (account === undefined) return 'namespace_unknown';
  const { namespace, serviceAccount } = account;
  const entry = named ?? table.byAccount(namespace, serviceAccount, address);
  return {
    spiffeId: asked,
    namespace,
    serviceAccount,
    labels: labelsOf(request, entry),
    trustedHops: parseHops(contextHops) ?? entry?.trustedHops ?? finder.defaultHops,
    foundBy: contextWorkload !== undefined ? 'context' : isSpiffeId(principal) ? 'principal' : 'address',
  };
}

function labelsOf(request: CheckRequest, entry: Workload | undefined): ReadonlyMap<string, string> | undefined {
  if (request.destinationLabels.count > 0) return readMap(request.bytes, request.destinationLabels);
  return entry?.labels && new Map(Object.entries(entry.labels));
}

/** A number of hops that is none is worth nothing: the next source counts. */
/** As Envoy's configuration says them; undefined for what is no number up to 999. */
export function parseHops(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,3}$/.test(text) ? Number(text) : undefined;
}

function isSpiffeId(text: string): boolean {
  if (text === '') return false;
  try {
    parseSpiffeId(text);
    return true;
  } catch (thrown) {
    if (thrown instanceof GatehouseError) return false;
    throw thrown;
  }
}
