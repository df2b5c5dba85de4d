/**
 * `node test/differential/replay.ts FOLDER…`: plays worlds against the product and prints where they differ. Exit 1 if any does.
 * @module
 */

import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describeRequest } from './describe-request.ts';
import { type Difference, play } from './player.ts';
import { tokenDeps } from './token-deps.ts';
import { readModel, readSettings, readVectors } from './world.ts';

const MOST_SHOWN = Number(process.env['SHOW'] ?? 5);

function show(folder: string, { vector, what, expected, got }: Difference): void {
  console.log(`\n=== ${vector.id} (${vector.kind}): ${what}: expected ${expected}, got ${got}`);
  console.log(`recorded: ${vector.status} ${vector.details ?? ''} by ${vector.by ?? '-'} ${vector.body ?? ''}`);
  for (const name of ['istio-system', vector.set]) {
    try {
      console.log(readFileSync(join(folder, 'policies', `${name}.yaml`), 'utf8').slice(0, 6000));
    } catch {
      // most worlds have no root policies
    }
  }
  console.log(describeRequest(Buffer.from(vector.check, 'base64')));
}

let differing = 0;
let played = 0;
for (const folder of process.argv.slice(2)) {
  const settings = readSettings(folder);
  const vectors = readVectors(folder);
  const model = readModel(folder, settings);
  const differences = play(vectors, model, settings, await tokenDeps(model));
  const ids = new Set(differences.map(({ vector }) => vector.id));
  for (const difference of differences.slice(0, MOST_SHOWN)) show(folder, difference);
  const kinds = [...Map.groupBy(differences, ({ what }) => what)].map(([what, some]) => `${what} ${some.length}`);
  console.log(`${basename(folder)}: ${vectors.length} played, ${ids.size} differ ${kinds.join(', ')}`);
  differing += ids.size;
  played += vectors.length;
}
console.log(`${played} verdicts, ${differing} differ`);
process.exit(played > 0 && differing === 0 ? 0 : 1);
