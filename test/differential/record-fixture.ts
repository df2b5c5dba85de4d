/**
 * `node test/differential/record-fixture.ts DIR`: of the worlds under DIR picks verdicts that show every feature, and writes the fixture that
 * `npm test` plays. Make the worlds with `npm run differential -- --keep DIR --factor 0.2 --corners 0`.
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { worldNames } from './random-worlds.ts';
import { type RecordedWorld, withoutCertificate } from './recorded.ts';
import { readSettings, readVectors, type Vector } from './world.ts';

const WANTED = 2000;
const directory = process.argv[2];
if (directory === undefined) throw new Error('usage: record-fixture.ts DIR');

const recorded: RecordedWorld[] = [];
for (const name of worldNames) recorded.push(pick(join(directory, name), Math.ceil(WANTED / worldNames.length)));
const count = recorded.reduce((sum, { vectors }) => sum + vectors.length, 0);
writeFileSync('test/fixtures/istio-verdicts.json.gz', gzipSync(JSON.stringify(recorded), { level: 9 }));
console.log(`${count} verdicts of ${recorded.length} worlds`);

/** Those that show what few others show come first, until there are enough; whole sets, so that few policies are needed. */
function pick(folder: string, wanted: number): RecordedWorld {
  const settings = readSettings(folder);
  const sets = Map.groupBy(readVectors(folder), ({ set }) => set);
  const left = new Map(sets);
  const seen = new Map<string, number>();
  const vectors: Vector[] = [];
  while (vectors.length < wanted && left.size > 0) {
    const [name, some] = [...left].reduce((best, each) =>
      novelty(each[1], seen) > novelty(best[1], seen) ? each : best,
    );
    left.delete(name);
    for (const { features = [] } of some) for (const each of features) seen.set(each, (seen.get(each) ?? 0) + 1);
    vectors.push(...some);
  }
  const names = [...new Set(vectors.map(({ set }) => set)), settings.root_namespace];
  const certificates: string[] = [];
  return {
    settings,
    policies: Object.fromEntries(names.flatMap((name) => policyText(folder, name))),
    certificates,
    vectors: vectors.map((vector) => withoutCertificate(vector, certificates)),
  };
}

function novelty(some: readonly Vector[], seen: ReadonlyMap<string, number>): number {
  const features = new Set(some.flatMap(({ features: each = [] }) => each));
  return [...features].reduce((sum, each) => sum + 1 / (1 + (seen.get(each) ?? 0)), 0);
}

function policyText(folder: string, name: string): readonly (readonly [string, string])[] {
  try {
    return [[name, readFileSync(join(folder, 'policies', `${name}.yaml`), 'utf8')]];
  } catch {
    return []; // most worlds have no root policies
  }
}
