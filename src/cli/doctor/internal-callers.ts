/**
 * Examines who counts as internal: such a caller commands Envoy by `x-envoy-…` headers, and they reach the application.
 *
 * This concerns every connection manager, also those of the application's own calls.
 * @module
 */
import type { EnvoyConfig } from './config-dump.ts';
import { type DoctorFinding, type FindingKind, finding } from './finding.ts';
import { isTrueAt, type JsonObject, numberAt, objectAt, objectsAt, textAt } from './json.ts';

const FIX = '# remove internal_address_config: without it nobody is internal';

/** Looks at each connection manager's `internal_address_config`. */
export function examineEveryManager(config: EnvoyConfig): readonly DoctorFinding[] {
  return config.managers.flatMap(({ manager, where }) => {
    const internal = objectAt(manager, 'internal_address_config');
    if (internal === undefined) return [];
    const [kind, who] = whoIsInternal(internal, isTrueAt(manager, 'use_remote_address'));
    const message = `${who}, whose x-envoy-… headers (retries, timeouts) are kept and obeyed`;
    return [finding(kind, 'callers_internal', `${where}.internal_address_config`, message, FIX)];
  });
}

/** Only a narrow network that callers cannot claim to be of is merely fragile. */
function whoIsInternal(internal: JsonObject, byPeer: boolean): readonly [FindingKind, string] {
  const ranges = objectsAt(internal, 'cidr_ranges').map(
    (range) => `${textAt(range, 'address_prefix')}/${numberAt(range, 'prefix_len') ?? 0}`,
  );
  if (ranges.length === 0) return ['inexact', 'without cidr_ranges every private and loopback address is internal'];
  const list = ranges.join(', ');
  if (!byPeer) return ['inexact', `a caller who writes an address of ${list} into X-Forwarded-For is internal`];
  if (isTrueAt(internal, 'unix_sockets')) return ['inexact', `callers by unix sockets and from ${list} are internal`];
  return [ranges.some((range) => range.endsWith('/0')) ? 'inexact' : 'fragile', `callers from ${list} are internal`];
}
