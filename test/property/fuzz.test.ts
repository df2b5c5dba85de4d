import { readCorpus } from '../fuzz/corpus.ts';
import { createRandom } from '../fuzz/random.ts';
import { targets } from '../fuzz/targets/targets.ts';

/** New inputs a target; `npm run fuzz` tries as many as there is time for. */
const MUTATIONS = 400;

describe('Whatever the bytes', function () {
  this.timeout(300_000);

  for (const target of targets) {
    const kept = [...target.seeds(), ...readCorpus(target.name)];

    it(`${target.name} holds for the ${kept.length} inputs that the fuzzer kept`, async () => {
      for (const input of kept) await target.run(Buffer.from(input), true);
    });

    it(`${target.name} holds for ${MUTATIONS} changes of them`, async () => {
      const random = createRandom(kept.length);
      for (let n = 0; n < MUTATIONS; n += 1) {
        await target.run(target.mutate(random.pick(kept), random.pick(kept), random), true);
      }
    });
  }
});
