/**
 * Who may call whom across the border of a tenant, one scope after the other.
 * @module
 */
import type { Inhabitant } from './inhabitants.ts';
import type { Direction, Scope } from './proof.ts';
import type { Tenant } from './tenants.ts';

/** From what is there to what may come. */
const scopes: readonly Scope[] = ['today', 'future', 'namespaces'];

/** Those of one end. */
interface Row {
  readonly at: number;
  readonly scope: number;
  readonly isStray: boolean;
}

/** The pairs of one tenant and direction. */
export interface Crossings {
  /**
   * The first pair of a scope, and of no lesser one, of which `test` holds. Those at addresses of others come last, as what they show
   * hangs on addresses alone.
   */
  find(scope: Scope, test: (from: number, to: number) => boolean): readonly [from: number, to: number] | undefined;
}

/** Puts together who is on which side. */
export function crossingsOf(inhabitants: readonly Inhabitant[], tenant: Tenant, direction: Direction): Crossings {
  const isHard = tenant.isolation === 'hard';
  const rows = (isWanted: (one: Inhabitant) => boolean): readonly Row[] =>
    inhabitants.flatMap((one, at) => {
      const isStray = one.elsewhere !== undefined;
      if (!isWanted(one) || (isStray && !isHard)) return [];
      return [{ at, scope: scopes.indexOf(one.when), isStray }];
    });
  const isOwn = (one: Inhabitant): boolean => one.tenant === tenant;
  // What is foreign only calls, and only strangers are expected to.
  const callers = rows(
    (one) =>
      one.end !== 'destination' && (one.trustDomain === undefined || isHard) && isOwn(one) === (direction === 'out'),
  );
  const called = rows((one) => one.end !== 'source' && isOwn(one) === (direction === 'in'));
  return {
    find(wanted, test) {
      const scope = scopes.indexOf(wanted);
      const within = (some: readonly Row[]): readonly Row[] => some.filter((one) => one.scope <= scope);
      const latest = (some: readonly Row[]): readonly Row[] => some.filter((one) => one.scope === scope);
      const sources = { all: within(callers), latest: latest(callers) };
      for (const hasStray of [false, true])
        for (const to of within(called))
          for (const from of to.scope === scope ? sources.all : sources.latest)
            if ((from.isStray || to.isStray) === hasStray && test(from.at, to.at)) return [from.at, to.at];
      return undefined;
    },
  };
}
