/**
 * What one edited policy and one changed pod cost the processes, by the size of all that did not change.
 * @module
 */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spread } from '../lib/figures.ts';
import { cache } from '../lib/paths.ts';
import { cpuSeconds } from '../lib/processes.ts';
import { type Product, startGatehouse } from '../lib/product.ts';
import { untilInForce } from '../life.ts';
import type { Build, Measure } from './builds.ts';
import { authorizationPoliciesYaml, networkPoliciesYaml, podsYaml, servicesYaml } from './worlds.ts';

const EDITS = 5;

/** CPU of an edit with 1,000 and with 20,000 policies, one file of each policy, and their ratio. */
export const editedPolicies: Measure = async (build) => {
  const figures: Record<string, number> = {};
  for (const count of [1_000, 20_000]) {
    const write = (edit: number): string => authorizationPoliciesYaml(count, edit);
    const cost = await costOfEdits(build, { policies: write });
    figures[`decider ms of CPU, one of ${count} policies edited`] = cost.decider;
    figures[`primary ms of CPU, one of ${count} policies edited`] = cost.primary;
    figures[`ms until in force, one of ${count} policies edited, first`] = cost.firstMs;
    figures[`ms until in force, one of ${count} policies edited, later`] = cost.laterMs;
  }
  return figures;
};

/** CPU of one edited network policy with many pods, and of one changed pod with many Services. */
export const editedPods: Measure = async (build) => {
  const figures: Record<string, number> = {};
  for (const pods of [2_000, 30_000]) {
    const cost = await costOfEdits(build, {
      policies: (edit) => networkPoliciesYaml(250, edit),
      pods: () => podsYaml(pods),
    });
    figures[`decider ms of CPU, one of 250 network policies edited, ${pods} pods`] = cost.decider;
    figures[`primary ms of CPU, one of 250 network policies edited, ${pods} pods`] = cost.primary;
  }
  for (const services of [0, 3_000]) {
    const cost = await costOfEdits(build, {
      policies: () => networkPoliciesYaml(250),
      pods: (edit) => podsYaml(10_000, edit),
      services,
    });
    figures[`primary ms of CPU, one of 10000 pods changed, ${services} Services`] = cost.primary;
    figures[`decider ms of CPU, one of 10000 pods changed, ${services} Services`] = cost.decider;
  }
  return figures;
};

interface World {
  policies(edit: number): string;
  pods?(edit: number): string;
  readonly services?: number;
}

interface Cost {
  readonly primary: number;
  readonly decider: number;
  readonly firstMs: number;
  readonly laterMs: number;
}

/** Starts a server of that build, edits what the world edits, and tells the CPU that each process took: medians in milliseconds. */
export async function costOfEdits({ name, program }: Build, world: World): Promise<Cost> {
  const policy = join(cache, `growth-${name}.yaml`);
  writeFileSync(policy, world.policies(0));
  const registry = world.pods && {
    'pods.yaml': world.pods(0),
    'services.yaml': servicesYaml(world.services ?? 0),
  };
  const product = await startGatehouse(`growth-${name}`, {
    rules: 0,
    transport: 'lane',
    policy,
    program,
    ...(registry && { registry }),
  });
  try {
    return await edited(product, world);
  } finally {
    await product.stop();
  }
}

async function edited(product: Product, world: World): Promise<Cost> {
  const costs: { primary: number; decider: number; tookMs: number }[] = [];
  for (let edit = 1; edit <= EDITS; edit++) {
    const [policies, pods] = [world.policies(edit), world.pods?.(edit)];
    const isPolicies = policies !== world.policies(0);
    const cpu = (): { primary: number; decider: number } => ({
      primary: cpuSeconds([product.primaryPid]) * 1000,
      decider: cpuSeconds(product.deciderPids) * 1000,
    });
    const before = cpu();
    const writtenAt = replace(
      product,
      isPolicies ? 'policies/policy.yaml' : 'registry/pods.yaml',
      isPolicies ? policies : pods!,
    );
    const inForceAt = await untilInForce(product.logFile, edit + 1);
    const after = cpu();
    costs.push({
      primary: after.primary - before.primary,
      decider: after.decider - before.decider,
      tookMs: inForceAt - writtenAt,
    });
  }
  const median = (of: (one: (typeof costs)[number]) => number): number => spread(costs.map(of)).median;
  return {
    primary: median((one) => one.primary),
    decider: median((one) => one.decider),
    firstMs: costs[0]!.tookMs,
    laterMs: spread(costs.slice(1).map((one) => one.tookMs)).median,
  };
}

/** Replaces a watched file in one step, and tells when. */
function replace(product: Product, name: string, text: string): number {
  const file = join(product.folder, name);
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
  return Date.now();
}
