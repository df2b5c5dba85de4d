/**
 * `node test/differential/judge-verdicts.ts`: `NATIVE_VERDICTS` verdicts of Envoys that decide themselves against those of Envoys that ask,
 * from `NATIVE_SEED` on, in batches; a line a batch, and the sum. With `NATIVE_ISTIO=1`, which needs Go, Istio's own translation is asked
 * in every third. Ends after `NATIVE_MINUTES`, whatever is left. Exit 1 if one differs, or if none of many fell on a row of docs/native.md.
 * @module
 */
import { createEquipment } from './native-verdicts/equipment.ts';
import { asIstio } from './native-verdicts/istio-column.ts';
import { judgeBatch } from './native-verdicts/judge.ts';
import { missedRows } from './native-verdicts/rows.ts';
import { type Count, createTally } from './native-verdicts/tally.ts';

const BATCH = 2_500;
/** Of so many some fall on each row. */
const ENOUGH_FOR_ALL = 200_000;
const first = Number(process.env['NATIVE_SEED'] ?? Math.floor(Math.random() * 1_000_000));
const wanted = Number(process.env['NATIVE_VERDICTS'] ?? 500_000);
const until = Date.now() + Number(process.env['NATIVE_MINUTES'] ?? Infinity) * 60_000;

const asksIstio = process.env['NATIVE_ISTIO'] === '1';

const tally = createTally();
await using equipment = await createEquipment();
for (let seed = first; tally.all.verdicts < wanted && Date.now() < until; seed++) {
  const verdicts = Math.min(BATCH, wanted - tally.all.verdicts);
  const withIstio = asksIstio && seed % 3 === 0;
  await judgeBatch(equipment, {
    seed,
    verdicts,
    tallyOf: () => tally,
    ...(withIstio && { withIstio, settings: asIstio }),
  });
  const { all, istio, different } = tally;
  console.log(
    `seed ${seed}: ${all.verdicts} verdicts in all, ${all.decided} decided in Envoy, ${all.different + istio.different} differ`,
  );
  for (const each of different.splice(0)) console.log(`  differs: ${each}`);
}
const show = (counts: ReadonlyMap<string, Count>): void => {
  for (const [name, { verdicts, decided, allowed, different }] of counts)
    console.log(`${name}: ${verdicts} verdicts, ${decided} decided in Envoy, ${allowed} allowed, ${different} differ`);
};
console.log('\nby what they are about');
show(tally.byKind);
console.log('\nby the rows of docs/native.md');
show(tally.byRow);
if (asksIstio) show(new Map([["\nIstio's own translation was asked too", tally.istio]]));
const missed = missedRows(tally.byRow);
for (const row of missed) console.log(`no verdict fell on: ${row}`);
process.exitCode =
  tally.all.different + tally.istio.different > 0 || (missed.length > 0 && tally.all.verdicts >= ENOUGH_FOR_ALL)
    ? 1
    : 0;
