import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { systemClock } from '../../../src/lib/clock.ts';
import { openStoredTexts, type StoredTexts } from '../../../src/platform/storage/stored-texts.ts';
import { Compilations } from '../../../src/policy/compile/compilations.ts';
import { compileSnapshot } from '../../../src/policy/compile/compile-snapshot.ts';
import { usualDialect } from '../../../src/policy/dialects/contribution.ts';
import { registryKinds } from '../../../src/policy/dialects/kubernetes/registry-readers.ts';
import type { PolicyModel } from '../../../src/policy/model.ts';
import type { Snapshot } from '../../../src/policy/snapshot.ts';
import { lastGoodIn } from '../../../src/policy/sources/last-good-store.ts';
import { openPolicySources, type PolicyLoad, type PolicySources } from '../../../src/policy/sources/policy-sources.ts';
import { plainFacts } from '../../support/plain-facts.ts';

interface Pod {
  readonly name: string;
  readonly ip: string;
  readonly role: string;
}

const podsText = (pods: readonly Pod[]): string =>
  pods
    .map(({ name, ip, role }) =>
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: 'default', labels: { role } },
        spec: { serviceAccountName: 'caller', containers: [{ name: 'c', image: 'i' }] },
        status: { phase: 'Running', podIP: ip },
      }),
    )
    .join('\n---\n');

/** Of all the pods those of one role may ask, and of these those of another must not. */
const byRole = `apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { name: by-role, namespace: default }
spec:
  selector: all()
  types: [Ingress]
  ingress:
  - { action: Deny, source: { selector: role == 'banned' } }
  - { action: Allow, source: { nets: [10.9.0.0/16] } }
  - { action: Allow, source: { selector: role == 'front' } }
`;
const rules = (count: number, denied: string): string =>
  Array.from(
    { length: count },
    (_, i) =>
      `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: { name: p${i}, namespace: default }\nspec: { action: DENY, rules: [{ to: [{ operation: { paths: ['/${i === count >> 1 ? denied : i}'] } }] }] }\n`,
  ).join('---\n');

const options = {
  ...usualDialect,
  absence: 'upstream',
  planes: { calico: 'enforce', l4: 'enforce' },
} as const;

describe('sources of which much changes', () => {
  let root: string;
  let texts: StoredTexts;
  let sources: PolicySources;
  let snapshot: Snapshot;
  /** Everything that came into force, in order. */
  let loads: PolicyLoad[];
  const at = (...parts: string[]): string => join(root, ...parts);
  const put = (name: string, text: string): void => {
    writeFileSync(at(`${name}.new`), text);
    renameSync(at(`${name}.new`), at(name));
  };
  const compileAnew = (model: PolicyModel): Snapshot => compileSnapshot(model, { allowEmpty: false });

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'busy-'));
    for (const name of ['policies', 'registry', 'data']) mkdirSync(at(name));
    texts = openStoredTexts(at('data'));
  });
  afterEach(async () => {
    await sources[Symbol.asyncDispose]();
    texts[Symbol.dispose]();
    rmSync(root, { recursive: true, force: true });
  });

  /** Opens the sources; what comes into force is compiled as a decider compiles it. `look` sees each of it. */
  async function start(look: (now: Snapshot, load: PolicyLoad) => void = () => {}): Promise<void> {
    sources = await openPolicySources(
      { ...options, paths: [{ path: at('policies') }, { path: at('registry'), kinds: registryKinds }] },
      { clock: systemClock, lastGood: lastGoodIn(texts) },
    );
    const compilations = new Compilations();
    loads = [];
    const take = (load: PolicyLoad): void => {
      if (loads.at(-1)?.generation !== load.generation)
        snapshot = compileSnapshot(load.model, { allowEmpty: false, compilations });
      loads.push(load);
      look(snapshot, load);
    };
    sources.current.subscribe(take);
    take(sources.current.value);
  }

  const until = (wanted: (load: PolicyLoad) => boolean): Promise<PolicyLoad> =>
    new Promise((resolve) => {
      if (wanted(sources.current.value)) return resolve(sources.current.value);
      const stop = sources.current.subscribe((load) => {
        if (!wanted(load)) return;
        stop();
        resolve(load);
      });
    });
  const says = (of: Snapshot, source: string, path = '/'): string => of.decide(plainFacts({ source, path })).effect;
  const podsIn = ({ model }: PolicyLoad): ReadonlyMap<string, string> =>
    new Map(model.registry?.endpoints.map(({ name, labels }) => [name, Object.fromEntries(labels)['role'] ?? '']));

  it('follow a pod that flaps ten times a second, never a step behind what they have read', async () => {
    const others = Array.from({ length: 300 }, (_, i) => ({ name: `p${i}`, ip: `10.0.1.${i % 250}`, role: 'other' }));
    const flapping = (role: string): string => podsText([...others, { name: 'flap', ip: '10.0.0.9', role }]);
    writeFileSync(at('policies', 'a.yaml'), byRole);
    writeFileSync(at('registry', 'pods.json'), flapping('front'));
    await start((now, load) => {
      assert.equal(says(now, '10.0.0.9'), podsIn(load).get('flap') === 'front' ? 'allow' : 'deny');
      assert.equal(says(now, '10.0.1.7'), 'deny');
    });
    const flips = 30;
    for (let i = 1; i <= flips; i++) {
      put('registry/pods.json', flapping(i % 3 === 0 ? 'front' : i % 3 === 1 ? 'banned' : ''));
      await delay(100); // so often it flaps
    }
    put('registry/pods.json', flapping('last'));
    await until((load) => podsIn(load).get('flap') === 'last');
    assert.equal(says(snapshot, '10.0.0.9'), 'deny');
    assert.ok(loads.length <= flips + 2, `${loads.length} times for ${flips} flips`);
    assert.deepEqual(loads.at(-1)?.degraded, []);
  });

  it('take a rollout of 2,000 pods at once whole, and give no address to who had it before', async () => {
    const ip = (i: number): string => `10.0.${i >> 8}.${i & 255}`;
    const rolled = (version: number): readonly Pod[] =>
      Array.from({ length: 2_000 }, (_, i) => ({
        name: `v${version}-${i}`,
        ip: ip(version === 1 ? i : i + 1_000), // half of the addresses are taken over
        role: (i + version) % 2 === 0 ? 'front' : 'other',
      }));
    writeFileSync(at('policies', 'a.yaml'), byRole);
    writeFileSync(at('registry', 'pods.json'), podsText(rolled(1)));
    await start((_, load) => {
      const versions = new Set([...podsIn(load).keys()].map((name) => name.slice(0, 2)));
      assert.equal(versions.size, 1, 'one rollout or the other, never a part of both');
    });
    put('registry/pods.json', podsText(rolled(2)));
    const load = await until((one) => podsIn(one).has('v2-0'));
    const anew = compileAnew(load.model);
    const roles = new Map(rolled(2).map((pod) => [pod.ip, pod.role]));
    for (let i = 0; i < 3_000; i++) {
      const want = roles.get(ip(i)) === 'front' ? 'allow' : 'deny';
      assert.deepEqual([says(snapshot, ip(i)), says(anew, ip(i))], [want, want], ip(i));
    }
  });

  it('bring the last of a file of 20,000 policies that is rewritten every second into force, and keep none of the others', async () => {
    const file = 'policies/p.yaml';
    writeFileSync(at(file), rules(20_000, 'start'));
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void; // V8's
    const heap = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    await start((now, load) => {
      const denied = ['start', ...Array.from({ length: 6 }, (_, i) => `w${i}`)].filter(
        (path) => says(now, '10.9.0.1', `/${path}`) === 'deny',
      );
      assert.equal(denied.length, 1, `${load.generation}: one content of the file, whole`);
    });
    loads = loads.slice(0, 1);
    const before = heap();
    for (let i = 0; i < 6; i++) {
      put(file, rules(20_000, `w${i}`));
      await delay(1_000); // so often it is rewritten
      loads = loads.slice(-1);
    }
    const last = await until(() => says(snapshot, '10.9.0.1', '/w5') === 'deny');
    assert.ok(last.generation <= 7, `generation ${last.generation} after six`);
    assert.deepEqual(last.degraded, []);
    loads = [last];
    const grown = heap() - before;
    assert.ok(grown < 30e6, `grew by ${grown} bytes`);
  });

  for (const [how, empty] of [
    ['its file is empty', () => put('registry/pods.json', '')],
    [
      'its file holds a list of nothing',
      () => put('registry/pods.json', '{"apiVersion":"v1","kind":"List","items":[]}'),
    ],
    ['its file holds a comment', () => put('registry/pods.json', '# none\n')],
    ['its file is gone', () => rmSync(at('registry/pods.json'))],
    ['its directory is gone', () => rmSync(at('registry'), { recursive: true })],
  ] as const)
    it(`deny whom they denied while the registry is away: ${how}`, async () => {
      const pods: readonly Pod[] = [
        { name: 'a', ip: '10.9.0.1', role: 'banned' },
        { name: 'b', ip: '10.0.0.2', role: 'front' },
      ];
      writeFileSync(at('policies', 'a.yaml'), byRole);
      writeFileSync(at('registry', 'pods.json'), podsText(pods));
      await start((now) => assert.equal(says(now, '10.9.0.1'), 'deny'));
      empty();
      const away = await until(({ degraded }) => degraded.length > 0);
      assert.equal(says(snapshot, '10.0.0.2'), 'allow', 'whom they knew they know');
      assert.equal(away.generation, 1);
      // What else changes meanwhile comes into force.
      put('policies/a.yaml', byRole.replace("role == 'front'", "role == 'nobody'"));
      await until(({ generation }) => generation === 2);
      assert.deepEqual([says(snapshot, '10.9.0.1'), says(snapshot, '10.0.0.2')], ['deny', 'deny']);
      mkdirSync(at('registry'), { recursive: true });
      put('registry/pods.json', podsText([...pods, { name: 'c', ip: '10.0.0.3', role: 'nobody' }]));
      const back = await until(({ degraded }) => degraded.length === 0);
      assert.equal(back.generation, 3);
      assert.equal(says(snapshot, '10.0.0.3'), 'allow');
    });
});
