/**
 * The second opinion on a tree: walked for requests made for the rules, it must come to what the decision comes to, or ask.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import type { Destination } from '../facts.ts';
import type { Policy, PolicyModel, Rule } from '../model.ts';
import type { NativeSettings } from './native-settings.ts';
import { interpretTree } from './tree/interpret-tree.ts';
import { factsOf, seenOf, witnessesOf } from './witness.ts';
import type { WorkloadTrees } from './workload-trees.ts';

/** So many rules of one workload are tried at most, spread over all of them; and of those that were tried before. */
const MOST = { rules: 256, again: 32 } as const;

interface Checked {
  readonly model: PolicyModel;
  readonly workload: Destination;
  readonly settings: Pick<NativeSettings, 'decide' | 'trustDomains'>;
  /** The model by which the last trees of the workload were tried. */
  readonly checked: PolicyModel | undefined;
}

/**
 * Holds the trees of a workload against the decision.
 *
 * @throws GatehouseError `internal` where they differ: such a tree is not to be given to anybody
 */
export function selfCheck(trees: WorkloadTrees, { model, workload, settings, checked }: Checked): void {
  const { decide, trustDomains } = settings;
  for (const rule of rulesToTry(model, checked)) {
    for (const witness of witnessesOf(rule, trustDomains[0] ?? '', trees.providers.length > 0)) {
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

/** All that is new, as far as there is room, and some of what was there. */
function rulesToTry(model: PolicyModel, checked: PolicyModel | undefined): readonly Rule[] {
  const policies = policiesOf(model);
  const rules = (some: readonly Policy[]): readonly Rule[] => some.flatMap((policy) => policy.rules);
  if (checked === undefined) return spread(rules(policies), MOST.rules);
  const known = new Set(policiesOf(checked));
  const fresh = rules(policies.filter((each) => !known.has(each)));
  return [...spread(fresh, MOST.rules), ...spread(rules(policies), MOST.again)];
}

function spread(rules: readonly Rule[], most: number): readonly Rule[] {
  const step = Math.max(1, Math.ceil(rules.length / most));
  return rules.filter((_, i) => i % step === 0);
}

const policiesOf = ({ planes }: PolicyModel): readonly Policy[] =>
  planes.flatMap(({ stages }) =>
    stages.flatMap((stage) => (stage.kind === 'transport' || stage.kind === 'token' ? [] : stage.policies)),
  );
