/**
 * What `policy lint` costs, by policies and pods: the process's own CPU from start to end.
 * @module
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache } from '../lib/paths.ts';
import type { Build, Measure } from './builds.ts';
import { callersYaml, networkPoliciesYaml, podsYaml } from './worlds.ts';

/** The build before took no end at more. */
const SIZES = [
  { policies: 500, pods: 1_000 },
  { policies: 5_000, pods: 10_000 },
  { policies: 25_000, pods: 50_000 },
];
const MOST_MS = 600_000;

/** CPU seconds of a lint of as many network policies as AuthorizationPolicies; the largest of this build alone. */
export const lint: Measure = async (build) => {
  const figures: Record<string, number> = {};
  for (const { policies, pods } of SIZES) {
    if (build.name === 'before' && pods > 10_000) continue;
    figures[`lint: s of CPU, ${policies} policies and ${pods} pods`] = cpuOfLint(build, policies, pods);
  }
  return figures;
};

function cpuOfLint({ name, program }: Build, policies: number, pods: number): number {
  const folder = join(cache, `growth-lint-${name}`);
  mkdirSync(folder, { recursive: true });
  const half = policies >> 1;
  writeFileSync(join(folder, 'policies.yaml'), callersYaml(half) + networkPoliciesYaml(policies - half));
  writeFileSync(join(folder, 'pods.yaml'), podsYaml(pods));
  return cpuOfChild(program, folder);
}

/** The child tells its own usage when it ends. */
function cpuOfChild(program: string, folder: string): number {
  const tell =
    'data:text/javascript,process.on("exit",()=>{const u=process.cpuUsage();process.stderr.write("\\ncpu "+(u.user+u.system)+"\\n")})';
  const { stderr, status } = spawnSync(
    process.execPath,
    ['--import', tell, program, 'policy', 'lint', folder, '--output', 'json'],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: MOST_MS,
    },
  );
  const micros = /^cpu (\d+)$/m.exec(stderr)?.[1];
  if (micros === undefined) throw new Error(`policy lint ended with ${status}: ${stderr.slice(-200)}`);
  return Number(micros) / 1e6;
}
