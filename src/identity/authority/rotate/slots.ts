/**
 * The steps of an authority's life, each a pure function from state to state. Whether a step is wise is the gate's question
 * (gate.ts); here is only whether it is possible.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import { authorityNamed, nearestAuthority } from '../named-authority.ts';
import {
  type AuthorityRecord,
  type AuthorityState,
  type AuthorityUse,
  activeOf,
  lapsedAt,
  lettingGo,
  preparedOf,
  publishedKey,
  type Slot,
  type Step,
} from '../store/state.ts';

/** A new authority, before it has a slot. */
export type NewAuthority = Pick<
  AuthorityRecord,
  'id' | 'use' | 'certificate' | 'chain' | 'roots' | 'jwk' | 'notBeforeAt' | 'notAfterAt' | 'keyPlace'
>;

function refuse(message: string, details: Record<string, unknown>): never {
  throw new GatehouseError('slot_state', message, details);
}

function withRecord(state: AuthorityState, id: string, change: Partial<AuthorityRecord>): AuthorityState {
  return {
    ...state,
    authorities: state.authorities.map((each) => (each.id === id ? { ...each, ...change } : each)),
  };
}

const MAX_STEPS = 64;

function withStep(state: AuthorityState, verb: Step['verb'], record: AuthorityRecord, previous = ''): AuthorityState {
  const step: Step = { verb, use: record.use, id: record.id, previous };
  return { ...state, steps: [...state.steps, step].slice(-MAX_STEPS) };
}

/** The record that a verb names, by its id or the beginning of it; an empty one means the only one in a slot that the verb may take. */
function pick(
  state: AuthorityState,
  use: AuthorityUse,
  id: string,
  slots: readonly Slot[],
  verb: string,
): AuthorityRecord {
  const candidates = state.authorities.filter((each) => each.use === use && slots.includes(each.slot));
  const named = state.authorities.filter((each) => each.use === use && each.id.startsWith(id));
  if (id !== '' && named.length > 1) {
    return refuse(`${named.length} ${use} authorities begin with ${id}; give more of it`, { verb, use, id });
  }
  const found = id === '' ? candidates[0] : named[0];
  if (!found) {
    return refuse(
      id === ''
        ? `there is no ${slots.join(' or ')} ${use} authority to ${verb}`
        : `there is no ${use} authority ${id}; ${meantBy(state, id)}`,
      { verb, use, id },
    );
  }
  if (id === '' && candidates.length > 1) {
    return refuse(
      `several ${use} authorities could be meant; name one: ${candidates.map((each) => each.id).join(', ')}`,
      {
        verb,
        use,
      },
    );
  }
  if (!slots.includes(found.slot)) {
    return refuse(`${use} authority ${found.id} is ${found.slot}; ${verb} needs one that is ${slots.join(' or ')}`, {
      verb,
      use,
      id: found.id,
      slot: found.slot,
    });
  }
  return found;
}

/** What who named an authority that is not there probably meant. */
function meantBy(state: AuthorityState, id: string): string {
  const meant = authorityNamed(state, id) ?? nearestAuthority(state, id);
  if (!meant) return 'see gatehouse ca status';
  return meant.id.startsWith(id)
    ? `${meant.id} is one of the ${meant.use} authorities (--kind ${meant.use})`
    : `did you mean ${meant.id}?`;
}

/** Publishes a new authority in slot prepared. @throws GatehouseError `slot_state` when one is prepared already */
export function prepare(state: AuthorityState, fresh: NewAuthority, atMs: number): AuthorityState {
  const already = preparedOf(state, fresh.use);
  if (already)
    refuse(`${fresh.use} authority ${already.id} is prepared already; activate it or undo`, { id: already.id });
  if (state.authorities.some((each) => each.id === fresh.id))
    refuse(`authority ${fresh.id} exists already`, { id: fresh.id });
  const sequence = state.sequence + 1;
  const record: AuthorityRecord = {
    ...fresh,
    slot: 'prepared',
    preparedAt: atMs,
    activatedAt: undefined,
    taintedAt: undefined,
    revokedAt: undefined,
    keyDestroyed: false,
    publishedSequence: sequence,
  };
  return withStep({ ...state, sequence, authorities: [...state.authorities, record] }, 'prepare', record);
}

/** Makes the prepared authority sign, and the one that signed until now old. @throws GatehouseError `slot_state` */
export function activate(state: AuthorityState, use: AuthorityUse, id: string, atMs: number): AuthorityState {
  const next = pick(state, use, id, ['prepared'], 'activate');
  if (next.notAfterAt <= atMs)
    refuse(`${use} authority ${next.id} has expired; undo it and prepare another`, { id: next.id });
  if (next.notBeforeAt > atMs)
    refuse(
      `${use} authority ${next.id} is valid only from ${new Date(next.notBeforeAt).toISOString()}; look at the clock`,
      {
        id: next.id,
      },
    );
  const current = activeOf(state, use);
  const without = current ? withRecord(state, current.id, { slot: 'old' }) : state;
  return withStep(withRecord(without, next.id, { slot: 'active', activatedAt: atMs }), 'activate', next, current?.id);
}

/** Marks an old authority: what it signed is renewed now. @throws GatehouseError `slot_state` */
export function taint(state: AuthorityState, use: AuthorityUse, id: string, atMs: number): AuthorityState {
  const target = pick(state, use, id, ['old'], 'taint');
  return withStep(withRecord(state, target.id, { slot: 'tainted', taintedAt: atMs }), 'taint', target);
}

/** Takes an old, tainted or prepared authority out of the bundle. @throws GatehouseError `slot_state` */
export function revoke(state: AuthorityState, use: AuthorityUse, id: string, atMs: number): AuthorityState {
  const target = pick(state, use, id, id === '' ? ['tainted', 'old'] : ['tainted', 'old', 'prepared'], 'revoke');
  const revoked = withRecord(state, target.id, { slot: 'revoked', revokedAt: atMs, keyDestroyed: true });
  const out = lettingGo(revoked, [target]);
  return withStep({ ...out, sequence: state.sequence + 1 }, 'revoke', target);
}

/**
 * Makes a prepared authority old that signed until its activation was undone: it gives its place to another, and what it signed is
 * trusted until it expires. No step of anybody's, so that there is nothing to undo.
 */
export const retire = (state: AuthorityState, id: string): AuthorityState => withRecord(state, id, { slot: 'old' });

/** The last step of that use; undefined when there is nothing to undo. */
export function lastStep(state: AuthorityState, use: AuthorityUse): Step | undefined {
  return state.steps.findLast((step) => step.use === use);
}

/**
 * Takes back the last step: a prepared authority leaves the bundle, an activated one hands back to its predecessor, a tainted
 * one is old again, a revoked one is tainted or old again and back in the bundle.
 *
 * @throws GatehouseError `slot_state` when there is no such step, or what it was about is gone
 */
export function undo(state: AuthorityState, use: AuthorityUse, atMs: number): AuthorityState {
  const step = lastStep(state, use);
  if (!step) return refuse(`there is no step of the ${use} authorities to undo`, { use });
  const record = state.authorities.find((each) => each.id === step.id);
  if (!record) return refuse(`${use} authority ${step.id} has expired and is gone`, { id: step.id });
  const before: AuthorityState = { ...state, steps: state.steps.filter((each) => each !== step) };
  switch (step.verb) {
    case 'prepare':
      return { ...withoutRecord(before, record.id), sequence: state.sequence + 1 };
    case 'activate':
      return undoActivate(before, record, step.previous, atMs);
    case 'taint':
      return withRecord(before, record.id, { slot: 'old', taintedAt: undefined });
    case 'revoke':
      return undoRevoke(before, record, atMs);
  }
}

function withoutRecord(state: AuthorityState, id: string): AuthorityState {
  const gone = state.authorities.filter((each) => each.id === id);
  return lettingGo({ ...state, authorities: state.authorities.filter((each) => each.id !== id) }, gone);
}

function undoActivate(state: AuthorityState, record: AuthorityRecord, previous: string, atMs: number): AuthorityState {
  const before = state.authorities.find((each) => each.id === previous);
  if (before?.slot !== 'old' || before.notAfterAt <= atMs || before.keyDestroyed) {
    return refuse('the authority that signed before is gone; rotate forward instead', { id: record.id });
  }
  const already = preparedOf(state, record.use);
  if (already) return refuse(`${record.use} authority ${already.id} is prepared; revoke it first`, { id: already.id });
  const back = withRecord(state, record.id, { slot: 'prepared' });
  return withRecord(back, before.id, { slot: 'active' });
}

function undoRevoke(state: AuthorityState, record: AuthorityRecord, atMs: number): AuthorityState {
  if (record.notAfterAt <= atMs) return refuse(`${record.use} authority ${record.id} has expired`, { id: record.id });
  if (record.activatedAt === undefined) {
    return refuse(`${record.use} authority ${record.id} was only prepared and its key is destroyed; prepare another`, {
      id: record.id,
    });
  }
  const sequence = state.sequence + 1;
  const slot: Slot = record.taintedAt === undefined ? 'old' : 'tainted';
  return { ...withRecord(state, record.id, { slot, revokedAt: undefined, publishedSequence: sequence }), sequence };
}

/** Of an authority's life, as long as its successor must have been there before it is forgotten; a week at most. */
const SUCCESSOR_PART = 1 / 16;
const SUCCESSOR_MOST_MS = 7 * 86_400_000;

/**
 * Whether an authority that has expired may be forgotten: by a successor that is only just made, as after a leap of the clock, nobody
 * can tell that it is over.
 */
function isSucceeded(state: AuthorityState, { use, notBeforeAt, notAfterAt }: AuthorityRecord, atMs: number): boolean {
  const active = activeOf(state, use);
  const enoughMs = Math.min((notAfterAt - notBeforeAt) * SUCCESSOR_PART, SUCCESSOR_MOST_MS);
  return active !== undefined && atMs - active.notBeforeAt >= enoughMs;
}

/**
 * Takes note of the time: what has expired leaves the bundle at once, and is forgotten `graceMs` later unless it signs, or signed until
 * just now; what a clock that was wrong took out comes back. Answers the same value when there is nothing to note.
 */
export function passTime(state: AuthorityState, atMs: number, graceMs: number): AuthorityState {
  const kept = state.authorities.filter(
    (each) => each.slot === 'active' || each.notAfterAt + graceMs > atMs || !isSucceeded(state, each, atMs),
  );
  const isSame = kept.length === state.authorities.length;
  const forgotten = state.authorities.filter((each) => !kept.includes(each));
  const next = isSame ? state : lettingGo({ ...state, authorities: kept }, forgotten);
  const lapsed = lapsedAt(next, atMs);
  if (isSame && lapsed.join() === (state.lapsed ?? []).join()) return state;
  const after = { ...next, lapsed };
  return publishedKey(after) === publishedKey(state) ? after : { ...after, sequence: state.sequence + 1 };
}
