/**
 * Deciders, in sentences about what they have counted.
 * @module
 */
import type { Reporter } from '../../admin-api/edges.ts';

/** Null: the server that was asked. */
export const deciderName = (decider: string | null): string =>
  decider === null ? 'this server' : `decider ${decider}`;

/** Why the numbers of a decider are not of now, if they are not. */
export function* silenceOf({ decider, state, why }: Pick<Reporter, 'decider' | 'state' | 'why'>): Iterable<string> {
  if (state === 'silent' || state === 'mute') yield `${deciderName(decider)} is ${state}: ${why}`;
}
