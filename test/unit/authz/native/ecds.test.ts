import assert from 'node:assert/strict';
import { envoysOf } from '../../../../src/authz/native/envoys.ts';
import { followPolicies } from '../../../../src/authz/native/followed-policies.ts';
import { createHolders } from '../../../../src/authz/native/holders.ts';
import { revocationConfigs } from '../../../../src/authz/native/native-config.ts';
import type { NativeDeps, NativeWorkload } from '../../../../src/authz/native/native-deps.ts';
import type { Revocations } from '../../../../src/authz/state.ts';
import { createWatchable } from '../../../../src/lib/watchable.ts';
import { askEverything } from '../../../../src/policy/compile-envoy/native-policy.ts';
import type { PolicyModel } from '../../../../src/policy/model.ts';
import { parseSpiffeId, type SpiffeId } from '../../../../src/spiffe/spiffe-id.ts';
import { eventually } from '../../../support/eventually.ts';
import { nativeStream, nodeOf } from '../../../support/native-stream.ts';

const details = parseSpiffeId('spiffe://cluster.local/ns/default/sa/details');
const ratings = parseSpiffeId('spiffe://cluster.local/ns/default/sa/ratings');
const none: Revocations = { sequence: 1, spiffeIds: new Set(), serials: new Set(), spkis: new Set() };
const model = (generation: number): PolicyModel => ({ generation, absence: 'upstream', planes: [] });

/** Policies that are what `texts` says, by the account's name. */
function world() {
  const texts: Record<string, string> = { details: 'one', ratings: 'one' };
  const current = createWatchable(model(1));
  const revocations = createWatchable(revocationConfigs(none));
  const holders = createHolders(() => 0);
  const settings = createWatchable('');
  const unconcerned = new Set<string>();
  const told: string[] = [];
  const compiled: string[] = [];
  const policies = followPolicies({
    model: current,
    settings,
    concernedBy: () => (workload) => !unconcerned.has(workload.serviceAccount),
    compile(_, { serviceAccount }) {
      compiled.push(serviceAccount);
      const policy = askEverything('a test');
      const text = texts[serviceAccount]!;
      if (text === 'broken') throw new Error('no');
      // Another name of the action makes another policy.
      const http = Buffer.from(
        Buffer.from(policy.http).toString('latin1').replace('everything', text.padEnd(10, '.')),
        'latin1',
      );
      const reads = text === 'paths' ? (['gh.path'] as const) : [];
      return { ...policy, http, version: text, reads, everything: undefined };
    },
    failed: ({ serviceAccount }) => told.push(`failed ${serviceAccount}`),
  });
  const deps: NativeDeps = {
    workloadOf: (spiffeId, { labels, trustedHops }): NativeWorkload => ({
      ...{ spiffeId, namespace: 'default', serviceAccount: spiffeId.split('/').at(-1)!, labels },
      ...{ trustedHops: Number(trustedHops ?? 0), isGateway: trustedHops !== undefined },
    }),
    follow: (workload, changed) => policies.follow(workload, changed),
    revocations,
    holders,
    observer: {
      streamOpened: () => told.push('opened'),
      streamClosed: () => told.push('closed'),
      sent: ({ name }) => told.push(`sent ${name}`),
      refused: (_, node, { name }, words) => told.push(`refused ${name} by ${node}: ${words}`),
    },
  };
  let generation = 1;
  return {
    ...{ deps, told, holders, compiled, policies, revocations, settings, unconcerned },
    edit(changes: Record<string, string>) {
      Object.assign(texts, changes);
      generation += 1;
      current.replace(model(generation));
    },
  };
}
type Release = [number, number, number];
const others: readonly Release[] = [
  [1, 39, 0],
  [1, 41, 0],
  [0, 0, 0],
];
type World = ReturnType<typeof world>;
const own = (id: SpiffeId) => () => [id];

/** The same steps in both protocols. */
const protocols = {
  sotw(w: World, id: SpiffeId, name = 'gatehouse.policy', brought = '', version?: Release, token?: string) {
    const stream = nativeStream('sotw', w.deps, own(id), token);
    stream.sotw({ node: nodeOf(id, version), resourceNames: [name], versionInfo: brought });
    const say = (responseNonce: string, words?: string) =>
      stream.sotw({
        ...{ resourceNames: [name], responseNonce },
        ...(words !== undefined && { errorDetail: { code: 3, message: words } }),
      });
    return { ...stream, say };
  },
  delta(w: World, id: SpiffeId, name = 'gatehouse.policy', brought = '', version?: Release, token?: string) {
    const stream = nativeStream('delta', w.deps, own(id), token);
    stream.delta({
      ...{ node: nodeOf(id, version), resourceNamesSubscribe: [name] },
      ...(brought !== '' && { initialResourceVersions: { [name]: brought } }),
    });
    const say = (responseNonce: string, words?: string) =>
      stream.delta({ responseNonce, ...(words !== undefined && { errorDetail: { code: 3, message: words } }) });
    return { ...stream, say };
  },
};

for (const [protocol, open] of Object.entries(protocols)) {
  describe(`ECDS, ${protocol}`, () => {
    it('gives a workload its policy, and another one only when it has changed', async () => {
      const w = world();
      const [stream, other] = [open(w, details), open(w, ratings)];
      const first = await stream.answer(1);
      assert.equal(first.configs.length, 1);
      stream.say(first.nonce);
      other.say((await other.answer(1)).nonce);
      w.edit({ details: 'two' });
      const second = await stream.answer(2);
      assert.notEqual(second.configs[0], first.configs[0]);
      w.edit({});
      w.edit({ ratings: 'two' });
      await other.answer(2);
      assert.equal(stream.answers.length, 2);
      await Promise.all([stream.hangUp(), other.hangUp()]);
      assert.deepEqual(w.holders.all(), []);
      assert.deepEqual(w.policies.all(), []);
    });

    it('fills in with requests what the policy reads, and another thing once another policy reads it', async () => {
      const w = world();
      const stream = open(w, details, 'gatehouse.request');
      const versionOf = (key: string) => `gatehouse.request@${w.revocations.value.get(key)?.version}`;
      const first = await stream.answer(1);
      assert.deepEqual(first.configs, [versionOf('gatehouse.request')]);
      stream.say(first.nonce);
      w.edit({ details: 'paths' });
      const second = await stream.answer(2);
      assert.deepEqual(second.configs, [versionOf('gatehouse.request gh.path')]);
      assert.notEqual(second.configs[0], first.configs[0]);
      stream.say(second.nonce);
      w.edit({ details: 'broken' }); // asks about everything, and reads nothing
      assert.deepEqual((await stream.answer(3)).configs, first.configs);
      await stream.hangUp();
    });

    it('sends nothing to who comes back with the version that is in force', async () => {
      const w = world();
      const before = open(w, details);
      const { configs } = await before.answer(1);
      await before.hangUp();
      const version = configs[0]!.split('@')[1]!;
      const stream = open(w, details, 'gatehouse.policy', version);
      await eventually(
        'it is known to hold it',
        async () => w.holders.all()[0]?.configs[0]?.version === version || undefined,
      );
      assert.deepEqual(stream.answers, []);
      w.edit({ details: 'two' });
      await stream.answer(1);
      await stream.hangUp();
    });

    it('answers who comes back with the nonce of a stream that is gone, and its words were about that stream', async () => {
      const w = world();
      const stream = nativeStream(protocol as keyof typeof protocols, w.deps, own(details)); // of its keys
      const first = { node: nodeOf(details), responseNonce: '7-gone', errorDetail: { code: 3, message: 'not yours' } };
      if (protocol === 'sotw') stream.sotw({ ...first, resourceNames: ['gatehouse.policy'] });
      else stream.delta({ ...first, resourceNamesSubscribe: ['gatehouse.policy'] });
      await stream.answer(1);
      assert.deepEqual(w.told, ['opened', 'sent gatehouse.policy']);
      await stream.hangUp();
    });

    it('gives who refuses a policy one that asks about everything, once, and the next one again', async () => {
      const w = world();
      const stream = open(w, details);
      const first = await stream.answer(1);
      stream.say(first.nonce, 'Unable to unpack');
      const asking = await stream.answer(2);
      assert.notDeepEqual(asking.configs, first.configs);
      stream.say(asking.nonce, 'nor this');
      await eventually(
        'both are in the book',
        async () => w.told.filter((each) => each.startsWith('refused')).length === 2 || undefined,
      );
      const [held] = w.holders.all()[0]!.configs;
      assert.equal(held!.version, '');
      assert.equal(held!.refused?.words, 'nor this');
      w.edit({ details: 'two' });
      const third = await stream.answer(3);
      stream.say(third.nonce);
      await eventually(
        'it holds it',
        async () => third.configs[0] === `gatehouse.policy@${w.holders.all()[0]!.configs[0]!.version}` || undefined,
      );
      assert.equal(stream.answers.length, 3);
      assert.deepEqual(
        w.told.filter((each) => each.startsWith('refused')),
        [
          `refused gatehouse.policy by ${details}: Unable to unpack`,
          `refused gatehouse.policy by ${details}: nor this`,
        ],
      );
      await stream.hangUp();
    });

    it('gives an Envoy on which nothing was tried one that asks about everything', async () => {
      for (const version of others) {
        const w = world();
        const [old, tried] = [open(w, details, 'gatehouse.policy', '', version), open(w, details)];
        const [a, b] = await Promise.all([old.answer(1), tried.answer(1)]);
        assert.notDeepEqual(a.configs, b.configs);
        old.say(a.nonce);
        const asks = () => w.holders.all().find(({ build }) => !build.isTried)?.configs[0]?.asks;
        await eventually('why is in the book', async () => /not tried/.test(asks() ?? '') || undefined);
        await Promise.all([old.hangUp(), tried.hangUp()]);
      }
    });

    it('serves two Envoys of one identity, each by its own version, and knows of both what they do', async () => {
      const w = world();
      const old = open(w, details, 'gatehouse.policy', '', [1, 39, 3], 'old');
      const tried = open(w, details, 'gatehouse.policy', '', undefined, 'tried');
      old.say((await old.answer(1)).nonce);
      tried.say((await tried.answer(1)).nonce);
      w.edit({ details: 'two' });
      tried.say((await tried.answer(2)).nonce);
      const book = await eventually('both have told', () => {
        const envoys = envoysOf(w.holders.all());
        return envoys.some(({ state }) => state === 'waiting') ? undefined : envoys;
      });
      assert.deepEqual(
        book.map(({ connection, spiffeId, build, state }) => [connection, spiffeId, build.version, state]),
        [
          ['old', details, '1.39.3', 'asks'],
          ['tried', details, '1.40.0', 'holds'],
        ],
      );
      assert.equal(old.answers.length, 1, 'an edit is none of its business');
      assert.equal(tried.answers.length, 2);
      assert.deepEqual(w.compiled, ['details', 'details'], 'of the policy there is one for both');
      await Promise.all([old.hangUp(), tried.hangUp()]);
    });

    it('says nothing of names that mean nothing, and removes nothing', async () => {
      const w = world();
      const stream = open(w, details, 'somebody.else');
      const other = open(w, details);
      await other.answer(1);
      w.edit({ details: 'two' });
      await other.answer(2);
      assert.deepEqual(stream.answers, []);
      await Promise.all([stream.hangUp(), other.hangUp()]);
    });

    it('asks about everything for a workload whose policy cannot be made', async () => {
      const w = world();
      const stream = open(w, details);
      stream.say((await stream.answer(1)).nonce);
      w.edit({ details: 'broken' });
      stream.say((await stream.answer(2)).nonce);
      await eventually(
        'why is in the book',
        async () => /could not be made/.test(w.holders.all()[0]!.configs[0]!.asks) || undefined,
      );
      assert.ok(w.told.includes('failed details'));
      await stream.hangUp();
    });

    it('tells who does not refuse by a revocation, and who does', async () => {
      const w = world();
      const prompt = open(w, details, 'gatehouse.revocations', '', undefined, 'prompt');
      const silent = open(w, details, 'gatehouse.revocations', '', undefined, 'silent');
      const policy = open(w, details);
      prompt.say((await prompt.answer(1)).nonce);
      silent.say((await silent.answer(1)).nonce);
      await policy.answer(1);
      assert.deepEqual(await w.holders.behindRevocations(1, 10_000), []);
      w.revocations.replace(revocationConfigs({ ...none, sequence: 2, spiffeIds: new Set([ratings]) }));
      prompt.say((await prompt.answer(2)).nonce);
      await silent.answer(2);
      assert.deepEqual(
        (await w.holders.behindRevocations(2, 100)).map(({ connection }) => connection),
        ['silent'],
      );
      silent.say(silent.answers[1]!.nonce);
      assert.deepEqual(await w.holders.behindRevocations(2, 10_000), []);
      // Nothing that an Envoy could tell: it holds it without being sent anything.
      w.revocations.replace(revocationConfigs({ ...none, sequence: 3, spiffeIds: new Set([ratings]) }));
      assert.deepEqual(await w.holders.behindRevocations(3, 10_000), []);
      assert.equal(silent.answers.length, 2);
      assert.equal(policy.answers.length, 1);
      await Promise.all([prompt, silent, policy].map((each) => each.hangUp()));
    });

    it('keeps nobody waiting for an Envoy that never acknowledges, and says which one it is', async () => {
      const w = world();
      const silent = open(w, details, 'gatehouse.policy', '', undefined, 'silent');
      const prompt = open(w, details, 'gatehouse.policy', '', undefined, 'prompt');
      await silent.answer(1);
      prompt.say((await prompt.answer(1)).nonce);
      for (let i = 2; i <= 40; i++) {
        w.edit({ details: `edit ${i}` });
        await silent.answer(i);
        prompt.say((await prompt.answer(i)).nonce);
      }
      const last = prompt.answers.at(-1)!.configs;
      assert.deepEqual(silent.answers.at(-1)!.configs, last, 'it has been sent the newest too');
      const states = await eventually('the other holds it', () => {
        const envoys = new Map(envoysOf(w.holders.all()).map((each) => [each.connection, each]));
        return envoys.get('prompt')?.state === 'asks' || envoys.get('prompt')?.state === 'holds' ? envoys : undefined;
      });
      assert.equal(states.get('silent')?.state, 'waiting');
      assert.equal(states.get('silent')?.configs[0]?.version, '');
      await Promise.all([silent.hangUp(), prompt.hangUp()]);
    });

    it('refuses an Envoy that says that it is of another workload', async () => {
      const w = world();
      const stream = nativeStream(protocol === 'sotw' ? 'sotw' : 'delta', w.deps, own(details));
      if (protocol === 'sotw') stream.sotw({ node: nodeOf(ratings), resourceNames: ['gatehouse.policy'] });
      else stream.delta({ node: nodeOf(ratings), resourceNamesSubscribe: ['gatehouse.policy'] });
      assert.match(String(await stream.failure()), /not what it was attested to be/);
      assert.deepEqual(stream.answers, []);
      assert.deepEqual(w.compiled, []);
    });

    it('refuses another type', async () => {
      const w = world();
      const stream = nativeStream(protocol === 'sotw' ? 'sotw' : 'delta', w.deps, own(details));
      stream[protocol === 'sotw' ? 'sotw' : 'delta']({ typeUrl: 'type.googleapis.com/x' });
      assert.match(
        String(await stream.failure()),
        /only type.googleapis.com\/envoy.config.core.v3.TypedExtensionConfig/,
      );
    });
  });
}

describe('ECDS for one workload', () => {
  it('is compiled again only for whom an edit concerns, and for all by other settings', async () => {
    const w = world();
    const some = [details, ratings].map((id) => protocols.sotw(w, id));
    await Promise.all(some.map((each) => each.answer(1)));
    w.unconcerned.add('ratings');
    w.edit({ details: 'two' });
    await some[0]!.answer(2);
    assert.deepEqual(w.compiled, ['details', 'ratings', 'details']);
    w.settings.replace('others');
    await eventually('all', () => (w.compiled.length >= 5 ? true : undefined));
    assert.deepEqual(w.compiled.slice(3), ['details', 'ratings']);
    await Promise.all(some.map((each) => each.hangUp()));
  });

  it('is compiled once for all its Envoys, by their labels', async () => {
    const w = world();
    const some = ['a', 'b'].map((token) => protocols.sotw(w, details, 'gatehouse.policy', '', undefined, token));
    await Promise.all(some.map((each) => each.answer(1)));
    assert.deepEqual(w.compiled, ['details']);
    const labelled = nativeStream('sotw', w.deps, own(details), 'c');
    labelled.sotw({ node: nodeOf(details, undefined, { app: 'details' }), resourceNames: ['gatehouse.policy'] });
    await labelled.answer(1);
    assert.deepEqual(w.compiled, ['details', 'details']);
    await Promise.all([...some, labelled].map((each) => each.hangUp()));
  });
});
