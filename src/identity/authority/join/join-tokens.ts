/**
 * Join tokens: each lets one decider elsewhere enrol, once. Only their hashes are kept, in the authority's state, so that all
 * replicas know them and none is taken twice.
 * @module
 */
import { hash, randomBytes } from 'node:crypto';
import { GatehouseError } from '../../../errors.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { CurrentState } from '../store/current-state.ts';
import type { StoredJoinToken } from '../store/state.ts';
import type { AuditRow } from '../store/store.ts';

/** Makes and takes the tokens with which deciders elsewhere join. */
export interface JoinTokens {
  /** Makes one that holds for `ttlMs`; it is shown only here. @param decider  the only one that may use it */
  create(
    ttlMs: number,
    who: string,
    reason: string,
    decider?: string,
  ): Promise<{ readonly token: string; readonly expiresAt: number }>;
  /** Takes one, for good. @throws GatehouseError `not_entitled` when it is unknown, used or expired */
  use(token: string, decider: string): Promise<void>;
}

const MOST_UNUSED = 1_000;

/** Creates the book over the authority's state. */
export function createJoinTokens({
  current,
  clock,
  mayForget,
  isThrownOut = () => false,
}: {
  readonly current: CurrentState;
  readonly clock: Clock;
  /** Whether what has expired by the clock may be dropped: not while that clock may have leapt. */
  readonly mayForget: () => boolean;
  readonly isThrownOut?: (decider: string) => boolean;
}): JoinTokens {
  const living = (kept: readonly StoredJoinToken[] = []): readonly StoredJoinToken[] =>
    kept.filter(
      ({ expiresAt, decider }) => expiresAt > clock.now() && (decider === undefined || !isThrownOut(decider)),
    );
  /** What comes back when the clock is set right: not more of it than may live. */
  const lapsed = (kept: readonly StoredJoinToken[] = []): readonly StoredJoinToken[] =>
    mayForget() ? [] : kept.filter(({ expiresAt }) => expiresAt <= clock.now()).slice(-MOST_UNUSED);
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
    async create(ttlMs, who, reason, decider) {
      if (decider !== undefined && isThrownOut(decider)) throw thrownOut(decider);
      const token = `gj_${randomBytes(24).toString('base64url')}`;
      const expiresAt = clock.now() + ttlMs;
      await current.change((state) => {
        const unused = living(state.joinTokens);
        if (unused.length >= MOST_UNUSED)
          throw new GatehouseError('slot_state', `${MOST_UNUSED} join tokens wait to be used; let some expire first`);
        const joinTokens = [
          ...lapsed(state.joinTokens),
          ...unused,
          { hash: hash('sha256', token), expiresAt, ...(decider !== undefined && { decider }) },
        ];
        return { state: { ...state, joinTokens }, audit: row('join-token create', who, reason) };
      });
      return { token, expiresAt };
    },
    async use(token, decider) {
      const wanted = hash('sha256', token);
      await current.change((state) => {
        const unused = living(state.joinTokens);
        const rest = unused.filter((each) => each.hash !== wanted);
        const found = unused.find((each) => each.hash === wanted);
        if (isThrownOut(decider)) throw thrownOut(decider);
        if (found === undefined) throw unknown;
        if (found.decider !== undefined && found.decider !== decider) throw ofAnother(found.decider);
        return {
          state: { ...state, joinTokens: [...lapsed(state.joinTokens), ...rest] },
          audit: row('join-token use', 'gatehouse', `decider ${decider}`),
        };
      });
    },
  };
}

/** Its name stays out with it: whoever joins anew takes another. */
function thrownOut(decider: string): GatehouseError {
  const why = `the decider ${decider} was thrown out: delete its dataDir, which gives it another name, or take that back with \`gatehouse svid revoke --undo --decider ${decider}\``;
  return new GatehouseError('not_entitled', why, { decider, peerText: why });
}

function ofAnother(decider: string): GatehouseError {
  const why = `the join token is for the decider ${decider}`;
  return new GatehouseError('not_entitled', why, { decider, peerText: why });
}

const text = 'the join token is not known, was used, or has expired: make another with `gatehouse join-token create`';
const unknown = new GatehouseError('not_entitled', text, { peerText: text });
