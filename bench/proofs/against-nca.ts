/**
 * Maps of growing worlds, beside np-guard's network-config-analyzer: CPU seconds of whole runs, in turn.
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pythonWith } from '../../test/support/python-client.ts';
import { type Section, shown, spread } from '../lib/figures.ts';
import { root } from '../lib/paths.ts';
import type { Settings } from '../lib/settings.ts';
import { cpuSecondsOf } from './cost.ts';
import { proofWorld } from './world.ts';
import { writeWorld } from './write-world.ts';

const PACKAGE = 'network-config-analyzer==2.1.0';
/** Classes of the worlds; each has four pods and two policies a class. */
const CLASSES = [10, 20, 40, 80, 160, 320];
const PODS_A_CLASS = 4;
const POLICIES_A_CLASS = 2;
const SEED = 7;
/** Its command, started so as its own script starts it. */
const nca = ['-c', 'import sys; from nca.nca_cli import nca_main; sys.exit(nca_main())'];
/** No larger world is tried after one that took it so long. */
const MOST_SECONDS = { full: 600, usual: 12 };

interface Row {
  readonly classes: number;
  readonly ours: number;
  /** Without its start and imports. */
  readonly theirs: number;
}

/** Measures until a world takes the other too long. */
export function againstNca({ rounds, isFull, stop }: Settings): Section {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-nca-'));
  const python = pythonWith([PACKAGE]);
  const most = isFull ? MOST_SECONDS.full : MOST_SECONDS.usual;
  const raw: Row[] = [];
  try {
    const start = spread(Array.from({ length: rounds }, () => cpuSecondsOf(python, [...nca, '--help']))).median;
    for (const classes of CLASSES) {
      if (stop.aborted || (raw.at(-1)?.theirs ?? 0) > most) break;
      const size = { classes, pods: classes * PODS_A_CLASS, policies: classes * POLICIES_A_CLASS, seed: SEED };
      const world = join(directory, `${classes}`);
      const config = writeWorld(world, proofWorld(size));
      const [registry, policies] = [join(world, 'registry.yaml'), join(world, 'policies.yaml')];
      const words = [...nca, '--connectivity', '-n', registry, '-p', registry, '-r', policies];
      const program = [join(root, 'dist/main.js'), 'policy', 'map', '--config', config, '--output', 'json'];
      const times = Array.from({ length: classes > CLASSES[2]! ? 1 : rounds }, () => ({
        ours: cpuSecondsOf(process.execPath, program),
        theirs: cpuSecondsOf(python, words),
      }));
      const median = (of: 'ours' | 'theirs'): number => spread(times.map((one) => one[of])).median;
      raw.push({ classes, ours: median('ours'), theirs: median('theirs') - start });
    }
  } catch (thrown) {
    if (raw.length === 0) throw thrown; // what was measured before is told
    process.stderr.write(`${String(thrown)}\n`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  const curve = (label: string, of: 'ours' | 'theirs') => ({
    ...{ label, ours: of === 'ours' },
    points: raw.map((row) => [row.classes, row[of]] as const),
  });
  return {
    name: 'proofs-nca',
    title: 'Exact answers beside network-config-analyzer 2.1.0',
    note: `Who reaches whom, of worlds with ${PODS_A_CLASS} pods and ${POLICIES_A_CLASS} policies a class, half of them on layer 4, half on layer 7. CPU seconds of whole runs, one after the other in turn; the start and the imports of network-config-analyzer are taken off, ours are not. Load of the machine at the end: ${shown(loadavg()[0]!, 0)}`,
    head: ['classes', 'gatehouse policy map, CPU s', 'nca --connectivity, CPU s', 'ratio'],
    rows: raw.map(({ classes, ours, theirs }) => [
      `${classes}`,
      shown(ours, 2),
      shown(theirs, 2),
      shown(theirs / ours),
    ]),
    raw,
    curves: {
      ...{ across: 'classes', up: 'CPU s' },
      curves: [curve('gatehouse policy map', 'ours'), curve('network-config-analyzer', 'theirs')],
    },
  };
}
