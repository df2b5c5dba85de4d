/**
 * Takes the steps of a rotation: ask the gate, take the step, record an audit row. Operators and the calendar use the same ones.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import { TOKEN_PLACE } from '../keys/key-reference.ts';
import { proveSigner } from '../keys/prove-signer.ts';
import type { KeyStore } from '../keys/signer.ts';
import type { CurrentState } from '../store/current-state.ts';
import {
  type AuthorityRecord,
  type AuthorityState,
  type AuthorityUse,
  activeOf,
  keysLetGo,
  preparedOf,
  type Step,
} from '../store/state.ts';
import type { AuditRow, AuthorityStore } from '../store/store.ts';
import { type Blocker, etaSeconds } from './gate.ts';
import type { GateLook, Order, OrderTarget, Verb, VerbOutcome } from './orders.ts';
import * as slots from './slots.ts';
import { holdersChainedTo, holdersLacking, type SurveyDeps } from './survey.ts';

export interface VerbDeps extends SurveyDeps {
  readonly store: Pick<AuthorityStore, 'unexpired' | 'appendAudit'>;
  readonly keys: Pick<KeyStore, 'open' | 'remove' | 'remote'>;
  readonly current: CurrentState;
  /** Makes a key and what certifies it; both durable or harmless. */
  makeAuthority(use: AuthorityUse): Promise<slots.NewAuthority>;
}

type StepVerb = Exclude<Verb, 'prepare'>;

/** A step that is possible: the state after it, the authority it is about, and the holders that block it. */
interface Plan {
  readonly planned: AuthorityState;
  readonly target: AuthorityRecord;
  readonly blockers: readonly Blocker[];
  /** The last step before it: what an undo would reverse. */
  readonly last: Step | undefined;
}

/**
 * Carries out one order, with an audit row whether it is taken, blocked or refused.
 *
 * @throws GatehouseError `slot_state` (no authority in the slot that the verb needs, or an override without a reason),
 *   `store_unavailable`
 */
export async function runVerb(verb: Verb, order: Order, deps: VerbDeps): Promise<VerbOutcome> {
  if (order.override && order.reason.trim() === '') {
    throw new GatehouseError('slot_state', 'an override needs a reason (--reason)', { verb });
  }
  try {
    if (verb !== 'prepare') return await take(verb, order, deps);
    const after = await prepare(order, deps);
    const made = preparedOf(after, order.use);
    return { done: true, authorityId: made?.id ?? '', sequence: after.sequence };
  } catch (thrown) {
    if (thrown instanceof GatehouseError && thrown.code === 'slot_state') {
      await deps.store.appendAudit(audited(verb, order, order.authorityId, thrown.code, deps));
    }
    throw thrown;
  }
}

/** What `runVerb` would meet now, without a step and without an audit row. @throws GatehouseError `slot_state` */
export async function lookAtGate(verb: Verb, order: OrderTarget, deps: VerbDeps): Promise<GateLook> {
  const { current, clock } = deps;
  if (verb === 'prepare') {
    const already = preparedOf(current.state, order.use);
    if (already) slots.prepare(current.state, already, clock.now()); // throws what the verb would
    return { authorityId: '', blockers: [], etaSeconds: 0 };
  }
  const { target, blockers } = await plan(verb, order, deps);
  return { authorityId: target.id, blockers, etaSeconds: etaSeconds(blockers, clock.now()) };
}

async function prepare(order: Order, deps: VerbDeps): Promise<AuthorityState> {
  const { current, clock } = deps;
  const already = preparedOf(current.state, order.use);
  const fresh = already ? undefined : await deps.makeAuthority(order.use);
  try {
    const after = await current.change((state) => ({
      state: slots.prepare(state, fresh ?? refusedFresh(state, order.use), clock.now()),
      audit: audited('prepare', { ...order, reason: withPlace(order.reason, fresh) }, fresh?.id ?? '', 'done', deps),
    }));
    if (fresh) await deps.keys.remote?.committed(fresh.id);
    return after;
  } catch (thrown) {
    // Only a refused step leaves a key that nobody will ever use; after a broken write it may be in use.
    if (fresh && thrown instanceof GatehouseError && thrown.code === 'slot_state') await deps.keys.remove(fresh.id);
    throw thrown;
  }
}

/** What the audit says of a key that is not where keys usually are. */
const withPlace = (reason: string, fresh: slots.NewAuthority | undefined): string =>
  fresh?.keyPlace?.startsWith(TOKEN_PLACE) === true
    ? `${reason}${reason === '' ? '' : '; '}key on ${fresh.keyPlace}`
    : reason;

async function take(verb: StepVerb, order: Order, deps: VerbDeps): Promise<VerbOutcome> {
  const { store, current, clock } = deps;
  const { planned, target, last, blockers } = await plan(verb, order, deps);
  if (blockers.length > 0 && !order.override) {
    await store.appendAudit(audited(verb, order, target.id, 'rotation_blocked', deps));
    return { done: false, code: 'rotation_blocked', blockers, etaSeconds: etaSeconds(blockers, clock.now()) };
  }
  await checkKey(activeOf(planned, order.use), deps);
  const exact = verb === 'undo' ? order : { ...order, authorityId: target.id };
  await current.change((state) => {
    // Undo means the last step: if another came between, this one was not meant.
    if (verb === 'undo' && !isSameStep(slots.lastStep(state, order.use), last)) {
      throw new GatehouseError('slot_state', 'another step was taken meanwhile; look again', { id: target.id });
    }
    return { state: stepped[verb](state, exact, clock.now()), audit: audited(verb, order, target.id, 'done', deps) };
  });
  // After that is durable: a crash leaves a key too many, and the state names it.
  for (const id of keysLetGo(current.state)) await deps.keys.remove(id);
  return { done: true, authorityId: target.id, sequence: current.state.sequence };
}

async function plan(verb: StepVerb, order: OrderTarget, deps: VerbDeps): Promise<Plan> {
  const { state } = deps.current;
  const planned = stepped[verb](state, order, deps.clock.now());
  const target = touched(state, planned, verb, order.use);
  const last = slots.lastStep(state, order.use);
  return { planned, target, last, blockers: await blockersOf[verb](order.use, target, deps) };
}

/** The state after each step. */
const stepped: Readonly<
  Record<StepVerb, (state: AuthorityState, target: OrderTarget, atMs: number) => AuthorityState>
> = {
  activate: (state, { use, authorityId }, atMs) => slots.activate(state, use, authorityId, atMs),
  taint: (state, { use, authorityId }, atMs) => slots.taint(state, use, authorityId, atMs),
  revoke: (state, { use, authorityId }, atMs) => slots.revoke(state, use, authorityId, atMs),
  undo: (state, { use }, atMs) => slots.undo(state, use, atMs),
};

/** The holders that block a possible step; the step itself says whether it is possible. */
const blockersOf: Readonly<
  Record<StepVerb, (use: AuthorityUse, target: AuthorityRecord, deps: VerbDeps) => Promise<readonly Blocker[]>>
> = {
  activate: (_, target, deps) => holdersLacking(target, deps),
  async taint(use, _, deps) {
    const active = activeOf(deps.current.state, use);
    return active ? holdersLacking(active, deps) : [];
  },
  revoke: (_, target, deps) => holdersChainedTo(target, deps),
  async undo(use, target, deps) {
    const last = slots.lastStep(deps.current.state, use);
    return last?.verb === 'prepare' ? holdersChainedTo(target, deps) : [];
  },
};

function audited(verb: Verb, order: Order, authorityId: string, result: string, { clock }: VerbDeps): AuditRow {
  return {
    at: clock.now(),
    who: order.who,
    verb: `ca ${verb}`,
    use: order.use,
    authorityId,
    reason: order.override ? `override: ${order.reason}` : order.reason,
    result,
  };
}

/** An authority that will sign must have its key at hand before the state says so. */
async function checkKey(next: AuthorityRecord | undefined, { current, keys }: VerbDeps): Promise<void> {
  if (!next || next.id === activeOf(current.state, next.use)?.id) return;
  const signer = await keys.open(next.id);
  if (signer) return proveSigner(signer);
  throw new GatehouseError('slot_state', `the key of ${next.use} authority ${next.id} is gone; prepare another`, {
    id: next.id,
  });
}

/** Two undos of one step are one: the second must not reverse the step before. */
const isSameStep = (a: Step | undefined, b: Step | undefined): boolean => a?.verb === b?.verb && a?.id === b?.id;

/** The refusal that `prepare` gives when one is prepared already, without making a key first. */
function refusedFresh(state: AuthorityState, use: AuthorityUse): slots.NewAuthority {
  const already = preparedOf(state, use);
  if (already) return already;
  throw new GatehouseError('slot_state', `the ${use} authorities changed meanwhile; try again`, { use });
}

/** The authority that a step is about. */
function touched(before: AuthorityState, after: AuthorityState, verb: Verb, use: AuthorityUse): AuthorityRecord {
  if (verb === 'undo') {
    const last = slots.lastStep(before, use);
    const record = before.authorities.find((each) => each.id === last?.id);
    if (record) return record;
  }
  const changed = after.authorities.find((each) => {
    const was = before.authorities.find((other) => other.id === each.id);
    return was?.slot !== each.slot && (verb !== 'activate' || each.slot === 'active');
  });
  if (changed) return changed;
  throw new GatehouseError('internal', `the step ${verb} changed nothing`);
}
