/**
 * The second opinion on a tree: walked for requests made for the rules, it must come to what the decision comes to, or ask.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import type { Destination } from '../facts.ts';
import type { PolicyModel, Rule } from '../model.ts';
import type { NativeSettings } from './native-settings.ts';
import { interpretTree } from './tree/interpret-tree.ts';
import { factsOf, seenOf, witnessesOf } from './witness.ts';
import type { WorkloadTrees } from './workload-trees.ts';

/** So many rules of one workload are tried at most, spread over all of them. */
const MOST_RULES = 256;

/**
 * Holds the trees of a workload against the decision.
 *
 * @throws GatehouseError `internal` where they differ: such a tree is not to be given to anybody
 */
export function selfCheck(
  trees: WorkloadTrees,
  model: PolicyModel,
  workload: Destination,
  { decide, trustDomains }: Pick<NativeSettings, 'decide' | 'trustDomains'>,
): void {
  const rules = rulesOf(model);
  const step = Math.max(1, Math.ceil(rules.length / MOST_RULES));
  for (let i = 0; i < rules.length; i += step) {
    for (const witness of witnessesOf(rules[i]!, trustDomains[0] ?? '')) {
      const root = witness.protocol === 'http' ? trees.http : trees.network;
      const action = interpretTree(root, seenOf(witness));
      if (action?.name.startsWith('ask:') === true) continue;
      const decided = decide(factsOf(witness, workload));
      if (action?.effect === decided.effect) continue;
      const said = `${action?.name ?? 'nothing'} (${action?.effect ?? 'deny'}) where the decision is ${decided.effect}, ${decided.reason}`;
      const whom = `${witness.caller ?? 'nobody'}, ${witness.method} ${witness.path}`;
      throw new GatehouseError('internal', `the tree for Envoy says ${said}, for ${whom}; it is given to nobody`);
    }
  }
}

function rulesOf({ planes }: PolicyModel): readonly Rule[] {
  const rules: Rule[] = [];
  for (const { stages } of planes)
    for (const stage of stages)
      if (stage.kind !== 'transport' && stage.kind !== 'token')
        for (const policy of stage.policies) rules.push(...policy.rules);
  return rules;
}
