import assert from 'node:assert/strict';
import fc from 'fast-check';
import { findIdle } from '../../../src/analysis/lint/exact/find-idle.ts';
import { findParts, type ShadowedPart } from '../../../src/analysis/lint/exact/find-partly.ts';
import { createAsker } from '../../../src/analysis/lint/scene/asker.ts';
import { placeInDocument } from '../../../src/analysis/lint/scene/placed-rule.ts';
import { unguarded } from '../../../src/authz/question.ts';
import type { Plane, PolicyModel, Rule } from '../../../src/policy/model.ts';
import { modelOf } from '../../support/lint-world.ts';
import {
  arbitraryIstio,
  arbitraryTiered,
  everyRequest,
  istioDocument,
  registry,
  tier,
  tieredDocument,
} from './arbitrary-tiers.ts';

/** `PROOFS=10000` for the long run. */
const WORLDS = Number(process.env['PROOFS'] ?? 20);
/** The same worlds every time; `PROOFS_SEED=N` for others, as the long run takes. */
const SEED = Number(process.env['PROOFS_SEED'] ?? 1);

describe('parts of rules that lint calls shadowed', () => {
  it(`change no decision when they are taken away, one by one and all, or say the opposite (${WORLDS} worlds)`, () => {
    const seen = { removed: 0, turned: 0, alive: 0 };
    fc.assert(
      fc.property(
        fc.array(arbitraryTiered, { minLength: 2, maxLength: 5 }),
        fc.array(arbitraryIstio, { minLength: 1, maxLength: 4 }),
        (tiered, istio) => {
          const model = modelOf([tier, ...tiered.map(tieredDocument), ...istio.map(istioDocument)], registry);
          const parts = partsOf(model);
          const was = effectsOf(model);
          const agree = (other: PolicyModel, what: string): void => assert.deepEqual(effectsOf(other), was, what);
          for (const each of parts) {
            const { text, without } = each.part;
            if (without !== undefined) agree(edited(model, [each], removed), `without ${text}`);
            if (without === undefined || each.one.stage.kind !== 'first-match') continue;
            seen.turned++;
            agree(edited(model, [each], turned), `turned ${text}`);
          }
          agree(edited(model, parts, removed), 'without all');
          seen.removed += parts.length;
          seen.alive += parts.length === 0 ? 1 : 0;
        },
      ),
      { numRuns: WORLDS, seed: SEED, endOnFailure: true },
    );
    assert.ok(seen.removed >= WORLDS / 4 && seen.turned >= WORLDS / 8 && seen.alive > 0, JSON.stringify(seen));
  });
});

/** What each plane says of each request. */
function effectsOf(model: PolicyModel): readonly string[] {
  const ask = createAsker(model, unguarded);
  return everyRequest.map((form) => {
    const { decisions } = ask.replay(form, 'l4', 'istio');
    return [...decisions].map(([plane, { effect }]) => `${plane} ${effect}`).join();
  });
}

function partsOf({ planes, absence }: PolicyModel): readonly ShadowedPart[] {
  const idle = new Set(findIdle(planes, absence).idle.map(({ one }) => placeInDocument(one)));
  const known = { isIdle: (one: ShadowedPart['one']) => idle.has(placeInDocument(one)), isOfOne: () => true };
  const { parts, unanswered } = findParts(planes, absence, known);
  assert.deepEqual(unanswered, []);
  return parts;
}

/** The rules that stand in the place of one. */
type Edit = (rule: Rule, part: ShadowedPart['part']) => readonly Rule[];

/** What is left of a rule. */
const removed: Edit = (rule, { without }) => [without ?? rule];

/** The part says the opposite, right before the rule. */
const turned: Edit = (rule, part) => [{ ...part.rule, effect: rule.effect === 'allow' ? 'deny' : 'allow' }, rule];

/** The same model, with one part of each rule where some were found edited. */
function edited(model: PolicyModel, parts: readonly ShadowedPart[], edit: Edit): PolicyModel {
  const byRule = new Map(parts.map(({ one, part }) => [one.rule, part]));
  return {
    ...model,
    planes: model.planes.map(
      (plane): Plane => ({
        ...plane,
        stages: plane.stages.map((stage) =>
          stage.kind === 'transport' || stage.kind === 'token'
            ? stage
            : {
                ...stage,
                policies: stage.policies.map((policy) => ({
                  ...policy,
                  rules: policy.rules.flatMap((rule) => {
                    const part = byRule.get(rule);
                    return part === undefined ? [rule] : edit(rule, part);
                  }),
                })),
              },
        ),
      }),
    ),
  };
}
