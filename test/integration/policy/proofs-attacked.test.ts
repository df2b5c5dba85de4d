import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { RequestForm } from '../../../src/admin-api/request-form.ts';
import type { Proof } from '../../../src/analysis/proofs/prove/proof.ts';
import { proveTenants } from '../../../src/analysis/proofs/prove/prove.ts';
import { type Tenant, tenantOf } from '../../../src/analysis/proofs/prove/tenants.ts';
import { createReplay } from '../../../src/analysis/proofs/replay.ts';
import { createAddressGiver } from '../../../src/analysis/universe/with-addresses.ts';
import { loadConfig } from '../../../src/config/read-config.ts';
import { createLabelIndex } from '../../../src/policy/registry/effective-labels.ts';
import { type Endpoint, emptyRegistry } from '../../../src/policy/registry/registry.ts';
import { type ProofSide, proofSide } from '../../../src/server/policy/proof-side.ts';
import { proofTenants } from '../../../src/server/policy/proof-tenants.ts';
import { createRandom, type Random } from '../../fuzz/random.ts';
import { tempDir } from '../../support/temp-dir.ts';

interface Recorded {
  readonly family: string;
  readonly rootNamespace: string;
  readonly tenants: Readonly<Record<string, object>>;
  readonly registry: string;
  readonly policies: string;
}

const recorded = JSON.parse(
  gunzipSync(readFileSync('test/fixtures/isolation-verdicts.json.gz')).toString(),
) as readonly Recorded[]; // recorded so

/** Of each proof; `PROOFS=1000` makes it the whole. */
const ATTACKS = process.env['PROOFS'] === undefined ? 250 : 10_000;
/** The same attacks every time; `PROOFS_SEED=N` for others, as the long run takes. */
const SEED = Number(process.env['PROOFS_SEED'] ?? 1);
/** Pods to come of each namespace at a time. */
const PODS = 8;

const labels: readonly (readonly [key: string, values: readonly string[]])[] = [
  ['app', ['web', 'api', 'job', 'other', 'x-1']],
  ['tier', ['front', 'back', 'other']],
  ['team', ['red', 'blue']],
];

function podToCome(random: Random, namespace: string, name: string, address: string): Endpoint {
  return {
    ...{ namespace, name, addresses: [address], ports: [], hostNetwork: false },
    serviceAccount: random.pick(['sa-a', 'sa-b', 'sa-z', 'default', 'other']),
    labels: labels.flatMap(([key, values]) => (random.once(3) ? [] : [[key, random.pick(values)] as const])),
  };
}

function requestOf(
  random: Random,
  from: Endpoint,
  to: Endpoint,
  trustDomain: string,
  showsAlways: boolean,
): RequestForm {
  const idOf = ({ namespace, serviceAccount }: Endpoint) =>
    `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
  const isHttp = random.once(2);
  const protocol = isHttp ? 'TCP' : random.pick(['TCP', 'UDP', 'SCTP'] as const);
  const port = random.once(2) ? random.pick([80, 443, 5353, 8080, 9090]) : 1 + random.below(65_535);
  return {
    ...(protocol !== 'TCP' && { protocol }),
    source: {
      ...((showsAlways || random.once(2)) && { principal: idOf(from) }),
      address: from.addresses[0]!, // each was given one
    },
    destination: {
      ...{ principal: idOf(to), address: to.addresses[0]!, port },
      ...(to.labels.length > 0 && { labels: Object.fromEntries(to.labels) }),
    },
    ...(isHttp && {
      http: {
        method: random.pick(['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS']),
        path: random.pick(['/', '/x', '/api', '/api/v1', '/admin/x', '/healthz', '/public/a/b']),
        host: random.pick(['x', 'web.red-1', 'api.example.com']),
      },
    }),
  };
}

/** Attacks one proof; the first request that passes is told. */
function attack(side: ProofSide, tenants: readonly Tenant[], proof: Proof, random: Random): string | undefined {
  const { model, options, allowEmpty, trustDomain } = side;
  const registry = model.registry ?? emptyRegistry;
  const index = createLabelIndex(registry);
  const namespaces = [...new Set(registry.namespaces.map(({ name }) => name))];
  const isOwn = (namespace: string): boolean =>
    tenantOf(tenants, namespace, index.ofNamespace(namespace))?.name === proof.tenant;
  const isHard = tenants.find(({ name }) => name === proof.tenant)?.isolation === 'hard';
  for (let done = 0; done < ATTACKS; ) {
    const giver = createAddressGiver(model);
    const coming =
      proof.scope === 'today'
        ? []
        : namespaces.flatMap((namespace) =>
            Array.from({ length: PODS }, (_, i) => podToCome(random, namespace, `new-${i}`, giver.nextFor(namespace))),
          );
    const pods = [...registry.endpoints, ...coming];
    const replay = createReplay({ ...model, registry: { ...registry, endpoints: pods } }, options, allowEmpty);
    const [own, others] = [pods.filter((one) => isOwn(one.namespace)), pods.filter((one) => !isOwn(one.namespace))];
    if (own.length === 0 || others.length === 0) return undefined;
    for (let i = 0; i < 250; i++, done++) {
      const [from, to] =
        proof.direction === 'in' ? [random.pick(others), random.pick(own)] : [random.pick(own), random.pick(others)];
      const request = requestOf(random, from, to, trustDomain, !isHard);
      if (replay({ request })?.effect === 'allow') return JSON.stringify({ from, to, request });
    }
  }
  return undefined;
}

describe(`a proof, attacked with ${ATTACKS} random requests from random pods`, function () {
  this.timeout(3_600_000);
  for (const isolation of ['soft', 'hard'])
    it(`holds in forty worlds (${isolation})`, async () => {
      let [attacked, open, found] = [0, 0, 0];
      for (const [i, world] of recorded.entries()) {
        await using dir = await tempDir();
        writeFileSync(dir.at('policies.yaml'), world.policies);
        writeFileSync(dir.at('registry.yaml'), world.registry);
        const tenants = Object.fromEntries(
          Object.entries(world.tenants).map(([name, of]) => [name, { ...of, isolation }]),
        );
        const config = {
          trustDomain: 'cluster.local',
          policies: {
            paths: ['policies.yaml'],
            rootNamespace: world.rootNamespace,
            planes: { calico: 'off', l4: 'enforce' },
          },
          registry: { paths: ['registry.yaml'] },
          tenants,
        };
        writeFileSync(dir.at('gatehouse.yaml'), JSON.stringify(config));
        const read = loadConfig(dir.at('gatehouse.yaml'));
        const side = proofSide(read, undefined);
        const own = proofTenants(read, side.model.registry);
        const { planes, allowEmpty, options, believesForeigners } = side;
        const proofs = proveTenants({
          ...{ side, planes, allowEmpty, believesForeigners, tenants: own, only: undefined },
          trustedHops: options.trustedHops,
          replayWith: (model) => createReplay(model, options, allowEmpty),
          progress: () => {},
        });
        for (const proof of proofs) {
          if (!proof.proved) {
            open += 1;
            if (attack(side, own, { ...proof, scope: 'future' }, createRandom(SEED)) !== undefined) found += 1;
            continue;
          }
          attacked += 1;
          const passed = attack(side, own, proof, createRandom(SEED * 1_000 + i));
          assert.equal(passed, undefined, `world ${i}, ${proof.tenant} ${proof.direction}, ${proof.scope}`);
        }
      }
      assert.ok(
        attacked > 10 && found * 2 > open,
        `${attacked} attacked, ${found} of ${open} that are open were found so`,
      );
    });
});
