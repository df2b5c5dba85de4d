/**
 * How long a large cluster waits for a start, and for an edit to be in force: the first and the later ones.
 * @module
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache } from '../lib/paths.ts';
import { cpuSeconds } from '../lib/processes.ts';
import { startGatehouse } from '../lib/product.ts';
import type { Build, Measure } from './builds.ts';
import { costOfEdits } from './edits.ts';
import { authorizationPoliciesYaml, networkPoliciesYaml, podsYaml } from './worlds.ts';

/** Until a server is ready, with 20,000 policies, and with 30,000 pods; CPU of both processes until then. */
export const started: Measure = async (build) => ({
  ...(await startOf(build, '20000 policies', authorizationPoliciesYaml(20_000))),
  ...(await startOf(build, '30000 pods', networkPoliciesYaml(250), podsYaml(30_000))),
});

async function startOf(
  { name, program }: Build,
  what: string,
  policies: string,
  pods?: string,
): Promise<Readonly<Record<string, number>>> {
  const policy = join(cache, `growth-start-${name}.yaml`);
  writeFileSync(policy, policies);
  const product = await startGatehouse(`growth-start-${name}`, {
    ...{ rules: 0, transport: 'lane', policy, program },
    ...(pods !== undefined && { registry: { 'pods.yaml': pods } }),
  });
  const figures = {
    [`ms until ready, ${what}`]: product.readyMs,
    [`ms of CPU until ready, ${what}`]: cpuSeconds(product.pids) * 1000,
  };
  await product.stop();
  return figures;
}

/** From the change of a file of 10,000 policies until it is in force in the decider. */
export const reloaded: Measure = async (build) => {
  const cost = await costOfEdits(build, { policies: (edit) => authorizationPoliciesYaml(10_000, edit) });
  return {
    'ms until in force, one of 10000 policies edited, first': cost.firstMs,
    'ms until in force, one of 10000 policies edited, later': cost.laterMs,
    'primary ms of CPU, one of 10000 policies edited': cost.primary,
  };
};
