/**
 * Which of our certificates the webhook shows: a new one only once the cluster believes whoever signed it.
 * @module
 */
import { createWatchable, type Watchable } from '../../lib/watchable.ts';
import type { TlsIdentity } from '../../transport/listen/tls-front.ts';
import { type BelievedRoots, believedSince } from './believed-roots.ts';

/** After this long every API server has heard of what was written to one of them. */
const SPREAD_MS = 3_000;

/** What is shown, and what ends the looking. */
export interface ShownIdentity extends Disposable {
  readonly identity: Watchable<TlsIdentity | undefined>;
  /** PEM of the authorities of a certificate that is still shown although there is a newer one; empty: there is none. */
  behind(): string;
}

/**
 * Holds back each new identity until the roots that were written for the cluster hold all that it may come from. The first is not held
 * back: it is the best there is; nor is one after the one before has gone.
 *
 * @param trustedPem  whom callers must come from in place of our own authorities
 */
export function showBelieved(
  own: Watchable<TlsIdentity | undefined>,
  written: Watchable<BelievedRoots> | undefined,
  trustedPem: string | undefined,
  spreadMs = SPREAD_MS,
): ShownIdentity {
  const shown = createWatchable<TlsIdentity | undefined>(undefined);
  let timer: NodeJS.Timeout | undefined;
  const show = (identity: TlsIdentity | undefined): void =>
    shown.replace(identity && trustedPem !== undefined ? { ...identity, trustedPem } : identity);
  let held: TlsIdentity | undefined;
  const until = ({ trustedPem: roots }: TlsIdentity): number =>
    Math.max(0, Math.ceil(believedSince(written?.value ?? new Map(), roots) + spreadMs - performance.now()));
  const look = (): void => {
    clearTimeout(timer);
    const next = own.value;
    if (next === held) return;
    const isNewChain = held !== undefined && next !== undefined && next.chainPem !== held.chainPem;
    const waitMs = isNewChain && written !== undefined ? until(next) : 0;
    if (waitMs === 0) {
      held = next;
      show(next);
    } else if (waitMs < Infinity) timer = setTimeout(look, waitMs).unref();
  };
  const subscriptions = [own.subscribe(look), written?.subscribe(look)];
  look();
  return {
    identity: shown,
    behind: () => (held === undefined || held === own.value ? '' : held.trustedPem),
    [Symbol.dispose]() {
      clearTimeout(timer);
      for (const unsubscribe of subscriptions) unsubscribe?.();
    },
  };
}
