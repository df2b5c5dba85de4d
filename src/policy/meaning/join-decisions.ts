/**
 * One decision out of the decisions of the planes.
 * @module
 */
import type { Decision, DryRun } from '../decision.ts';
import { decision } from '../decision.ts';

/** The first plane that denies speaks, else the first that has a rule to name. */
export function joined(enforced: readonly Decision[], observed: readonly Decision[]): Decision {
  const spoken =
    enforced.find(({ effect }) => effect === 'deny') ??
    enforced.find(({ policy }) => policy !== undefined) ??
    enforced[0];
  return {
    ...(spoken ?? decision(undefined, 'allow', 'no_policy_applies')),
    dryRun: dryRunOf(enforced),
    ...(observed.length === 0 ? {} : { observed }),
  };
}

/** What would be if every dry-run policy of every plane were enforced. */
function dryRunOf(enforced: readonly Decision[]): DryRun | undefined {
  if (enforced.every(({ dryRun }) => dryRun === undefined)) return undefined;
  const outcomes = enforced.map((made) => made.dryRun ?? { effect: made.effect, policy: made.policy });
  return (
    outcomes.find(({ effect }) => effect === 'deny') ??
    outcomes.find(({ policy }) => policy !== undefined) ??
    outcomes[0]
  );
}
