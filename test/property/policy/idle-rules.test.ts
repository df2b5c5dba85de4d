import assert from 'node:assert/strict';
import fc from 'fast-check';
import { findIdle } from '../../../src/analysis/lint/exact/find-idle.ts';
import type { StandingRule } from '../../../src/analysis/lint/exact/standing-rules.ts';
import { createPairs, type Pairs } from '../../../src/analysis/proofs/pairs.ts';
import { spaceOf } from '../../../src/analysis/proofs/space-of.ts';
import { createWorld } from '../../../src/analysis/proofs/world.ts';
import { NONE } from '../../../src/analysis/regions/diagrams.ts';
import { universeClasses } from '../../../src/analysis/universe/universe.ts';
import { withAddresses } from '../../../src/analysis/universe/with-addresses.ts';
import { evaluate } from '../../../src/policy/evaluate/evaluate.ts';
import type { Facts } from '../../../src/policy/facts.ts';
import type { Plane, PolicyModel, Stage } from '../../../src/policy/model.ts';
import { arbitraryFacts, arbitraryModelOfAll } from './arbitrary-model.ts';

/** `PROOFS=10000` for the long run. */
const MODELS = Number(process.env['PROOFS'] ?? 25);
/** The same models every time; `PROOFS_SEED=N` for others, as the long run takes. */
const SEED = Number(process.env['PROOFS_SEED'] ?? 1);
const REQUESTS = 20;

const trustDomain = 'cluster.local';
const allowEmpty = { allowEmpty: true };

describe('rules that lint calls idle', () => {
  it(`change no decision when they are taken away, one by one and all (${MODELS} models)`, () => {
    const seen = { never: 0, before: 0, same: 0 };
    fc.assert(
      fc.property(
        arbitraryModelOfAll,
        fc.array(arbitraryFacts, { minLength: REQUESTS, maxLength: REQUESTS }),
        (given, requests) => {
          const model = enforced(fewer(given));
          const { idle } = findIdle(model.planes, model.absence);
          const found = idle.map(({ one }) => one);
          for (const each of idle) seen[each.idle.why]++;
          const taken = [...found.map((one) => [one]), found].filter((some) => some.length > 0);
          if (taken.length === 0) return;
          const effectIn = (one: PolicyModel, ask: Facts): string => evaluate(one, ask, allowEmpty).decision.effect;
          const asked = requests.filter(isRequest).map((facts) => {
            const ask = asSeen(facts);
            return { ask, was: effectIn(model, ask) };
          });
          for (const some of taken) {
            const after = without(model, some);
            for (const { ask, was } of asked)
              assert.equal(effectIn(after, ask), was, JSON.stringify(some.map(({ rule }) => rule)));
          }
        },
      ),
      { numRuns: MODELS, seed: SEED, endOnFailure: true },
    );
    for (const [why, count] of Object.entries(seen)) assert.ok(count >= MODELS / 100, `${count} times ${why}`);
  });

  it(`leave no difference behind (${Math.ceil(MODELS / 4)} models)`, () => {
    let asked = 0;
    fc.assert(
      fc.property(arbitraryModelOfAll, (given) => {
        const model = enforced(withAddresses(fewer(given)));
        const found = findIdle(model.planes, model.absence).idle.map(({ one }) => one);
        if (found.length === 0) return;
        asked++;
        assert.deepEqual(differences(model, without(model, found)), []);
      }),
      { numRuns: Math.ceil(MODELS / 4), seed: SEED, endOnFailure: true },
    );
    assert.ok(asked > MODELS / 20, `${asked} models had some`);
  });
});

/** All planes decide, and no two policies have one name. */
const enforced = (model: PolicyModel): PolicyModel => ({
  ...model,
  planes: model.planes.map(
    (plane): Plane => ({
      ...plane,
      mode: 'enforce',
      stages: plane.stages.map((stage, i) => named(stage, `${plane.id}-${i}`)),
    }),
  ),
});

const named = (stage: Stage, name: string): Stage =>
  stage.kind === 'transport' || stage.kind === 'token'
    ? stage
    : {
        ...stage,
        policies: stage.policies.map((one) => ({ ...one, ref: { ...one.ref, name: `${name}-${one.ref.name}` } })),
      };

/** Others come from no network, or never get as far as policies; a server's name is of visible characters, lower-case. */
const isRequest = ({ protocol, path, host, destinationPort, ipProtocol, sni }: Facts): boolean =>
  destinationPort > 0 &&
  (sni === undefined || /^[!-@[-~]+$/.test(sni)) &&
  (protocol === 'tcp' || (ipProtocol === 6 && (path?.startsWith('/') ?? false) && !!host));

/** A connection has nothing of HTTP. */
const asSeen = (facts: Facts): Facts =>
  facts.protocol === 'http'
    ? facts
    : { ...facts, method: '', path: undefined, host: undefined, header: () => [], claim: () => [] };

/** Pairs of classes between which something passes in one of two models alone, over one space. */
function differences(...models: readonly [PolicyModel, PolicyModel]): (readonly [from: number, to: number])[] {
  const classes = universeClasses(models.map((model) => ({ model, trustDomain, workloads: [] })));
  const residents = models.map((_, i) => classes.map((one) => one.residents[i]));
  const space = spaceOf(
    models.flatMap(({ planes }) => planes),
    residents.flat(),
  );
  const { diagrams } = space;
  const [is, was] = models.map((model, i) =>
    createPairs(createWorld(model, model.planes, residents[i]!, space), residents[i]!, space, false),
  ) as [Pairs, Pairs]; // as many as models
  return classes.flatMap((_, from) =>
    classes.flatMap(({ outside }, to) => {
      if (outside !== undefined) return [];
      const [one, other] = [is.regionOf(from, to), was.regionOf(from, to)];
      const either = diagrams.or(diagrams.minus(one, other), diagrams.minus(other, one));
      return either === NONE ? [] : [[from, to] as const];
    }),
  );
}

/** The same model without some rules; in every plane, as a document would lose them. */
function without(model: PolicyModel, rules: readonly StandingRule[]): PolicyModel {
  const names = new Set(rules.map(({ policy, rule }) => JSON.stringify([policy.ref, rule.index])));
  const of = (stage: Stage): Stage =>
    stage.kind === 'transport' || stage.kind === 'token'
      ? stage
      : {
          ...stage,
          policies: stage.policies.map((policy) => ({
            ...policy,
            rules: policy.rules.filter(({ index }) => !names.has(JSON.stringify([policy.ref, index]))),
          })),
        };
  return { ...model, planes: model.planes.map((plane) => ({ ...plane, stages: plane.stages.map(of) })) };
}

/** Rules by the dozen, each of other conditions on the same headers, take time and show no more. */
function fewer(model: PolicyModel): PolicyModel {
  const of = (stage: Stage): Stage =>
    stage.kind === 'transport' || stage.kind === 'token'
      ? stage
      : { ...stage, policies: stage.policies.slice(0, 3).map((one) => ({ ...one, rules: one.rules.slice(0, 4) })) };
  return { ...model, planes: model.planes.map((plane) => ({ ...plane, stages: plane.stages.map(of) })) };
}
