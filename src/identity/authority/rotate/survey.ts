/**
 * Counts, over the unexpired part of the ledger, what each authority has signed and which holders lack which root.
 * @module
 */
import type { Clock } from '../../../lib/clock.ts';
import { finishInSlices } from '../../../lib/work.ts';
import type { AuthoritySettings } from '../settings.ts';
import type { AuthorityRecord } from '../store/state.ts';
import type { AuthorityStore } from '../store/store.ts';
import type { ConsumerTracker } from './consumers.ts';
import { type Blocker, countInto, holderOf, isHeld, isMounted, lookForRoot, type RootLook } from './gate.ts';

export interface SurveyDeps {
  readonly store: Pick<AuthorityStore, 'unexpired'>;
  readonly consumers: Pick<ConsumerTracker, 'all'>;
  readonly clock: Clock;
  readonly settings: AuthoritySettings;
  /** Writes what waits in memory, so that the survey sees all of it. */
  flush(): Promise<void>;
}

/** One look at the ledger. */
export interface Survey {
  /** How many unexpired SVIDs each authority has signed, by id. */
  readonly unexpired: ReadonlyMap<string, number>;
  /** When the last of those that kubelets hold for pods expires, milliseconds since 1970, of each authority that has any, by id. */
  readonly mountedUntil: ReadonlyMap<string, number>;
  /** The holders that are not known to hold its root, for each authority that was asked about, by id. */
  readonly lacking: ReadonlyMap<string, readonly Blocker[]>;
}

/** Verifiers of the OIDC kind take tokens this much longer than they say. */
const LEEWAY_MS = 60_000;

/** How long other work waits while a gate looks at holders. */
const SLICE_MS = 2;

/** Reads the ledger once for several authorities. @throws GatehouseError `store_unavailable` */
export async function surveyOf(authorities: readonly AuthorityRecord[], deps: SurveyDeps): Promise<Survey> {
  await deps.flush();
  const atMs = deps.clock.now();
  const looks: (readonly [string, RootLook])[] = [];
  for (const each of authorities) looks.push([each.id, await lookFor(each, atMs, deps)]);
  const unexpired = new Map<string, number>();
  const mountedUntil = new Map<string, number>();
  for await (const page of deps.store.unexpired(atMs)) {
    countInto(unexpired, page);
    for (const { authorityId, notAfterAt } of page.filter(isMounted))
      mountedUntil.set(authorityId, Math.max(notAfterAt, mountedUntil.get(authorityId) ?? 0));
    for (const [, look] of looks) look.take(page);
  }
  return { unexpired, mountedUntil, lacking: new Map(looks.map(([id, look]) => [id, look.blockers()])) };
}

/** The holders that are not known to hold the root of one authority. @throws GatehouseError `store_unavailable` */
export async function holdersLacking(authority: AuthorityRecord, deps: SurveyDeps): Promise<readonly Blocker[]> {
  return (await surveyOf([authority], deps)).lacking.get(authority.id) ?? [];
}

/**
 * The holders of unexpired SVIDs that an authority has signed, each once, with what it holds longest: of tokens there may be a
 * hundred thousand.
 *
 * @throws GatehouseError `store_unavailable`
 */
export async function holdersChainedTo(
  { id, use }: Pick<AuthorityRecord, 'id' | 'use'>,
  deps: SurveyDeps,
): Promise<readonly Blocker[]> {
  await deps.flush();
  const blockers = new Map<string, Blocker>();
  const leewayMs = use === 'jwt' && deps.settings.jwtIssuer !== undefined ? LEEWAY_MS : 0;
  for await (const page of deps.store.unexpired(deps.clock.now() - leewayMs))
    for (const row of page)
      if (row.authorityId === id && isHeld(row))
        blockers.set(`${row.consumer || row.channel} ${row.spiffeId}`, holderOf(row, deps.consumers.all, leewayMs));
  return [...blockers.values()];
}

async function lookFor(
  authority: AuthorityRecord,
  atMs: number,
  { consumers, settings }: SurveyDeps,
): Promise<RootLook> {
  const work = lookForRoot(consumers.all, {
    use: authority.use,
    needsSequence: authority.publishedSequence,
    publishedAt: authority.preparedAt,
    grade: settings.gateGrade,
    atMs,
    halfLifeMs: settings.x509SvidTtlMs / 2,
    fetcherPatienceMs: { 'bundle-endpoint': 3 * settings.refreshHintSeconds * 1000, oidc: settings.oidcLeadMs },
  });
  return (await finishInSlices(work, SLICE_MS, () => true))!; // it is always wanted
}
