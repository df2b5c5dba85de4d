import assert from 'node:assert/strict';
import fc from 'fast-check';
import { touchedPairs } from '../../../src/analysis/proofs/diff/touched.ts';
import { createPairs } from '../../../src/analysis/proofs/pairs.ts';
import { spaceOf } from '../../../src/analysis/proofs/space-of.ts';
import { createWorld } from '../../../src/analysis/proofs/world.ts';
import { universeClasses } from '../../../src/analysis/universe/universe.ts';
import { withAddresses } from '../../../src/analysis/universe/with-addresses.ts';
import type { PolicyModel, Stage } from '../../../src/policy/model.ts';
import { arbitraryModelOfAll } from './arbitrary-model.ts';

/** `PROOFS=1000` for the long run. */
const MODELS = Number(process.env['PROOFS'] ?? 40);
/** The same models every time; `PROOFS_SEED=N` for others, as the long run takes. */
const SEED = Number(process.env['PROOFS_SEED'] ?? 1);

describe('pairs that a change does not touch', () => {
  it(`are decided as before (${MODELS} models)`, () => {
    let left = 0;
    fc.assert(
      fc.property(arbitraryModelOfAll, fc.nat(), (given, at) => {
        const model = withAddresses(fewer(given));
        const sides = [model, without(model, at)].map((one) => ({
          ...{ model: one, planes: one.planes, trustDomain: 'cluster.local', workloads: [], allowEmpty: true },
        }));
        const [before, after] = sides as [(typeof sides)[number], (typeof sides)[number]];
        const classes = universeClasses(sides);
        const residents = sides.map((_, i) => classes.map((one) => one.residents[i]));
        const space = spaceOf([...before.planes, ...after.planes], residents.flat());
        const [old, fresh] = sides.map(({ planes, model: one }, i) =>
          createPairs(createWorld(one, planes, residents[i]!, space), residents[i]!, space, false),
        );
        const touches = touchedPairs([before, after], residents[1]!);
        for (const [from] of classes.entries())
          for (const [to, { outside }] of classes.entries()) {
            if (outside !== undefined || touches(from, to)) continue;
            left++;
            assert.equal(fresh!.regionOf(from, to), old!.regionOf(from, to));
          }
      }),
      { numRuns: MODELS, seed: SEED, endOnFailure: true },
    );
    assert.ok(left > MODELS, `only ${left} pairs were left`);
  });
});

/** Rules by the dozen take time and show no more. */
function fewer(model: PolicyModel): PolicyModel {
  const of = (stage: Stage): Stage =>
    stage.kind === 'transport' || stage.kind === 'token'
      ? stage
      : { ...stage, policies: stage.policies.slice(0, 3).map((one) => ({ ...one, rules: one.rules.slice(0, 3) })) };
  return { ...model, planes: model.planes.map((plane) => ({ ...plane, stages: plane.stages.map(of) })) };
}

/** The model without one of its policies, of whatever stage. */
function without(model: PolicyModel, at: number): PolicyModel {
  const all = model.planes.flatMap(({ stages }) => stages.flatMap(({ policies }) => policies as readonly object[]));
  const gone = all[at % Math.max(1, all.length)];
  const of = (stage: Stage): Stage =>
    ({ ...stage, policies: (stage.policies as readonly object[]).filter((one) => one !== gone) }) as Stage; // as it was
  return { ...model, planes: model.planes.map((plane) => ({ ...plane, stages: plane.stages.map(of) })) };
}
