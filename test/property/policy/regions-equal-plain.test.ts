import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createMap } from '../../../src/analysis/proofs/map/map.ts';
import { NONE } from '../../../src/analysis/regions/diagrams.ts';
import type { UniverseClass } from '../../../src/analysis/universe/universe.ts';
import { withAddresses } from '../../../src/analysis/universe/with-addresses.ts';
import { evaluate } from '../../../src/policy/evaluate/evaluate.ts';
import type { Facts } from '../../../src/policy/facts.ts';
import type { PolicyModel, Stage } from '../../../src/policy/model.ts';
import type { Endpoint } from '../../../src/policy/registry/registry.ts';
import { plainFacts } from '../../support/plain-facts.ts';
import { isInRegion } from '../../support/region-holds.ts';
import { arbitraryModelOfAll } from './arbitrary-model.ts';

/** `PROOFS=1000` for the long run. */
const MODELS = Number(process.env['PROOFS'] ?? 150);
/** The same models every time; `PROOFS_SEED=N` for others, as the long run takes. */
const SEED = Number(process.env['PROOFS_SEED'] ?? 1);
const REQUESTS = 40;

const allowEmpty = true;
const trustDomain = 'cluster.local';
const words = ['', 'x', 'xy', 'y', 'xyx'];
const lines = fc.array(fc.constantFrom(...words), { maxLength: 2 });

/** What a caller can write. */
const question = fc.record({
  from: fc.nat(),
  to: fc.nat(),
  member: fc.nat(),
  route: fc.nat(),
  certificate: fc.boolean(),
  transport: fc.constantFrom('http', 'http', 'http', 'tcp', 'udp', 'sctp'),
  method: fc.constantFrom('GET', 'POST', 'get', 'PUT'),
  path: fc.constantFrom('/', '/a', '/a/', '/a/b', '/a/b/c', '/a//b', '/x/y/z', '/a/[b]', '/aa'),
  host: fc.constantFrom('a.com', 'A.com', 'b.a.com', 'a.com:80', 'x'),
  port: fc.constantFrom(79, 80, 81, 8080, 8081, 1, 65_535),
  sni: fc.constantFrom(undefined, 'x', 'xy', 'y'),
  remote: fc.constantFrom('10.0.0.1', '10.0.1.1', '10.1.0.1', '192.0.2.7', 'fd00::1', 'fe80::1'),
  h1: lines,
  h2: lines,
  claim: lines,
});

describe('a region', () => {
  it(`holds the requests that the plain evaluator allows, and no others (${MODELS} models)`, () => {
    let allowed = 0;
    let asked = 0;
    fc.assert(
      fc.property(
        arbitraryModelOfAll,
        fc.array(question, { minLength: REQUESTS, maxLength: REQUESTS }),
        (given, questions) => {
          const model = withAddresses(fewer(given));
          const planes = model.planes.filter(({ mode }) => mode === 'enforce');
          const map = createMap({ side: { model, trustDomain, workloads: [] }, planes, allowEmpty });
          const called = map.classes.filter(({ outside }) => outside === undefined);
          if (called.length === 0) return;
          for (const each of questions) {
            const from = map.classes[each.from % map.classes.length]!;
            const to = called[each.to % called.length]!;
            const [source, destination] = [memberOf(from, each.member, model), memberOf(to, each.member + 1, model)];
            const [a, b] = [map.placeOf(from), map.placeOf(to)];
            const routes = routesOf(source?.addresses ?? [from.outside!.address], destination!.addresses);
            const route = each.route % routes.length;
            const ask = (): Facts => factsOf(each, source, destination!, routes[route]!);
            const want = planes.every(
              (plane) => evaluate({ ...model, planes: [plane] }, ask(), { allowEmpty }).decision.effect === 'allow',
            );
            const facts = ask();
            facts.verifyTokens([]);
            const region = map.pairs.regionOf(a, b);
            assert.equal(isInRegion(map.space, region, facts, route), want, JSON.stringify({ each, from, to }));
            assert.equal(region === NONE && want, false);
            asked++;
            if (want) allowed++;
          }
        },
      ),
      { numRuns: MODELS, seed: SEED, endOnFailure: true },
    );
    assert.ok(allowed > asked / 50 && allowed < asked * 0.98, `${allowed} of ${asked} were allowed`);
  });
});

/** Rules by the dozen, each of other conditions on the same headers, take time and show no more. */
function fewer(model: PolicyModel): PolicyModel {
  const of = (stage: Stage): Stage =>
    stage.kind === 'transport' || stage.kind === 'token'
      ? stage
      : { ...stage, policies: stage.policies.slice(0, 3).map((one) => ({ ...one, rules: one.rules.slice(0, 3) })) };
  return { ...model, planes: model.planes.map((plane) => ({ ...plane, stages: plane.stages.map(of) })) };
}

type Question = typeof question extends fc.Arbitrary<infer T> ? T : never;

function memberOf({ members }: UniverseClass, at: number, model: { registry?: { endpoints: readonly Endpoint[] } }) {
  const name = members[at % Math.max(1, members.length)];
  return model.registry?.endpoints.find((each) => `${each.namespace}/${each.name}` === name);
}

/** As the analysis numbers them: pairs of one family, or all if there is none. */
function routesOf(
  own: readonly string[],
  others: readonly string[],
): (readonly [string | undefined, string | undefined])[] {
  const from = own.length === 0 ? [undefined] : own;
  const to = others.length === 0 ? [undefined] : others;
  const all = from.flatMap((a) => to.map((b) => [a, b] as const));
  const alike = all.filter(([a, b]) => a?.includes(':') === b?.includes(':'));
  return alike.length > 0 ? alike : all;
}

function factsOf(
  each: Question,
  source: Endpoint | undefined,
  destination: Endpoint,
  [address, goal]: readonly [string | undefined, string | undefined],
): Facts {
  const idOf = ({ namespace, serviceAccount }: Endpoint): string =>
    `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
  const principal = source !== undefined && each.certificate ? idOf(source) : '';
  const isHttp = each.transport === 'http';
  const isTcp = isHttp || each.transport === 'tcp';
  const { namespace, serviceAccount, labels } = destination;
  let isVerified = false;
  const facts = plainFacts({
    protocol: isHttp ? 'http' : 'tcp',
    destination: {
      ...{ spiffeId: idOf(destination), namespace, serviceAccount },
      labels: labels.length === 0 ? undefined : new Map(labels),
    },
    destinationPort: each.port,
    ipProtocol: isTcp ? 6 : each.transport === 'udp' ? 17 : 132,
    sourcePrincipal: principal,
    destinationPrincipal: idOf(destination),
    peerNames: principal === '' ? [] : [principal],
    ...(address !== undefined && { source: address, remote: address }),
    ...(isHttp && { remote: each.remote }),
    ...(goal !== undefined && { address: goal }),
    method: isHttp ? each.method : '',
    path: isHttp ? each.path : undefined,
    host: isHttp ? each.host : undefined,
    sni: isTcp ? each.sni : undefined,
    headers: isHttp ? { h1: each.h1, h2: each.h2 } : {},
  });
  return {
    ...facts,
    claim: () => (isHttp && isVerified ? each.claim : []), // a token says nothing before it was verified
    verifyTokens: () => {
      isVerified = true;
      return { accepted: true };
    },
  };
}
