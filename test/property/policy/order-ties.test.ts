import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { RequestForm } from '../../../src/admin-api/request-form.ts';
import { createAsker } from '../../../src/analysis/lint/scene/asker.ts';
import { unguarded } from '../../../src/authz/question.ts';
import type { PolicyModel } from '../../../src/policy/model.ts';
import { lintedOf, modelOf, pod } from '../../support/lint-world.ts';

/** `PROOFS=10000` for the long run. */
const WORLDS = Number(process.env['PROOFS'] ?? 40);
/** The same worlds every time; `PROOFS_SEED=N` for others, as the long run takes. */
const SEED = Number(process.env['PROOFS_SEED'] ?? 1);

const apps = ['a', 'b', 'c'] as const;
const pods = apps.flatMap((app, i) =>
  ['x', 'y'].map((role, j) => ({ app, role, address: `10.0.${i}.${j + 1}`, name: `${app}-${role}` })),
);
const registry = pods.map(({ app, role, name, address }) => pod(name, address, { app, role }));
const ports = [80, 81] as const;
const selectors = [
  'all()',
  ...apps.flatMap((app) => [`app == '${app}'`, `app != '${app}'`]),
  "role == 'x'",
  "app in { 'a', 'b' } && role == 'y'",
];

const arbitraryRule = fc.record({
  action: fc.constantFrom('Allow', 'Deny', 'Pass'),
  caller: fc.constantFrom(...selectors),
  port: fc.option(fc.constantFrom(...ports)),
});
const arbitraryPolicy = fc.record({
  namespace: fc.constantFrom('', 'shop'),
  order: fc.constantFrom(1, 2, undefined),
  selector: fc.constantFrom(...selectors),
  rules: fc.array(arbitraryRule, { minLength: 1, maxLength: 3 }),
});
type Made = typeof arbitraryPolicy extends fc.Arbitrary<infer T> ? T : never;

const documentOf = ({ namespace, order, selector, rules }: Made, name: string): object => ({
  apiVersion: 'projectcalico.org/v3',
  kind: namespace === '' ? 'GlobalNetworkPolicy' : 'NetworkPolicy',
  metadata: { name, ...(namespace !== '' && { namespace }) },
  spec: {
    ...(order !== undefined && { order }),
    selector,
    ingress: rules.map(({ action, caller, port }) => ({
      action,
      protocol: 'TCP',
      source: { selector: caller, ...(namespace === '' && { namespaceSelector: 'all()' }) },
      ...(port !== null && { destination: { ports: [port] } }),
    })),
  },
});

/** What the plain evaluator says, of the network. */
function effectsOf(model: PolicyModel): (form: RequestForm) => string | undefined {
  const ask = createAsker(model, unguarded);
  const all = new Set(
    model.planes.flatMap(({ stages }) =>
      stages.flatMap((stage) => (stage.kind === 'transport' || stage.kind === 'token' ? [] : stage.policies)),
    ),
  );
  return (form) => ask.traceNetwork(form, all)?.decision.effect;
}

const everyRequest: readonly RequestForm[] = pods.flatMap((to) =>
  pods.flatMap((from) =>
    from === to
      ? []
      : ports.map((port) => ({
          source: {
            principal: `spiffe://cluster.local/ns/shop/sa/${from.name}`,
            address: from.address,
            port: 40_000,
          },
          destination: { principal: `spiffe://cluster.local/ns/shop/sa/${to.name}`, address: to.address, port },
          http: { method: 'GET', path: '/' },
        })),
  ),
);

describe('ties of order', () => {
  it(`hang on the names, and what is no tie does not (${WORLDS} worlds)`, () => {
    const seen = { shown: 0, unshown: 0, silent: 0 };
    fc.assert(
      fc.property(fc.array(arbitraryPolicy, { minLength: 2, maxLength: 4 }), (policies) => {
        const names = policies.map((_, i) => `p${i}`);
        const build = (given: readonly string[]) => policies.map((one, i) => documentOf(one, given[i]!));
        const { findings, model } = lintedOf(build(names), registry);
        const ties = findings.filter(({ code }) => code === 'order-tie');
        const was = effectsOf(model);
        const swapped = (a: number, b: number) =>
          effectsOf(modelOf(build(names.with(a, names[b]!).with(b, names[a]!)), registry));
        for (const { witness, message, severity } of ties) {
          const [later, first] = [...message.matchAll(/NetworkPolicy (?:shop\/)?p(\d)/g)].map(([, i]) => Number(i));
          if (witness === null && severity === 'warning') seen.unshown++;
          if (witness === null) continue;
          seen.shown++;
          assert.equal(severity, 'warning');
          const form = witness.request;
          assert.notEqual(swapped(first!, later!)(form), was(form), message);
        }
        const told = new Set(ties.map(({ file }) => Number.parseInt(file, 10)));
        for (const later of names.keys()) {
          if (told.has(later)) continue;
          for (const first of names.keys()) {
            if (first >= later || policies[first]!.order !== policies[later]!.order) continue;
            // Pass is told only where a pod of today shows it, by the rules that clash first.
            if ([first, later].some((i) => policies[i]!.rules.some(({ action }) => action === 'Pass'))) continue;
            seen.silent++;
            const would = swapped(first, later);
            // What stands between the two may come to count with them: then it is told of that one.
            if (names.some((_, i) => first < i && i < later && policies[i]!.order === policies[later]!.order)) continue;
            for (const form of everyRequest) assert.equal(would(form), was(form), JSON.stringify(form));
          }
        }
      }),
      { numRuns: WORLDS, seed: SEED, endOnFailure: true },
    );
    assert.ok(seen.unshown < WORLDS / 10, JSON.stringify(seen));
    assert.ok(seen.shown >= WORLDS / 20 && seen.silent >= WORLDS / 10, JSON.stringify(seen));
  });
});
