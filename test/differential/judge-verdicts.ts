/**
 * `node test/differential/judge-verdicts.ts`: `NATIVE_VERDICTS` verdicts of Envoys that decide themselves against those of Envoys that ask,
 * from `NATIVE_SEED` on, in batches; a line a batch, and the sum. Ends after `NATIVE_MINUTES`, whatever is left. Exit 1 if one differs.
 * @module
 */
import { createEquipment, judgeBatch } from './native-verdicts/judge.ts';
import { createTally, verdictKinds } from './native-verdicts/tally.ts';

const BATCH = 10_000;
const first = Number(process.env['NATIVE_SEED'] ?? Math.floor(Math.random() * 1_000_000));
const wanted = Number(process.env['NATIVE_VERDICTS'] ?? 500_000);
const until = Date.now() + Number(process.env['NATIVE_MINUTES'] ?? Infinity) * 60_000;

const tally = createTally();
let connections = 0;
await using equipment = await createEquipment();
for (let seed = first; tally.all.verdicts < wanted && Date.now() < until; seed++) {
  const verdicts = Math.min(BATCH, wanted - tally.all.verdicts);
  connections += await judgeBatch(equipment, { seed, verdicts, tallyOf: () => tally });
  const { all, different } = tally;
  console.log(
    `seed ${seed}: ${all.verdicts} verdicts in all, ${all.decided} decided in Envoy, ${all.different} differ`,
  );
  for (const each of different.splice(0)) console.log(`  differs: ${each}`);
}
for (const kind of verdictKinds) {
  const { verdicts, decided, allowed, different } = tally.byKind.get(kind)!;
  console.log(`${kind}: ${verdicts} verdicts, ${decided} decided in Envoy, ${allowed} allowed, ${different} differ`);
}
console.log(`of the connections ${connections} were decided in Envoy`);
process.exitCode = tally.all.different === 0 ? 0 : 1;
