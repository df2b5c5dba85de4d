/**
 * What exact answers cost: maps of worlds of few and many classes, a diff after one edited policy, proofs of seven tenants.
 * @module
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Section, shown } from '../lib/figures.ts';
import { root } from '../lib/paths.ts';
import { proofWorld, teamTenants } from './world.ts';
import { writeWorld } from './write-world.ts';

const CLASSES = [50, 300, 1500];
const PODS = 2_000;
const POLICIES = 1_000;
const SEED = 7;
/** Classes of the world whose tenants are proved: each team has namespaces there. */
const TENANTS_IN = 300;

interface Cost {
  readonly seconds: number;
  readonly mib: number;
}

/** CPU seconds and the most memory of one run of the program, from its start to its end. */
function costOf(...words: string[]): Cost {
  const probe = `process.on('exit', () => { const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    process.stderr.write(JSON.stringify({ seconds: (userCPUTime + systemCPUTime) / 1e6, mib: maxRSS / 1024 })); });`;
  const program = `${probe} process.argv.splice(1, 0, 'gatehouse'); await import(${JSON.stringify(join(root, 'dist/main.js'))});`;
  const run = `const { spawnSync } = require('node:child_process');
    const { stderr } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', ${JSON.stringify(program)}, '--', ...process.argv.slice(1)], { stdio: ['ignore', 'ignore', 'pipe'] });
    process.stdout.write(stderr);`;
  const said = execFileSync(process.execPath, ['-e', run, '--', ...words], { encoding: 'utf8', maxBuffer: 2 ** 24 });
  return JSON.parse(said.slice(said.lastIndexOf('{'))) as Cost; // what the probe writes last
}

/** Measures each world once: the figures are CPU seconds, which do not hang on who else is there. */
export function proofs(): Section {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-proofs-'));
  try {
    const raw = CLASSES.map((classes) => {
      const size = { pods: PODS, classes, policies: POLICIES, seed: SEED };
      const world = proofWorld(size);
      const file = writeWorld(join(directory, `${classes}`), world);
      const edited = { ...world, policies: world.policies.filter((_, i) => i !== 5) };
      const other = writeWorld(join(directory, `${classes}-edited`), edited);
      const map = costOf('policy', 'map', '--config', file, '--output', 'json');
      const diff = classes > 300 ? undefined : costOf('policy', 'diff', file, other, '--output', 'json');
      const prove = (isAlone: boolean): Cost | undefined => {
        if (classes !== TENANTS_IN) return undefined;
        const tenants = writeWorld(
          join(directory, `tenants-${isAlone}`),
          proofWorld({ ...size, isAlone }),
          teamTenants(),
        );
        return costOf('policy', 'prove', '--config', tenants, '--output', 'json');
      };
      return { classes, map, diff, alone: prove(true), open: prove(false) };
    });
    return {
      name: 'proofs',
      title: 'Exact answers',
      note: `${PODS} pods under ${POLICIES} policies, half of them on layer 4, half on layer 7; a whole run of the program, reading and printing included`,
      head: [
        ...['classes', 'map, CPU s', 'map, MiB', 'diff after one edit, CPU s'],
        ...['prove of seven tenants that are alone, CPU s', 'MiB', 'of seven that are not, CPU s', 'MiB'],
      ],
      rows: raw.map(({ classes, map, diff, alone, open }) => [
        `${classes}`,
        ...[shown(map.seconds), shown(map.mib, 0), diff === undefined ? '' : shown(diff.seconds)],
        ...[alone, open].flatMap((cost) => (cost === undefined ? ['', ''] : [shown(cost.seconds), shown(cost.mib, 0)])),
      ]),
      raw,
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
