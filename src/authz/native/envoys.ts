/**
 * The book of streams read as one reads it: by Envoy, with what each does by its policy.
 * @module
 */
import type { HeldConfig, Holder, HolderName } from './holders.ts';
import { resourceNames } from './names.ts';

/**
 * What became of the newest of a configuration: `holds` it, has not answered (`waiting`), `refused` it, or `asks` by it about
 * everything.
 */
export type ConfigState = 'holds' | 'asks' | 'waiting' | 'refused';

/** What an Envoy does by its policy; `nothing`: it has asked for none. */
export type EnvoyState = ConfigState | 'nothing';

/** One Envoy, by its connection. */
export interface NativeEnvoy extends HolderName {
  readonly state: EnvoyState;
  readonly configs: readonly (HeldConfig & { readonly state: ConfigState })[];
}

/** All Envoys that follow, by identity. */
export function envoysOf(holders: readonly Holder[]): readonly NativeEnvoy[] {
  const byConnection = Map.groupBy(holders, ({ connection, spiffeId, node }) => `${connection} ${spiffeId} ${node}`);
  return [...byConnection.values()]
    .map((pages) => {
      const configs = pages
        .flatMap((each) => each.configs)
        .map((each) => ({ ...each, state: stateOf(each) }))
        .sort((a, b) => compare(a.resource, b.resource));
      const { configs: _, ...name } = pages[0]!; // a group has one at least
      return { ...name, configs, state: worst(configs) };
    })
    .sort((a, b) => compare(a.spiffeId, b.spiffeId) || compare(a.node, b.node) || compare(a.connection, b.connection));
}

/** How many Envoys are in each state, the states without any too. */
export function countStates(envoys: readonly NativeEnvoy[]): ReadonlyMap<EnvoyState, number> {
  const counts = new Map<EnvoyState, number>([...order, 'nothing' as const].map((state) => [state, 0]));
  for (const { state } of envoys) counts.set(state, counts.get(state)! + 1);
  return counts;
}

function stateOf({ version, sentVersion, asks, refused }: HeldConfig): ConfigState {
  if (refused !== undefined) return 'refused';
  if (version !== sentVersion) return 'waiting';
  return asks === '' ? 'holds' : 'asks';
}

/** The worst first. */
const order: readonly ConfigState[] = ['refused', 'waiting', 'asks', 'holds'];

/** What decides nothing. */
const marking: readonly string[] = [resourceNames.marks, resourceNames.audit];

function worst(configs: readonly { readonly resource: string; readonly state: ConfigState }[]): EnvoyState {
  const decisive = configs.filter(({ resource }) => !marking.includes(resource));
  return order.find((state) => decisive.some((each) => each.state === state)) ?? 'nothing';
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
