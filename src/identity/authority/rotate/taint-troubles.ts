/**
 * Troubles of holders while a taint renews, and whether they should stop it.
 *
 * Who counts is a witness: somebody who holds an SVID of ours. One identity alone, where there are others, holds a taint up for a
 * quarter of an hour and no longer: by then the pause has raised an alert, and a hostile tenant must not keep an authority alive.
 * @module
 */

export interface TaintTroubles {
  /** @param who  the same name for all that one identity has */
  note(who: string, atMs: number): void;
  /** Forgets all: another taint has begun. */
  begin(): void;
  /** Enough to stop a taint. */
  areEnough(atMs: number, identities: number): boolean;
  /** None that would keep a taint stopped: it has been quiet for a minute. */
  areOver(atMs: number, identities: number): boolean;
}

const WINDOW_MS = 60_000;
/** So many in a minute stop a taint; fewer are everyday life. */
const ENOUGH = 3;
const ALONE_MS = 15 * 60_000;
/** With fewer identities one alone may be all who could tell. */
const OTHERS_FROM = 3;

/** Creates an empty account. */
export function createTaintTroubles(): TaintTroubles {
  let recent: { readonly who: string; readonly at: number }[] = [];
  /** When each had its first since the taint began. */
  const first = new Map<string, number>();
  const counted = (atMs: number, identities: number): number => {
    recent = recent.filter(({ at }) => Math.abs(atMs - at) < WINDOW_MS);
    const [one] = recent;
    if (one === undefined) return 0;
    const isAlone = identities >= OTHERS_FROM && recent.every(({ who }) => who === one.who);
    return isAlone && Math.abs(atMs - (first.get(one.who) ?? atMs)) >= ALONE_MS ? 0 : recent.length;
  };
  return {
    note(who, atMs) {
      recent.push({ who, at: atMs });
      if (!first.has(who)) first.set(who, atMs);
    },
    begin() {
      recent = [];
      first.clear();
    },
    areEnough: (atMs, identities) => counted(atMs, identities) >= ENOUGH,
    areOver: (atMs, identities) => counted(atMs, identities) === 0,
  };
}
