import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { JWTPayload } from 'jose';
import { createClusterKeys } from '../../../../../src/identity/attestation/kubernetes/cluster-keys.ts';
import { createTokenAttestor } from '../../../../../src/identity/attestation/kubernetes/token-attestor.ts';
import { fakeCluster, goodReview } from '../../../../support/fake-cluster.ts';
import { podObject, podUid } from '../../../../support/kubernetes-pod.ts';

type Cluster = Awaited<ReturnType<typeof fakeCluster>>;
type Verify = 'offline' | 'review' | 'both';

async function rig(verify: Verify = 'both', audiences = ['gatehouse']) {
  const cluster = await fakeCluster();
  cluster.review = goodReview;
  let now = Date.now();
  const clock = { now: () => now };
  const { server } = cluster;
  const attestor = createTokenAttestor({ server, keys: createClusterKeys(server, clock), clock, audiences, verify });
  return { cluster, attestor, pass: (ms: number) => (now += ms) };
}

const seconds = (fromNow: number) => Math.floor(Date.now() / 1000) + fromNow;
const ofKubernetes = (change: Record<string, unknown>): JWTPayload => {
  const pod = { name: 'details-1', uid: podUid };
  const serviceaccount = { name: 'details', uid: '5a5a5a5a-1111-4222-8333-0123456789ab' };
  return { 'kubernetes.io': { namespace: 'default', pod, serviceaccount, ...change } };
};

interface Case {
  readonly name: string;
  readonly reason: string;
  readonly token?: (cluster: Cluster) => Promise<string>;
  readonly world?: (cluster: Cluster) => void;
}

/** Refused whichever way tokens are verified. */
const always: readonly Case[] = [
  { name: 'no token', reason: 'malformed', token: async () => 'abc' },
  { name: 'a token that is far too long', reason: 'malformed', token: async () => `a.${'b'.repeat(20_000)}.c` },
  { name: 'another token', reason: 'malformed', token: (c) => c.token({ 'kubernetes.io': undefined }) },
  {
    name: 'a subject of another account',
    reason: 'malformed',
    token: (c) => c.token({ sub: 'system:serviceaccount:default:admin' }),
  },
  {
    name: 'a token of a Secret',
    reason: 'legacy',
    token: (c) =>
      c.token({
        'kubernetes.io': undefined,
        'kubernetes.io/serviceaccount/namespace': 'default',
        'kubernetes.io/serviceaccount/service-account.name': 'details',
      }),
  },
  {
    name: 'another audience',
    reason: 'other_audience',
    token: (c) => c.token({ aud: ['https://kubernetes.default.svc'] }),
  },
  { name: 'no audience', reason: 'other_audience', token: (c) => c.token({ aud: [] }) },
  { name: 'an expired token', reason: 'expired', token: (c) => c.token({ exp: seconds(-1) }) },
  { name: 'a token that ends before all dates', reason: 'malformed', token: (c) => c.token({ exp: -1e300 }) },
  { name: 'a token of the future', reason: 'not_yet_valid', token: (c) => c.token({ nbf: seconds(600) }) },
  {
    name: 'a token that is bound to nothing',
    reason: 'unbound',
    token: (c) => c.token(ofKubernetes({ pod: undefined })),
  },
  {
    name: 'a token that is bound to a node',
    reason: 'node_bound',
    token: (c) => c.token(ofKubernetes({ pod: undefined, node: { name: 'node-1', uid: 'n' } })),
  },
  { name: 'a pod that is gone', reason: 'pod_gone', world: (c) => (c.pods = []) },
  {
    name: 'another pod of that name',
    reason: 'pod_gone',
    world: (c) => (c.pods = [podObject({ uid: '11111111-1111-4222-8333-0123456789ab' })]),
  },
  {
    name: 'a pod that is being deleted',
    reason: 'pod_terminating',
    world: (c) => (c.pods = [podObject({ deletedAt: '2026-01-01T00:00:00Z' })]),
  },
  { name: 'a pod that has ended', reason: 'pod_ended', world: (c) => (c.pods = [podObject({ phase: 'Failed' })]) },
  {
    name: 'a pod of another account',
    reason: 'other_account',
    world: (c) => (c.pods = [podObject({ serviceAccount: 'admin' })]),
  },
  { name: 'a pod on another node', reason: 'other_node', world: (c) => (c.pods = [podObject({ node: 'node-2' })]) },
  { name: 'an account that is gone', reason: 'account_gone', world: (c) => c.accounts.clear() },
  {
    name: 'an account that was made again',
    reason: 'account_recreated',
    world: (c) => c.accounts.set('default/details', '66666666-1111-4222-8333-0123456789ab'),
  },
];

const offline: readonly Case[] = [
  {
    name: 'a token of another issuer',
    reason: 'other_cluster',
    token: async () => (await fakeCluster({ issuer: 'https://elsewhere.example' })).token(),
  },
  {
    name: 'a token of another cluster with the same issuer',
    reason: 'other_cluster',
    token: async () => (await fakeCluster({ kid: 'k2' })).token(),
  },
  {
    name: 'a token of another cluster with the same issuer and key id',
    reason: 'other_cluster',
    token: async () => (await fakeCluster()).token(),
  },
  {
    name: 'a token without a signature',
    reason: 'malformed',
    token: async (c) => {
      const [, claims] = (await c.token()).split('.');
      return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${claims}.`;
    },
  },
];

const user = goodReview.user;
const review: readonly Case[] = [
  {
    name: 'what the API server does not accept',
    reason: 'not_authenticated',
    world: (c) => (c.review = { user: {}, error: 'no' }),
  },
  {
    name: 'a good word with an error',
    reason: 'not_authenticated',
    world: (c) => (c.review = { ...goodReview, error: 'but' }),
  },
  {
    name: 'a word for another audience',
    reason: 'other_audience',
    world: (c) => (c.review = { ...goodReview, audiences: ['x'] }),
  },
  {
    name: 'a word for no audience',
    reason: 'other_audience',
    world: (c) => (c.review = { ...goodReview, audiences: null }),
  },
  {
    name: 'a word without a pod',
    reason: 'unbound',
    world: (c) => (c.review = { ...goodReview, user: { ...user, extra: {} } }),
  },
  {
    name: 'a word on another account',
    reason: 'not_authenticated',
    world: (c) => (c.review = { ...goodReview, user: { ...user, username: 'system:serviceaccount:default:admin' } }),
  },
  {
    name: 'a word on somebody who is no service account',
    reason: 'not_authenticated',
    world: (c) => (c.review = { ...goodReview, user: { ...user, groups: ['system:authenticated'] } }),
  },
];

describe('createTokenAttestor', () => {
  for (const verify of ['offline', 'review', 'both'] as const) {
    it(`${verify}: gives the pod of a good token, and its node`, async () => {
      const { cluster, attestor } = await rig(verify);
      const { pod, node } = await attestor.attest(await cluster.token());
      assert.deepEqual([pod.namespace, pod.serviceAccount, pod.uid, node], ['default', 'details', podUid, 'node-1']);
      const reviews = cluster.asked.filter(({ path }) => path.endsWith('/tokenreviews'));
      assert.deepEqual(
        reviews.map(({ body }) => Reflect.get(Reflect.get(body as object, 'spec'), 'audiences')),
        verify === 'offline' ? [] : [['gatehouse']],
      );
    });
    const cases = [...always, ...(verify === 'review' ? [] : offline), ...(verify === 'offline' ? [] : review)];
    for (const { name, reason, token, world } of cases)
      it(`${verify}: refuses ${name}`, async () => {
        const { cluster, attestor } = await rig(verify);
        world?.(cluster);
        await assert.rejects(attestor.attest(await (token?.(cluster) ?? cluster.token())), (thrown: Error) => {
          assert.deepEqual(
            [Reflect.get(thrown, 'code'), Reflect.get(Reflect.get(thrown, 'details'), 'reason')],
            ['caller_unauthenticated', reason],
          );
          return true;
        });
      });
  }

  it('refuses as unreachable while the API server is away, and does not remember that', async () => {
    const { cluster, attestor } = await rig();
    const token = await cluster.token();
    cluster.fault = Object.assign(new Error('503'), { code: 503 });
    await assert.rejects(attestor.attest(token), { code: 'unreachable' });
    cluster.fault = undefined;
    assert.equal((await attestor.attest(token)).pod.uid, podUid);
  });

  it('remembers a verdict for ten seconds at most, and never beyond the end of the token', async () => {
    const { cluster, attestor, pass } = await rig();
    const token = await cluster.token({ exp: seconds(30) });
    await Promise.all([attestor.attest(token), attestor.attest(token)]);
    const once = cluster.asked.length;
    pass(9_000);
    await attestor.attest(token);
    assert.equal(cluster.asked.length, once);
    cluster.pods = [];
    pass(1_001);
    await assert.rejects(attestor.attest(token), { code: 'caller_unauthenticated' });
    const short = await rig();
    const dying = await short.cluster.token({ exp: seconds(5) });
    await short.attestor.attest(dying);
    short.pass(6_000);
    await assert.rejects(short.attestor.attest(dying), /has expired/);
  });

  it('asks nothing for whoever has waited for its turn longer than anybody waits for an answer', async () => {
    const { cluster, attestor, pass } = await rig();
    const away = Promise.withResolvers<void>();
    const { request } = cluster.server;
    cluster.server.request = async (of) => {
      await away.promise;
      return request(of);
    };
    const tokens = await Promise.all(Array.from({ length: 40 }, (_, i) => cluster.token({ jti: String(i) })));
    const asked = Promise.allSettled(tokens.map((token) => attestor.attest(token)));
    await nextTurn(); // the first of them have begun
    pass(11_000);
    away.resolve();
    const outcomes = await asked;
    const waited = outcomes.filter((each) => each.status === 'rejected' && each.reason.code === 'too_many_requests');
    assert.equal(waited.length, 40 - 32);
  });

  it('looks for a new key at once, for withdrawn ones within a minute, and for unknown ones rarely', async () => {
    const { cluster, attestor, pass } = await rig('offline');
    const other = await fakeCluster({ kid: 'k2' });
    await attestor.attest(await cluster.token());
    const fetches = () => cluster.asked.filter(({ path }) => path === '/openid/v1/jwks').length;
    for (const jti of ['a', 'b', 'c'])
      await assert.rejects(attestor.attest(await other.token({ jti })), /another cluster/);
    assert.equal(fetches(), 1);
    pass(5_001);
    cluster.keys = [...other.keys];
    await attestor.attest(await other.token({ jti: 'd' }));
    assert.equal(fetches(), 2);
    pass(60_001);
    await assert.rejects(attestor.attest(await cluster.token({ jti: 'e', exp: seconds(7200) })), /another cluster/);
  });
});
