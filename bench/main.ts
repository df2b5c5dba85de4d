/**
 * The benchmark: `npm run bench -- --help`.
 *
 * Builds the program, builds or finds what a user could run instead, checks that each gives the right verdicts on the same rules, measures in
 * interleaved rounds, and writes a table, the figures and plots. What cannot run is a row that says why.
 * @module
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildPeers } from './lib/build-peers.ts';
import { type Section, toMarkdown } from './lib/figures.ts';
import { describeMachine } from './lib/machine.ts';
import { readOptions } from './lib/options.ts';
import { root } from './lib/paths.ts';
import { plotBars } from './lib/plot.ts';
import { plotCurves } from './lib/plot-curves.ts';
import { writeRequests } from './lib/requests.ts';
import { writeSets } from './lib/same-rules.ts';
import type { Settings } from './lib/settings.ts';
import { sections } from './sections.ts';

const options = readOptions(Object.keys(sections));
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
const settings: Settings = {
  rounds: options.rounds,
  seconds: options.seconds,
  only: { peers: options.peers },
  isFull: options.full,
  before: options.before,
  stop: stopping.signal,
};
const names = options.only ?? Object.keys(sections).filter((name) => options.full || sections[name]!.onlyFull !== true);

mkdirSync(options.out, { recursive: true });
execFileSync('npm', ['run', '-s', 'build'], { cwd: root, stdio: 'inherit' });
if (options.build && names.some((name) => sections[name]!.needsPeers)) await buildPeers();
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
      writeFileSync(join(options.out, `${section.name}.svg`), plotCurves(section.title, section.curves));
    if (section.plot !== undefined && section.plot.bars.length > 0) {
      writeFileSync(
        join(options.out, `${section.name}.svg`),
        plotBars(section.title, section.plot.unit, section.plot.bars),
      );
    }
  }
}
const head = ['# Measured', '', ...machine.map(({ what, is }) => `- ${what}: ${is}`), ''].join('\n');
writeFileSync(join(options.out, 'bench.md'), `${head}\n${done.map(toMarkdown).join('\n')}`);
writeFileSync(
  join(options.out, 'bench.json'),
  JSON.stringify({ machine, rounds: settings.rounds, seconds: settings.seconds, sections: done }, undefined, 1),
);
process.stderr.write(`written to ${options.out}\n`);

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
