import assert from 'node:assert/strict';
import { createLintScene } from '../../../src/analysis/lint/scene/lint-scene.ts';
import type { PlacedRule } from '../../../src/analysis/lint/scene/placed-rule.ts';
import { findUnmet, type UnmetRule } from '../../../src/analysis/lint/unmet/find-unmet.ts';
import { createReading } from '../../../src/analysis/proofs/reading.ts';
import { evaluate } from '../../../src/policy/evaluate/evaluate.ts';
import type { Facts } from '../../../src/policy/facts.ts';
import type { Plane, Policy, PolicyModel, Rule, RuleStage } from '../../../src/policy/model.ts';
import { createOwnerIndex } from '../../../src/policy/owners.ts';
import { type Endpoint, emptyRegistry } from '../../../src/policy/registry/registry.ts';
import { Chance } from '../../reference/calico-random.ts';
import { type Asked as RandomRequest, randomRequest } from './random-requests.ts';
import { sideOfDocuments } from './read-world.ts';
import { worldDocuments } from './world-documents.ts';

/** `PROOFS=1000` for the long run. */
const WORLDS = Number(process.env['PROOFS'] ?? 150);
/** The same worlds every time; `PROOFS_SEED=N` for others, as the long run takes. */
const SEED = Number(process.env['PROOFS_SEED'] ?? 1);
/** Of each pair of workloads. */
const REQUESTS = process.env['PROOFS'] === undefined ? 4 : 12;

/** Worlds in which a denial that read what is absent strictly was told as unmet. */
const differed = [700_343];

interface Tally {
  whole: number;
  parts: number;
  readonly by: Map<string, number>;
  asked: number;
}

describe('a rule that no workload of today meets', () => {
  it(`can go, and what is unmet can say the opposite: no request between workloads is decided otherwise (${WORLDS} worlds, seed ${SEED})`, function () {
    this.timeout(24 * 3_600_000);
    const tally: Tally = { whole: 0, parts: 0, by: new Map(), asked: 0 };
    for (const seed of differed) judge(seed, tally);
    for (let i = 0; i < WORLDS; i++) judge(SEED * 100_000 + i, tally);
    const by = Object.fromEntries(tally.by);
    if (process.env['PROOFS'] !== undefined) console.log(JSON.stringify({ ...tally, by }));
    assert.ok(tally.whole > WORLDS / 20, JSON.stringify({ ...tally, by }));
    if (process.env['PROOFS_SEED'] !== undefined && WORLDS < 1000) return; // a few other worlds need not show every reason
    assert.ok(tally.parts > 0);
    for (const reason of ['labels', 'names', 'ports']) assert.ok((by[reason] ?? 0) > 0, JSON.stringify(by));
  });
});

function judge(seed: number, tally: Tally): void {
  const chance = new Chance(seed + 1);
  const { model: written, options, trustDomain } = sideOfDocuments(worldDocuments(seed));
  const model: PolicyModel = {
    ...written,
    planes: written.planes.map((plane): Plane => ({ ...plane, mode: 'enforce' })),
  };
  const ownerOf = createOwnerIndex(model.registry, []);
  const scene = createLintScene({ model, strict: model, options, trustDomain, ownerOf });
  const { unmet, unanswered } = findUnmet(scene);
  assert.deepEqual(unanswered, []);
  if (unmet.length === 0) return;
  const read = createReading(options);
  const { endpoints } = model.registry ?? emptyRegistry;
  const asked = endpoints.flatMap((from) =>
    endpoints.flatMap((to) =>
      from === to || to.hostNetwork // no policy acts there
        ? []
        : Array.from({ length: REQUESTS }, () =>
            askedOf(randomRequest(chance, resident(from, trustDomain), resident(to, trustDomain)), to),
          ),
    ),
  );
  const verdicts = (of: PolicyModel): readonly string[] => asked.map((one) => verdict(of, read(one))); // facts are good until the next ones
  const was = verdicts(model);
  const agree = (other: PolicyModel, what: UnmetRule, of: typeof what.parts): void => {
    const byPorts = of.some(({ by }) => by === 'ports');
    for (const [i, is] of verdicts(other).entries()) {
      if (byPorts && asked[i]?.isDeclared === false) continue; // it is unmet by what the pods say of their ports
      tally.asked++;
      assert.equal(is, was[i], told(seed, what, asked[i]));
    }
  };
  for (const rule of unmet) {
    if (rule.isWhole) {
      tally.whole++;
      agree(
        edited(model, rule.placed, () => []),
        rule,
        rule.parts,
      );
    } else tally.parts++;
    for (const part of rule.parts) {
      tally.by.set(part.by, (tally.by.get(part.by) ?? 0) + 1);
      agree(
        edited(model, rule.placed, (one, kind) => [turned(one, part.alternative, kind), one]),
        rule,
        [part],
      );
    }
  }
}

interface Asked extends Pick<RandomRequest, 'request' | 'claims'> {
  /** The pod says that it listens there. */
  readonly isDeclared: boolean;
}

const askedOf = ({ request, claims }: RandomRequest, { ports, behind = [] }: Endpoint): Asked => ({
  request,
  ...(claims && { claims }),
  isDeclared: [...ports, ...behind].some(({ port }) => port === request.destination?.port),
});

const resident = (endpoint: Endpoint, trustDomain: string) => ({
  endpoint,
  principal: `spiffe://${trustDomain}/ns/${endpoint.namespace}/sa/${endpoint.serviceAccount}`,
  addresses: endpoint.addresses,
});

/** What each plane says. */
function verdict({ planes, ...model }: PolicyModel, facts: Facts | undefined): string {
  assert.ok(facts);
  const each = planes.map((plane) => evaluate({ ...model, planes: [plane] }, facts, { allowEmpty: true }).decision);
  return each.map(({ effect }) => effect).join();
}

/** What is unmet, as a rule that would change something: the opposite where the first counts, else what its stage does. */
function turned(rule: Rule, alternative: UnmetRule['parts'][number]['alternative'], kind: RuleStage['kind']): Rule {
  const asks: Rule['http'] = { op: 'all', of: alternative };
  const opposite = rule.effect === 'allow' ? 'deny' : 'allow';
  const effect = kind === 'first-match' ? opposite : rule.effect;
  return { ...rule, effect, http: asks, tcp: rule.tcp && asks };
}

/** The same model with other rules in the place of one, wherever it stands. */
function edited(
  model: PolicyModel,
  { policy, rule }: PlacedRule,
  edit: (rule: Rule, kind: RuleStage['kind']) => readonly Rule[],
): PolicyModel {
  const isIt = (of: Policy, one: Rule): boolean =>
    of.ref.kind === policy.ref.kind &&
    of.ref.name === policy.ref.name &&
    of.ref.namespace === policy.ref.namespace &&
    one.index === rule.index &&
    JSON.stringify(one.position) === JSON.stringify(rule.position);
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
                policies: stage.policies.map((of) => ({
                  ...of,
                  rules: of.rules.flatMap((one) => (isIt(of, one) ? edit(one, stage.kind) : [one])),
                })),
              },
        ),
      }),
    ),
  };
}

const told = (seed: number, { placed, isWhole, parts }: UnmetRule, asked: Asked | undefined): string =>
  JSON.stringify({
    seed,
    ...asked,
    rule: placed.rule,
    of: placed.policy.ref,
    isWhole,
    why: parts.map(({ why }) => why),
  });
