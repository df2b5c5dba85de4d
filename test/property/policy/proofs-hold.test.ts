import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type DiffSide, differenceOf } from '../../../src/analysis/proofs/diff/diff.ts';
import { proveTenants } from '../../../src/analysis/proofs/prove/prove.ts';
import type { Tenant } from '../../../src/analysis/proofs/prove/tenants.ts';
import { createReplay } from '../../../src/analysis/proofs/replay.ts';
import { BoundMet } from '../../../src/analysis/regions/bound.ts';
import { createAddressGiver, withAddresses } from '../../../src/analysis/universe/with-addresses.ts';
import { unguarded } from '../../../src/authz/question.ts';
import { evaluate } from '../../../src/policy/evaluate/evaluate.ts';
import type { PolicyModel, Stage } from '../../../src/policy/model.ts';
import type { Endpoint } from '../../../src/policy/registry/registry.ts';
import { plainFacts } from '../../support/plain-facts.ts';
import { arbitraryModelOfAll } from './arbitrary-model.ts';

/** `PROOFS=1000` for the long run. */
const MODELS = Number(process.env['PROOFS'] ?? 40);
/** The same models every time; `PROOFS_SEED=N` for others, as the long run takes. */
const SEED = Number(process.env['PROOFS_SEED'] ?? 1);
const ATTACKS = 60;

const trustDomain = 'cluster.local';
const tenant = (name: string, namespaces: readonly string[]): Tenant => ({
  ...{ name, namespaces, isolation: 'soft', shared: [], claims: undefined },
});
const tenants = [tenant('red', ['foo']), tenant('blue', ['bar', 'default'])];

const attack = fc.record({
  isInward: fc.boolean(),
  labels: fc.tuple(...[0, 1].map(() => fc.constantFrom<Endpoint['labels']>([], [['app', 'details']], [['app', 'x']]))),
  accounts: fc.tuple(...[0, 1].map(() => fc.constantFrom('a', 'b', 'details', 'x'))),
  isHttp: fc.boolean(),
  method: fc.constantFrom('GET', 'POST', 'get'),
  path: fc.constantFrom('/', '/a', '/a/b', '/x/y/z', '/aa'),
  port: fc.constantFrom(80, 8080, 81),
  h1: fc.array(fc.constantFrom('x', 'xy', ''), { maxLength: 2 }),
});

describe('a proof', () => {
  it(`holds whatever pods to come ask (${MODELS} models)`, () => {
    let proved = 0;
    fc.assert(
      fc.property(
        arbitraryModelOfAll,
        fc.array(attack, { minLength: ATTACKS, maxLength: ATTACKS }),
        (given, attacks) => {
          const model = withAddresses(fewer(given));
          const planes = model.planes.filter(({ mode }) => mode === 'enforce');
          const proofs = proofsOf(model);
          for (const { tenant: name, direction, scope, proved: is } of proofs) {
            if (!is || scope === 'today' || name !== 'red') continue;
            proved++;
            for (const each of attacks) {
              if (each.isInward !== (direction === 'in')) continue;
              assert.equal(isAllowed(model, planes, each), false, JSON.stringify(each));
            }
          }
        },
      ),
      { numRuns: MODELS, seed: SEED, endOnFailure: true },
    );
    assert.ok(proved > 0, 'nothing was proved');
  });

  function proofsOf(model: PolicyModel) {
    const planes = model.planes.filter(({ mode }) => mode === 'enforce');
    try {
      return proveTenants({
        side: { model, trustDomain, workloads: [] },
        ...{
          planes,
          tenants,
          allowEmpty: true,
          trustedHops: 0,
          only: undefined,
          believesForeigners: false,
          progress: () => {},
        },
        replayWith: (each) => createReplay({ ...each, planes }, unguarded, true),
      });
    } catch (thrown) {
      if (thrown instanceof BoundMet) return []; // said, not guessed
      throw thrown;
    }
  }
});

describe('a difference', () => {
  it('of a model from itself is empty, and of two models mirrors that of the other way', () => {
    fc.assert(
      fc.property(arbitraryModelOfAll, fc.nat(), (given, at) => {
        const model = withAddresses(fewer(given));
        const [a, b] = [sideOf(model), sideOf(without(model, at))];
        try {
          const same = differenceOf(a, a, () => {});
          assert.deepEqual([same.added, same.removed], [[], []]);
          const [there, back] = [differenceOf(a, b, () => {}), differenceOf(b, a, () => {})];
          const told = (changes: typeof there.added) => changes.map(({ from, to, boxes }) => [from.id, to.id, boxes]);
          assert.deepEqual(told(there.added), told(back.removed));
          assert.deepEqual(told(there.removed), told(back.added));
        } catch (thrown) {
          if (!(thrown instanceof BoundMet)) throw thrown; // said, not guessed
        }
      }),
      { numRuns: MODELS, seed: SEED, endOnFailure: true },
    );
  });
});

function sideOf(model: PolicyModel): DiffSide {
  const planes = model.planes.filter(({ mode }) => mode === 'enforce');
  const replay = createReplay({ ...model, planes }, unguarded, true);
  return { model, planes, trustDomain, workloads: [], allowEmpty: true, replay, trustedHops: 0 };
}

/** Few rules, and no tokens, metadata or server names: what a witness of them looks like is another test's. */
function fewer(model: PolicyModel): PolicyModel {
  const of = (stage: Stage): Stage =>
    stage.kind === 'transport' || stage.kind === 'token'
      ? { ...stage, policies: [] }
      : { ...stage, policies: stage.policies.slice(0, 3).map((one) => ({ ...one, rules: one.rules.slice(0, 3) })) };
  return { ...model, hops: [], planes: model.planes.map((plane) => ({ ...plane, stages: plane.stages.map(of) })) };
}

/** The model without one of its policies. */
function without(model: PolicyModel, at: number): PolicyModel {
  const all = model.planes.flatMap(({ stages }) => stages.flatMap(({ policies }) => policies as readonly object[]));
  const gone = all[at % Math.max(1, all.length)];
  const of = (stage: Stage): Stage =>
    stage.kind === 'transport' || stage.kind === 'token'
      ? stage
      : { ...stage, policies: stage.policies.filter((one) => one !== gone) };
  return { ...model, planes: model.planes.map((plane) => ({ ...plane, stages: plane.stages.map(of) })) };
}

type Attack = typeof attack extends fc.Arbitrary<infer T> ? T : never;

/** Asks with a pod to come of each tenant. */
function isAllowed(model: PolicyModel, planes: PolicyModel['planes'], each: Attack): boolean {
  const giver = createAddressGiver(model);
  const pod = (namespace: string, i: 0 | 1): Endpoint => ({
    ...{ namespace, name: `new-${i}`, serviceAccount: each.accounts[i]!, labels: each.labels[i]! },
    ...{ addresses: [giver.nextFor(namespace)], ports: [], hostNetwork: false },
  });
  const [from, to] = each.isInward ? [pod('default', 0), pod('foo', 1)] : [pod('foo', 0), pod('default', 1)];
  const registry = { ...model.registry!, endpoints: [...model.registry!.endpoints, from, to] };
  const idOf = ({ namespace, serviceAccount }: Endpoint): string =>
    `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
  const { namespace, serviceAccount, labels } = to;
  const facts = plainFacts({
    protocol: each.isHttp ? 'http' : 'tcp',
    destination: { spiffeId: idOf(to), namespace, serviceAccount, labels: new Map(labels) },
    ...{ destinationPort: each.port, sourcePrincipal: idOf(from), destinationPrincipal: idOf(to) },
    ...{ peerNames: [idOf(from)], source: from.addresses[0]!, address: to.addresses[0]! },
    method: each.isHttp ? each.method : '',
    path: each.isHttp ? each.path : undefined,
    host: each.isHttp ? 'a.com' : undefined,
    headers: each.isHttp ? { h1: each.h1 } : {},
  });
  return planes.every(
    (plane) =>
      evaluate({ ...model, registry, planes: [plane] }, facts, { allowEmpty: true }).decision.effect === 'allow',
  );
}
