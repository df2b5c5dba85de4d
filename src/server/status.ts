/**
 * What a server says of itself: on the ready line, and in `/v1/status`.
 * @module
 */
import type { ReadyLine, StatusAnswer } from '../admin-api/status.ts';
import type { Config } from '../config/config.ts';
import type { ListenerName } from '../config/listeners/table.ts';
import { programVersion } from '../lib/version.ts';
import type { PolicySources } from '../policy/sources/policy-sources.ts';
import { timeText } from './admin/time-text.ts';
import type { DeciderSide } from './decider-side.ts';
import type { Foundation } from './foundation.ts';
import type { IdentitySide } from './identity-interface.ts';

/** The addresses really bound, `unix:PATH` or `HOST:PORT`; `admin` is the first of `admins`. */
export type ListenerAddresses = Readonly<Pick<ReadyLine, ListenerName | 'admins'>>;

/** The ready line of a server whose listeners are all bound. */
export function readyLine(
  { roles }: Pick<Config, 'roles'>,
  addresses: ListenerAddresses,
  { deciders }: Pick<DeciderSide, 'deciders'>,
): ReadyLine {
  return { ready: true, roles, ...addresses, pid: process.pid, deciderPids: deciders?.pids() ?? [] };
}

export interface StatusDeps extends Pick<Foundation, 'config' | 'board'> {
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly policies: PolicySources;
  readonly identity: Pick<IdentitySide, 'status'>;
  readonly decider: Pick<DeciderSide, 'deciders' | 'rate' | 'policiesSinceAt'>;
}

/** The body of `/v1/status`, as of now. */
export function statusOf(deps: StatusDeps, addresses: ListenerAddresses): StatusAnswer {
  const { board, startedAt, policies, identity, decider } = deps;
  const config = deps.config.value;
  const pids = decider.deciders?.pids() ?? [];
  const generations = decider.deciders?.generations.value ?? [];
  return {
    version: programVersion(),
    at: timeText(Date.now()),
    pid: process.pid,
    startedAt: timeText(startedAt),
    trustDomain: config.trustDomain,
    roles: config.roles,
    ...board.state.value,
    troubles: board.troubles().map(({ what, sinceAt }) => ({ what, since: timeText(sinceAt) })),
    generation: policies.current.value.generation,
    policiesSince: timeText(decider.policiesSinceAt()),
    ...(decider.deciders && { decisions: decider.rate.read() }),
    deciders: pids.map((pid, i) => ({ pid, generation: generations[i] ?? 0 })),
    ...identity.status(),
    addresses: readyLine(config, addresses, decider),
  };
}
