/**
 * Who asked for whom, as somebody sees it who reads some namespaces only.
 * @module
 */
import type { DeciderCounts } from '../../log/decider-counts.ts';
import { idOf, type Sight } from './sight.ts';

/**
 * Leaves of each decider what was asked of workloads there, its name and state, and how many Checks and decisions it had no room for:
 * without those his own numbers would look whole.
 */
export function narrowCounts(all: readonly DeciderCounts[], { has, hasId }: Sight): DeciderCounts[] {
  return all.map(({ decider, state, sinceAt, lastAt, edges, deniedCallers, overflow, dropped, lost }) => {
    const own = edges
      .filter(({ namespace, destination }) => has(namespace) && hasId(destination))
      .map((edge) => ({ ...edge, caller: nameOf(edge.caller) }));
    const sum = (decision: 'allow' | 'deny'): number =>
      own.reduce((total, edge) => total + (edge.decision === decision ? edge.count : 0), 0);
    return {
      ...{ decider, state, why: '', sinceAt, lastAt, overflow, dropped },
      edges: own,
      deniedCallers: deniedCallers
        .filter(({ namespace }) => has(namespace))
        .map((each) => ({ ...each, caller: nameOf(each.caller) })),
      checks: { allowed: sum('allow'), denied: sum('deny') },
      handshakes: [],
      rules: [],
      rulesOverflow: 0,
      lost,
    };
  });
}

/** What is no SPIFFE ID is not told. */
const nameOf = (caller: string): string => (idOf(caller) === undefined ? '' : caller);
