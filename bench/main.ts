/**
 * The benchmark: `npm run bench -- [--only a,b] [--peers a,b] [--rounds N] [--seconds N] [--full] [--before COMMIT] [--out FOLDER]`.
 *
 * Builds the program, builds or finds what a user could run instead, checks that each gives the right verdicts on the same rules, measures in
 * interleaved rounds, and writes a table, the figures and plots. What cannot run is a row that says why.
 * @module
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildPeers } from './lib/build-peers.ts';
import { type Section, toMarkdown } from './lib/figures.ts';
import { describeMachine } from './lib/machine.ts';
import { cache, root } from './lib/paths.ts';
import { plotBars } from './lib/plot.ts';
import { plotCurves } from './lib/plot-curves.ts';
import { writeRequests } from './lib/requests.ts';
import { writeSets } from './lib/same-rules.ts';
import type { Settings } from './lib/settings.ts';
import { sections } from './sections.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    peers: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    full: { type: 'boolean', default: false },
    before: { type: 'string' },
    build: { type: 'boolean', default: true },
    out: { type: 'string', default: join(cache, 'results') },
  },
  allowNegative: true,
});

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
const settings: Settings = {
  rounds: Number(values.rounds ?? (values.full ? 5 : 3)),
  seconds: Number(values.seconds ?? (values.full ? 8 : 3)),
  only: { peers: values.peers?.split(',') },
  isFull: values.full,
  before: values.before,
  stop: stopping.signal,
};
const names =
  values.only?.split(',') ?? Object.keys(sections).filter((name) => values.full || sections[name]!.onlyFull !== true);
const unknown = names.filter((name) => !Object.hasOwn(sections, name));
if (unknown.length > 0) {
  console.error(`no section is called ${unknown.join(', ')}; there are ${Object.keys(sections).join(', ')}`);
  process.exit(2);
}

mkdirSync(values.out, { recursive: true });
execFileSync('npm', ['run', '-s', 'build'], { cwd: root, stdio: 'inherit' });
if (values.build && names.some((name) => sections[name]!.needsPeers)) await buildPeers();
writeSets();
writeRequests();
const machine = await describeMachine();
const done: Section[] = [];
for (const name of names) {
  if (stopping.signal.aborted) break;
  process.stderr.write(`${name}\n`);
  for (const section of await measured(name)) {
    done.push(section);
    console.log(toMarkdown(section));
    if (section.curves !== undefined)
      writeFileSync(join(values.out, `${section.name}.svg`), plotCurves(section.title, section.curves));
    if (section.plot !== undefined && section.plot.bars.length > 0) {
      writeFileSync(
        join(values.out, `${section.name}.svg`),
        plotBars(section.title, section.plot.unit, section.plot.bars),
      );
    }
  }
}
const head = ['# Measured', '', ...machine.map(({ what, is }) => `- ${what}: ${is}`), ''].join('\n');
writeFileSync(join(values.out, 'bench.md'), `${head}\n${done.map(toMarkdown).join('\n')}`);
writeFileSync(
  join(values.out, 'bench.json'),
  JSON.stringify({ machine, rounds: settings.rounds, seconds: settings.seconds, sections: done }, undefined, 1),
);
process.stderr.write(`written to ${values.out}\n`);

/** A section that fails is told as one, and the others go on. */
async function measured(name: string): Promise<readonly Section[]> {
  try {
    return await sections[name]!.measure(settings);
  } catch (thrown) {
    const why = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    process.exitCode = 1;
    return [{ name, title: name, note: `failed: ${why}`, head: ['–'], rows: [], raw: undefined }];
  }
}
