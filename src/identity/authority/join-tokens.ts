/**
 * Join tokens: each lets one decider elsewhere enrol, once. Only their hashes are kept, in the authority's state, so that all
 * replicas know them and none is taken twice.
 * @module
 */
import { hash, randomBytes } from 'node:crypto';
import { GatehouseError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { CurrentState } from './current-state.ts';
import type { AuditRow } from './store.ts';

/** One that was not used yet. */
export interface KeptJoinToken {
  /** Lower-case hex SHA-256. */
  readonly hash: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface JoinTokens {
  /** Makes one that holds for `ttlMs`; it is shown only here. */
  create(ttlMs: number, who: string, reason: string): Promise<{ readonly token: string; readonly expiresAt: number }>;
  /** Takes one, for good. @throws GatehouseError `not_entitled` when it is unknown, used or expired */
  use(token: string, decider: string): Promise<void>;
}

const MOST_UNUSED = 1_000;

/** Creates the book over the authority's state. */
export function createJoinTokens({
  current,
  clock,
}: {
  readonly current: CurrentState;
  readonly clock: Clock;
}): JoinTokens {
  const living = (kept: readonly KeptJoinToken[] = []): readonly KeptJoinToken[] =>
    kept.filter(({ expiresAt }) => expiresAt > clock.now());
  const row = (verb: string, who: string, reason: string): AuditRow => ({
    at: clock.now(),
    who,
    verb,
    use: 'x509',
    authorityId: '',
    reason,
    result: 'done',
  });
  return {
    async create(ttlMs, who, reason) {
      const token = `gj_${randomBytes(24).toString('base64url')}`;
      const expiresAt = clock.now() + ttlMs;
      await current.change((state) => {
        const unused = living(state.joinTokens);
        if (unused.length >= MOST_UNUSED)
          throw new GatehouseError('slot_state', `${MOST_UNUSED} join tokens wait to be used; let some expire first`);
        const joinTokens = [...unused, { hash: hash('sha256', token), expiresAt }];
        return { state: { ...state, joinTokens }, audit: row('join-token create', who, reason) };
      });
      return { token, expiresAt };
    },
    async use(token, decider) {
      const wanted = hash('sha256', token);
      await current.change((state) => {
        const unused = living(state.joinTokens);
        const rest = unused.filter((each) => each.hash !== wanted);
        if (rest.length === unused.length) throw unknown;
        return {
          state: { ...state, joinTokens: rest },
          audit: row('join-token use', 'gatehouse', `decider ${decider}`),
        };
      });
    },
  };
}

const text = 'the join token is not known, was used, or has expired: make another with `gatehouse join-token create`';
const unknown = new GatehouseError('not_entitled', text, { peerText: text });
