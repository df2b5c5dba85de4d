/**
 * The second opinion on a tree: walked for requests made for the rules, it must come to what the decision comes to, or ask.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import type { Destination } from '../facts.ts';
import type { Policy, PolicyModel, Rule } from '../model.ts';
import { changeBetween } from './filing/change-between.ts';
import type { NativeSettings } from './native-settings.ts';
import { placed, placedWitnesses } from './planes/placed-witness.ts';
import { interpretTree } from './tree/interpret-tree.ts';
import { factsOf, seenOf, type Witness, witnessesOf } from './witness.ts';
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
  const trustDomain = trustDomains[0] ?? '';
  const tries = function* (): Iterable<Witness> {
    for (const rule of rulesToTry(model, checked))
      for (const witness of witnessesOf(rule, trustDomain, trees.providers.length > 0)) {
        yield witness;
        if (trees.letsIn !== undefined) yield* placed(witness, trees.letsIn);
      }
    if (trees.letsIn !== undefined) yield* placedWitnesses(trees.letsIn, trustDomain);
  };
  // one value for each of its addresses, as Check has it: what is decided by is looked up once for each
  const places = new Map<string, Destination>();
  for (const witness of tries()) {
    const root = witness.protocol === 'http' ? trees.http : trees.network;
    const action = interpretTree(root, seenOf(witness));
    if (action?.name.startsWith('ask:') === true) continue;
    const destination = places.get(witness.address) ?? { ...workload };
    places.set(witness.address, destination);
    const decided = decide(factsOf(witness, destination));
    if (action?.effect === decided.effect) continue;
    const said = `${action?.name ?? 'nothing'} (${action?.effect ?? 'deny'}) where the decision is ${decided.effect}, ${decided.reason}`;
    const whom = `${witness.caller ?? 'nobody'} from ${witness.source}, ${witness.method} ${witness.path}`;
    throw new GatehouseError('internal', `the tree for Envoy says ${said}, for ${whom}; it is given to nobody`);
  }
}

/** All that is new, as far as there is room, and some of what was there. */
function rulesToTry(model: PolicyModel, checked: PolicyModel | undefined): readonly Rule[] {
  const policies = policiesOf(model);
  if (checked === undefined) return spread(policies, MOST.rules);
  const before = policiesOf(checked);
  const change = changeBetween(before, policies, Infinity);
  const known = change === undefined ? new Set(before) : undefined;
  const fresh = change?.added ?? policies.filter((each) => known?.has(each) !== true);
  return [...spread(fresh, MOST.rules), ...spread(policies, MOST.again)];
}

/** So many rules of these policies, as far apart as they can be. */
function spread(policies: readonly Policy[], most: number): readonly Rule[] {
  let count = 0;
  for (const { rules } of policies) count += rules.length;
  const step = Math.max(1, Math.ceil(count / most));
  const some: Rule[] = [];
  let first = 0; // of the rules of a policy, among all
  for (const { rules } of policies) {
    for (let i = (step - (first % step)) % step; i < rules.length; i += step) some.push(rules[i]!);
    first += rules.length;
  }
  return some;
}

function policiesOf({ planes }: PolicyModel): readonly Policy[] {
  const all: Policy[] = [];
  for (const { stages } of planes)
    for (const stage of stages)
      if (stage.kind !== 'transport' && stage.kind !== 'token') for (const policy of stage.policies) all.push(policy);
  return all;
}
