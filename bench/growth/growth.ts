/**
 * What a large cluster costs, beside the build before: `npm run bench -- --only growth`, or one row of it by `GROWTH=edits,start`.
 * @module
 */
import { type Section, shown, shownSpread, spread } from '../lib/figures.ts';
import { alone } from '../lib/quiet.ts';
import type { Settings } from '../lib/settings.ts';
import { type BuildName, buildsOf, type Measure } from './builds.ts';
import { editedPods, editedPolicies } from './edits.ts';
import { firstSeconds } from './first-seconds.ts';
import { consumersThatLeft, longBackup, longLedger } from './ledger.ts';
import { lint } from './lint.ts';
import { busyDecider, busyPrimary, idleServer } from './memory.ts';
import { reloaded, started } from './start-and-reload.ts';

/** By name of the row's kind; each gives one or more figures. */
const measures: Readonly<Record<string, Measure>> = {
  'edited-policies': editedPolicies,
  'edited-pods': editedPods,
  ledger: longLedger,
  backup: longBackup,
  start: started,
  reload: reloaded,
  lint,
  'consumers-left': consumersThatLeft,
  'idle-server': idleServer,
  'busy-decider': busyDecider,
  'busy-primary': busyPrimary,
  'first-seconds': firstSeconds,
};

type Figures = Map<string, Record<BuildName, number[]>>;

/** Every measure of both builds, in interleaved rounds. */
export async function growth(settings: Settings): Promise<Section> {
  const only = process.env['GROWTH']?.split(',');
  const builds = buildsOf(settings);
  const figures: Figures = new Map();
  const failed: string[] = [];
  for (const [name, measure] of Object.entries(measures)) {
    if (only && !only.includes(name)) continue;
    for (let round = 0; round < settings.rounds && !settings.stop.aborted; round++) {
      // In turn, and the other one first each time.
      for (const build of round % 2 === 0 ? builds : builds.toReversed()) {
        process.stderr.write(`growth ${name} ${build.name}\n`);
        try {
          keep(figures, build.name, await alone(() => measure(build, settings)));
        } catch (thrown) {
          failed.push(`${name}, ${build.name}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
        }
      }
    }
  }
  return report(figures, failed);
}

function keep(figures: Figures, build: BuildName, found: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(found)) {
    const both = figures.get(name) ?? { before: [], now: [] };
    both[build].push(value);
    figures.set(name, both);
  }
}

function report(figures: Figures, failed: readonly string[]): Section {
  const cell = (values: readonly number[]): string => (values.length === 0 ? 'failed' : shownSpread(spread(values), 1));
  const rows = [...figures].map(([name, { before, now }]) => {
    const ratio = before.length > 0 && now.length > 0 ? shown(spread(now).median / spread(before).median, 3) : '–';
    return [name, cell(before), cell(now), ratio];
  });
  const failures = failed.length === 0 ? '' : ` Failed: ${failed.join('; ')}.`;
  return {
    name: 'growth',
    title: 'Growth: this build beside the one before',
    note: `Medians (smallest–largest) of interleaved rounds of the two built programs; CPU and memory by /proc.${failures}`,
    head: ['', 'before', 'now', 'ratio'],
    rows,
    raw: { figures: Object.fromEntries(figures), failed },
  };
}
