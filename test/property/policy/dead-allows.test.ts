import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { RequestForm } from '../../../src/admin-api/request-form.ts';
import { createAsker } from '../../../src/analysis/lint/scene/asker.ts';
import { unguarded } from '../../../src/authz/question.ts';
import { lintedOf } from '../../support/lint-world.ts';
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
const WORLDS = Number(process.env['PROOFS'] ?? 25);
/** The same worlds every time; `PROOFS_SEED=N` for others, as the long run takes. */
const SEED = Number(process.env['PROOFS_SEED'] ?? 1);

/** The port that every pod of the registry says it has. */
const LISTENS = 8_080;

const callerOf = ({ source }: RequestForm): string => source?.principal?.split('/').at(-1) ?? '';
const portOf = ({ destination }: RequestForm): number => destination?.port ?? 0;

describe('what layer 7 allows and the network never lets through', () => {
  it(`is told of just those callers and ports of whom no request passes (${WORLDS} worlds)`, () => {
    const seen = { callers: 0, ports: 0, silent: 0 };
    fc.assert(
      fc.property(
        fc.array(arbitraryTiered, { minLength: 1, maxLength: 4 }),
        arbitraryIstio.filter(({ callers }) => callers !== null),
        (tiered, made) => {
          const rule = { ...made, action: 'ALLOW' as const };
          const { findings, model } = lintedOf([tier, ...tiered.map(tieredDocument), istioDocument(rule, 0)], registry);
          const found = findings.filter(({ code }) => code === 'l7-allow-l4-deny');
          const ask = createAsker(model, unguarded);
          // That of the pods, which no policy names, stands for all others too.
          const more = everyRequest.filter((form) => portOf(form) === 90).map((form) => atPort(form, LISTENS));
          const asked = [...everyRequest, ...more].map((form) => {
            const { decisions } = ask.replay(form, 'istio', 'l4');
            return { form, is: decisions.get('istio')?.effect, through: decisions.get('l4')?.effect };
          });
          // A rule without ports means those at which the pod listens.
          const isMeant = ({ form }: (typeof asked)[number]) => rule.ports !== null || portOf(form) === LISTENS;
          const allowed = asked.filter((each) => each.is === 'allow' && isMeant(each));
          const passing = allowed.filter(({ through }) => through === 'allow');
          const of = <T>(some: typeof asked, what: (form: RequestForm) => T): Set<T> =>
            new Set(some.map(({ form }) => what(form)));
          const lost = [...of(allowed, callerOf)].filter((caller) => !of(passing, callerOf).has(caller));
          const named = rule.ports ?? [];
          const open = of(passing, portOf);
          const shut =
            named.length < 2 || lost.length > 0
              ? []
              : named.filter((port) => !open.has(Number(port)) && of(allowed, portOf).has(Number(port)));
          const [one, ...others] = found;
          assert.deepEqual(others, []);
          if (lost.length > 0) seen.callers++;
          else if (shut.length > 0) seen.ports++;
          else seen.silent++;
          if (lost.length === 0 && shut.length === 0) assert.equal(one, undefined);
          else assert.ok(one?.witness, JSON.stringify({ lost, shut }));
          const names = [...(/lets (.*) ask /.exec(one?.message ?? '')?.[1] ?? '').matchAll(/shop\/(\w)/g)];
          assert.deepEqual(new Set(names.map(([, name]) => name)), new Set(lost));
          const ports = /in on port ([\d, ]+), where/.exec(one?.message ?? '')?.[1]?.split(', ') ?? [];
          assert.deepEqual(ports, shut);
        },
      ),
      { numRuns: WORLDS, seed: SEED, endOnFailure: true },
    );
    assert.ok(
      seen.callers >= WORLDS / 10 && seen.ports >= Math.floor(WORLDS / 100) && seen.silent >= WORLDS / 10,
      JSON.stringify(seen),
    );
  });
});

const atPort = (form: RequestForm, port: number): RequestForm => ({
  ...form,
  destination: { ...form.destination, port },
});
