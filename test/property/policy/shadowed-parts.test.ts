import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { RequestForm } from '../../../src/admin-api/request-form.ts';
import { findIdle } from '../../../src/analysis/lint/exact/find-idle.ts';
import { findParts, type ShadowedPart } from '../../../src/analysis/lint/exact/find-partly.ts';
import { placeInDocument } from '../../../src/analysis/lint/exact/standing-rules.ts';
import { createAsker } from '../../../src/analysis/lint/scene/asker.ts';
import type { Plane, PolicyModel, Rule } from '../../../src/policy/model.ts';
import { modelOf, pod, unguarded } from '../../support/lint-world.ts';

/** `PROOFS=10000` for the long run. */
const WORLDS = Number(process.env['PROOFS'] ?? 20);
/** The same worlds every time; `PROOFS_SEED=N` for others, as the long run takes. */
const SEED = Number(process.env['PROOFS_SEED'] ?? 1);

const apps = ['a', 'b', 'c'] as const;
const pods = apps.map((app, i) => ({ app, name: app, address: `10.0.${i}.1` }));
const registry = pods.map(({ name, address }) => pod(name, address));
const ports = [80, 81, 90] as const;
const some = <T>(all: readonly T[]) => fc.subarray([...all], { minLength: 1 });

const arbitraryRule = fc.record({
  action: fc.constantFrom('Allow', 'Deny', 'Pass'),
  callers: fc.option(some(apps)),
  nets: fc.option(some(['10.0.0.0/24', '10.0.0.0/16', '10.0.1.1/32'])),
  notNets: fc.option(some(['10.0.0.1/32'])),
  ports: fc.option(some([80, 81, '80:81', '81:90', 90])),
});
const arbitraryTiered = fc.record({
  tier: fc.constantFrom('sec', 'default'),
  order: fc.constantFrom(1, 2, 3),
  selects: fc.option(some(apps)),
  direction: fc.constantFrom('ingress', 'ingress', 'egress'),
  rules: fc.array(arbitraryRule, { minLength: 1, maxLength: 3 }),
});
const arbitraryIstio = fc.record({
  action: fc.constantFrom('ALLOW', 'DENY'),
  namespace: fc.constantFrom('shop', 'istio-system'),
  methods: fc.option(some(['GET', 'PUT'])),
  paths: fc.option(some(['/a*', '/a/b', '*b'])),
  ports: fc.option(some(['80', '81'])),
  callers: fc.option(some(apps)),
});
type Made<A> = A extends fc.Arbitrary<infer T> ? T : never;

const set = (values: readonly string[]): string => `app in { ${values.map((one) => `'${one}'`).join(', ')} }`;

const tieredDocument = (
  { tier, order, selects, direction, rules }: Made<typeof arbitraryTiered>,
  i: number,
): object => ({
  apiVersion: 'projectcalico.org/v3',
  kind: 'GlobalNetworkPolicy',
  metadata: { name: `p${i}` },
  spec: {
    ...{ tier, order, selector: selects === null ? 'all()' : set(selects) },
    types: [direction === 'egress' ? 'Egress' : 'Ingress'],
    [direction]: rules.map(({ action, callers, nets, notNets, ports: asked }) => ({
      ...{ action, protocol: 'TCP' },
      source: {
        ...(callers !== null && { selector: set(callers), namespaceSelector: 'all()' }),
        ...(nets !== null && { nets }),
        ...(notNets !== null && { notNets }),
      },
      destination: { ...(asked !== null && { ports: asked }) },
    })),
  },
});

const istioDocument = (
  { action, namespace, methods, paths, ports: asked, callers }: Made<typeof arbitraryIstio>,
  i: number,
): object => {
  const operation = {
    ...(methods !== null && { methods }),
    ...(paths !== null && { paths }),
    ...(asked !== null && { ports: asked }),
  };
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: `i${i}`, namespace },
    spec: {
      action,
      rules: [
        {
          ...(Object.keys(operation).length > 0 && { to: [{ operation }] }),
          ...(callers !== null && {
            from: callers.map((one) => ({ source: { principals: [`cluster.local/ns/shop/sa/${one}`] } })),
          }),
        },
      ],
    },
  };
};

const tier = { apiVersion: 'projectcalico.org/v3', kind: 'Tier', metadata: { name: 'sec' }, spec: { order: 1 } };

const everyRequest: readonly RequestForm[] = pods.flatMap((to) =>
  pods
    .filter((from) => from !== to)
    .flatMap((from) =>
      ports.flatMap((port) =>
        ['GET', 'PUT'].flatMap((method) =>
          ['/a/b', '/a', '/b', '/c'].map((path): RequestForm => {
            const principal = (name: string): string => `spiffe://cluster.local/ns/shop/sa/${name}`;
            return {
              source: { principal: principal(from.name), address: from.address, port: 40_000 },
              destination: { principal: principal(to.name), address: to.address, port },
              http: { method, path },
            };
          }),
        ),
      ),
    ),
);

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
