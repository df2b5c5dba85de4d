/**
 * The operator's verbs: ask the gate, take the step, keep an audit row. The schedule uses the same ones.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import type { Clock } from '../../../lib/clock.ts';
import { finishInSlices } from '../../../lib/work.ts';
import type { GateLook, Order, Verb, VerbOutcome } from '../authority.ts';
import type { KeyStore } from '../keys/signer.ts';
import type { AuthoritySettings } from '../settings.ts';
import type { CurrentState } from '../store/current-state.ts';
import {
  type AuthorityRecord,
  type AuthorityState,
  type AuthorityUse,
  activeOf,
  preparedOf,
  type Step,
} from '../store/state.ts';
import type { AuditRow, AuthorityStore } from '../store/store.ts';
import type { ConsumerBook } from './consumers.ts';
import { type Blocker, countInto, etaSeconds, holderOf, isHeld, lookForRoot, type RootLook } from './gate.ts';
import * as life from './slots.ts';

export interface VerbDeps {
  readonly store: AuthorityStore;
  readonly keys: KeyStore;
  readonly current: CurrentState;
  readonly consumers: ConsumerBook;
  readonly clock: Clock;
  readonly settings: AuthoritySettings;
  /** Makes a key and what certifies it; both durable or harmless. */
  makeAuthority(use: AuthorityUse): Promise<life.NewAuthority>;
  /** Writes what waits in memory, so that the gate sees all of it. */
  flush(): Promise<void>;
}

export interface Verbs {
  run(verb: Verb, order: Order): Promise<VerbOutcome>;
  /** What `run` would say now, without a step and without an audit row. */
  look(verb: Verb, order: Pick<Order, 'use' | 'authorityId'>): Promise<GateLook>;
  /** Of all authorities of both uses, from one look at the ledger. */
  survey(): Promise<Survey>;
}

export interface Survey {
  /** How many unexpired SVIDs each authority has signed, by id. */
  readonly unexpired: ReadonlyMap<string, number>;
  /** Who is not known to hold its root, for each authority that is trusted, by id. */
  readonly lacking: ReadonlyMap<string, readonly Blocker[]>;
}

type StepVerb = Exclude<Verb, 'prepare'>;
type Named = Pick<Order, 'use' | 'authorityId'>;

/** A step that is possible: what the state would be, whom it is about, and who stands in its way. */
interface Plan {
  readonly planned: AuthorityState;
  readonly target: AuthorityRecord;
  readonly blockers: readonly Blocker[];
  /** The last step before it: what an undo would take back. */
  readonly last: Step | undefined;
}

/** How long others wait while a gate looks at holders. */
const SLICE_MS = 2;

/** Creates the verbs. */
export function createVerbs(deps: VerbDeps): Verbs {
  const { store, current, clock, settings } = deps;

  const lookFor = async (authority: AuthorityRecord, atMs: number): Promise<RootLook> => {
    const work = lookForRoot(deps.consumers.all, {
      use: authority.use,
      needsSequence: authority.publishedSequence,
      publishedAt: authority.preparedAt,
      grade: settings.gateGrade,
      atMs,
      halfLifeMs: settings.x509SvidTtlMs / 2,
      fetcherPatienceMs: 3 * settings.refreshHintSeconds * 1000,
    });
    return (await finishInSlices(work, SLICE_MS, () => true))!; // it is always wanted
  };

  /** Who lacks which root, for several authorities from one look at the ledger. */
  const survey = async (authorities: readonly AuthorityRecord[]): Promise<Survey> => {
    await deps.flush();
    const atMs = clock.now();
    const looks: (readonly [string, RootLook])[] = [];
    for (const each of authorities) looks.push([each.id, await lookFor(each, atMs)]);
    const unexpired = new Map<string, number>();
    for await (const page of store.unexpired(atMs)) {
      countInto(unexpired, page);
      for (const [, look] of looks) look.take(page);
    }
    return { unexpired, lacking: new Map(looks.map(([id, look]) => [id, look.blockers()])) };
  };

  const lacking = async (authority: AuthorityRecord): Promise<readonly Blocker[]> =>
    (await survey([authority])).lacking.get(authority.id) ?? [];

  const chained = async (authorityId: string): Promise<readonly Blocker[]> => {
    await deps.flush();
    // One a holder, with what he holds longest: of tokens there may be a hundred thousand.
    const blockers = new Map<string, Blocker>();
    for await (const page of store.unexpired(clock.now()))
      for (const row of page)
        if (row.authorityId === authorityId && isHeld(row))
          blockers.set(`${row.consumer || row.channel} ${row.spiffeId}`, holderOf(row, deps.consumers.all));
    return [...blockers.values()];
  };

  /** Who stands in the way of a step that is possible; the step itself says whether it is. */
  const blockersOf = async (verb: Verb, use: AuthorityUse, target: AuthorityRecord): Promise<readonly Blocker[]> => {
    const state = current.state;
    switch (verb) {
      case 'prepare':
        return [];
      case 'activate':
        return lacking(target);
      case 'taint': {
        const active = activeOf(state, use);
        return active ? lacking(active) : [];
      }
      case 'revoke':
        return chained(target.id);
      case 'undo': {
        const step = life.lastStep(state, use);
        return step?.verb === 'prepare' ? chained(target.id) : [];
      }
    }
  };

  const audited = (verb: Verb, order: Order, authorityId: string, result: string): AuditRow => ({
    at: clock.now(),
    who: order.who,
    verb: `ca ${verb}`,
    use: order.use,
    authorityId,
    reason: order.override ? `override: ${order.reason}` : order.reason,
    result,
  });

  const prepare = async (order: Order): Promise<AuthorityState> => {
    const already = preparedOf(current.state, order.use);
    const fresh = already ? undefined : await deps.makeAuthority(order.use);
    try {
      return await current.change((state) => ({
        state: life.prepare(state, fresh ?? refusedFresh(state, order.use), clock.now()),
        audit: audited('prepare', order, fresh?.id ?? '', 'done'),
      }));
    } catch (thrown) {
      // Only a step that was refused leaves a key that nobody will ever use; after a broken write it may be in use.
      if (fresh && thrown instanceof GatehouseError && thrown.code === 'slot_state') await deps.keys.remove(fresh.id);
      throw thrown;
    }
  };

  const step = (verb: StepVerb, state: AuthorityState, order: Named, atMs: number): AuthorityState => {
    switch (verb) {
      case 'activate':
        return life.activate(state, order.use, order.authorityId, atMs);
      case 'taint':
        return life.taint(state, order.use, order.authorityId, atMs);
      case 'revoke':
        return life.revoke(state, order.use, order.authorityId, atMs);
      case 'undo':
        return life.undo(state, order.use, atMs);
    }
  };

  const plan = async (verb: StepVerb, order: Named): Promise<Plan> => {
    const planned = step(verb, current.state, order, clock.now());
    const target = touched(current.state, planned, verb, order.use);
    const last = life.lastStep(current.state, order.use);
    return { planned, target, last, blockers: await blockersOf(verb, order.use, target) };
  };

  const take = async (verb: StepVerb, order: Order): Promise<VerbOutcome> => {
    const { planned, target, last, blockers } = await plan(verb, order);
    if (blockers.length > 0 && !order.override) {
      await store.appendAudit(audited(verb, order, target.id, 'rotation_blocked'));
      return { done: false, code: 'rotation_blocked', blockers, etaSeconds: etaSeconds(blockers, clock.now()) };
    }
    await checkKey(activeOf(planned, order.use));
    const exact = verb === 'undo' ? order : { ...order, authorityId: target.id };
    const before = current.state;
    await current.change((state) => {
      // Undo means the last step: if another came between, this one was not meant.
      if (verb === 'undo' && !isSameStep(life.lastStep(state, order.use), last)) {
        throw new GatehouseError('slot_state', 'another step was taken meanwhile; look again', { id: target.id });
      }
      return { state: step(verb, state, exact, clock.now()), audit: audited(verb, order, target.id, 'done') };
    });
    await destroyUnused(before, current.state);
    return { done: true, authorityId: target.id, sequence: current.state.sequence };
  };

  /** Whoever will sign must have his key at hand before he is told to. */
  const checkKey = async (next: AuthorityRecord | undefined): Promise<void> => {
    if (!next || next.id === activeOf(current.state, next.use)?.id || (await deps.keys.open(next.id))) return;
    throw new GatehouseError('slot_state', `the key of ${next.use} authority ${next.id} is gone; prepare another`, {
      id: next.id,
    });
  };

  /** A key goes when its authority is out of the bundle: after that is durable, so that a crash leaves a key too many. */
  const destroyUnused = async (before: AuthorityState, after: AuthorityState): Promise<void> => {
    const needed = (state: AuthorityState): Set<string> =>
      new Set(state.authorities.filter((each) => !each.keyDestroyed).map((each) => each.id));
    const still = needed(after);
    for (const id of needed(before)) if (!still.has(id)) await deps.keys.remove(id);
  };

  return {
    survey: () => survey(current.state.authorities.filter((each) => each.slot !== 'revoked')),
    async look(verb, order) {
      if (verb === 'prepare') {
        const already = preparedOf(current.state, order.use);
        if (already) life.prepare(current.state, already, clock.now()); // throws what the verb would
        return { authorityId: '', blockers: [], etaSeconds: 0 };
      }
      const { target, blockers } = await plan(verb, order);
      return { authorityId: target.id, blockers, etaSeconds: etaSeconds(blockers, clock.now()) };
    },
    async run(verb, order) {
      if (order.override && order.reason.trim() === '') {
        throw new GatehouseError('slot_state', 'an override needs a reason (--reason)', { verb });
      }
      try {
        if (verb !== 'prepare') return await take(verb, order);
        const after = await prepare(order);
        const made = preparedOf(after, order.use);
        return { done: true, authorityId: made?.id ?? '', sequence: after.sequence };
      } catch (thrown) {
        if (thrown instanceof GatehouseError && thrown.code === 'slot_state') {
          await store.appendAudit(audited(verb, order, order.authorityId, thrown.code));
        }
        throw thrown;
      }
    },
  };
}

/** Two undos of one step are one: the second must not take back the step before. */
const isSameStep = (a: Step | undefined, b: Step | undefined): boolean => a?.verb === b?.verb && a?.id === b?.id;

/** The refusal that `prepare` gives when one is prepared already, without making a key first. */
function refusedFresh(state: AuthorityState, use: AuthorityUse): life.NewAuthority {
  const already = preparedOf(state, use);
  if (already) return already;
  throw new GatehouseError('slot_state', `the ${use} authorities changed meanwhile; try again`, { use });
}

/** The authority that a step is about. */
function touched(before: AuthorityState, after: AuthorityState, verb: Verb, use: AuthorityUse): AuthorityRecord {
  if (verb === 'undo') {
    const step = life.lastStep(before, use);
    const record = before.authorities.find((each) => each.id === step?.id);
    if (record) return record;
  }
  const changed = after.authorities.find((each) => {
    const was = before.authorities.find((other) => other.id === each.id);
    return was?.slot !== each.slot && (verb !== 'activate' || each.slot === 'active');
  });
  if (changed) return changed;
  throw new GatehouseError('internal', `the step ${verb} changed nothing`);
}
