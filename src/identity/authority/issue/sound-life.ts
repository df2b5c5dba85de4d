/**
 * Nothing is signed whose life is not inside of its issuer's, and around now.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import type { Life } from '../rotate/schedule.ts';
import { type AuthorityRecord, type AuthorityState, activeOf } from '../store/state.ts';

type Issuer = Pick<AuthorityRecord, 'id' | 'use'> & Life;

/** An authority with less life than this signs nothing more. */
const LAST_MOMENTS_MS = 1000;

const text = (atMs: number): string => new Date(atMs).toISOString();

/** Why an active authority cannot sign yet, with the time; empty when all can. None is replaced by itself: others trust it already. */
export function clockTrouble(state: AuthorityState, atMs: number): string {
  const active = (['x509', 'jwt'] as const).flatMap((use) => activeOf(state, use) ?? []);
  return active
    .map((each) => clockBehind(each, atMs))
    .filter((each) => each !== '')
    .join('; ');
}

/** Without seconds: whoever waits for a change of the reason is not told of each. */
const minuteOf = (atMs: number): string => `${text(atMs).slice(0, 16)}Z`;

function clockBehind({ use, id, notBeforeAt }: Issuer, atMs: number): string {
  if (notBeforeAt <= atMs) return '';
  return `clock_behind: the active ${use} authority ${id} is valid from ${text(notBeforeAt)}, and this clock says ${minuteOf(atMs)}; set the clock right, or rotate to a new authority (gatehouse ca prepare, ca activate)`;
}

/** @throws GatehouseError `authority_not_ready` when that authority can sign nothing now */
export function checkSigns(issuer: Issuer, atMs: number): void {
  const behind = clockBehind(issuer, atMs);
  if (behind !== '') throw new GatehouseError('authority_not_ready', behind, { validFrom: text(issuer.notBeforeAt) });
  if (issuer.notAfterAt - atMs <= LAST_MOMENTS_MS)
    throw new GatehouseError('authority_not_ready', 'the active authority has expired', {
      until: text(issuer.notAfterAt),
    });
}

/** @throws GatehouseError `authority_not_ready` unless `life` begins by now, ends after it, and is inside of the issuer's */
export function checkSoundLife(life: Life, issuer: Issuer, atMs: number): void {
  const { notBeforeAt, notAfterAt } = life;
  const isAroundNow = notBeforeAt <= atMs && atMs < notAfterAt;
  if (isAroundNow && issuer.notBeforeAt <= notBeforeAt && notAfterAt <= issuer.notAfterAt) return;
  throw new GatehouseError(
    'authority_not_ready',
    `nothing valid can be signed now (${text(atMs)}): it would hold from ${text(notBeforeAt)} to ${text(notAfterAt)}, and ${issuer.use} authority ${issuer.id} from ${text(issuer.notBeforeAt)} to ${text(issuer.notAfterAt)}`,
  );
}
