/**
 * `/v1/stream`: decisions and changes of state, as they come.
 *
 * There is no queue for who listens: each looks at what is kept, as far as it has been read, so that a slow reader costs nothing but
 * what it misses. Nobody listens, nothing runs.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ReadQuestion } from '../../../admin-api/routes.ts';
import type { StreamEvent } from '../../../admin-api/stream.ts';
import type { AdminDeps } from '../admin-deps.ts';
import type { AdminHandler, ScopedHandler } from '../admin-handler.ts';
import { timeText } from '../time-text.ts';
import { decisions } from './policies.ts';
import { decisionsIn } from './scoped.ts';

/** While few come, so that one that somebody waits for is there at once. */
const LOOK_EVERY_MS = 100;
/** While many come: fewer and longer lines wake who listens, and this server, less often. */
const LOOK_EVERY_BUSY_MS = 500;
/** Of one look. */
const MANY = 4;
const COUNTS_EVERY_MS = 1_000;
const BEAT_EVERY_MS = 5_000;
/** Decisions of one line. */
const MOST_AT_ONCE = 1_000;

type Asked = ReadQuestion<'GET /v1/stream'>;
type Answered = Pick<Extract<StreamEvent, { type: 'decisions' }>, 'decisions'> & {
  readonly next?: string | undefined;
  readonly gap?: boolean | undefined;
};
type State = Extract<StreamEvent, { type: 'state' }>;

/** What one look needs. */
interface Look {
  readonly ask: (question: Asked & { readonly limit: number }) => Promise<Answered>;
  /** Decisions since the start; undefined: they cannot be told from those that were not asked for, or are not his. */
  readonly added: (() => number) | undefined;
  readonly state: () => Omit<State, 'type' | 'at'>;
}

/** Decisions, and how the server is. */
export const stream: AdminHandler<'GET /v1/stream'> = ({ who, asked }, deps) =>
  eventsOf(asked, {
    ask: async (question) => decisions({ who, asked: question }, deps),
    // What others are asked is no part of what was asked for.
    added: Object.values(asked).some((each) => each !== undefined) ? undefined : () => deps.decisions.added,
    state: () => stateOf(deps),
  });

/** Decisions about workloads of his namespaces. */
export const streamIn: ScopedHandler<'GET /v1/stream'> = ({ who, asked, sight }, deps) =>
  eventsOf(asked, {
    ask: async (question) => decisionsIn({ who, asked: question, sight }, deps),
    added: undefined,
    state: () => {
      const { ready, generation } = deps.status();
      return { ready, generation };
    },
  });

function stateOf(deps: AdminDeps): Omit<State, 'type' | 'at'> {
  const { ready, generation, degraded, waiting, decisions: counted } = deps.status();
  const sequence = deps.operations?.authority.bundles.value.own.sequence;
  return {
    ...{ ready, generation, degraded, waiting },
    ...(sequence !== undefined && { bundleSequence: sequence }),
    ...(counted && { allowed: counted.allowed, denied: counted.denied }),
  };
}

async function* eventsOf(asked: Asked, look: Look): AsyncGenerator<StreamEvent> {
  const addedSince = createAdded(look.added);
  let after = asked.after ?? (await look.ask({ ...asked, limit: 1 })).next;
  let told = '';
  let toldAtMs = Number.NEGATIVE_INFINITY;
  let saidAtMs = performance.now();
  for (;;) {
    const nowMs = performance.now();
    if (nowMs - toldAtMs >= COUNTS_EVERY_MS) {
      const state = look.state();
      toldAtMs = nowMs;
      if (JSON.stringify(state) !== told) {
        told = JSON.stringify(state);
        saidAtMs = nowMs;
        yield { type: 'state', at: timeText(Date.now()), ...state };
      }
    }
    const { decisions: some, next = '', gap = false } = await look.ask({ ...asked, after, limit: MOST_AT_ONCE });
    const came = addedSince();
    after = next;
    if (some.length > 0 || gap) {
      saidAtMs = nowMs;
      const missed = !gap ? 0 : came === null ? null : Math.max(0, came - some.length);
      yield { type: 'decisions', decisions: some.toReversed(), next, gap, missed };
    } else if (nowMs - saidAtMs >= BEAT_EVERY_MS) {
      saidAtMs = nowMs;
      yield { type: 'beat', next };
    }
    await delay(some.length < MANY ? LOOK_EVERY_MS : LOOK_EVERY_BUSY_MS);
  }
}

/** Counts what has come between two calls; null the first time, when nobody knows since when. */
function createAdded(added: Look['added']): () => number | null {
  let before: number | undefined;
  return () => {
    const now = added?.();
    const came = now === undefined || before === undefined ? null : now - before;
    before = now;
    return came;
  };
}
