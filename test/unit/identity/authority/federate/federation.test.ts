import assert from 'node:assert/strict';
import { createAuthority } from '../../../../../src/identity/authority/create-authority.ts';
import { createMemoryStore } from '../../../../../src/identity/authority/store/memory-store.ts';
import { parseTrustDomain } from '../../../../../src/spiffe/trust-domain.ts';
import { openTestAuthority, trustDomain } from '../../../../support/authority.ts';
import { foreignBundle } from '../../../../support/foreign-bundle.ts';
import { defaultSettings } from '../../../../support/settings.ts';

const other = parseTrustDomain('other.example');
const first = foreignBundle('other.example', 5);
const second = { ...foreignBundle('other.example', 6), x509Authorities: first.x509Authorities };
const order = { who: 'uid:0', reason: 'test', acceptLower: false };

/** One whose configuration names these trust domains; the same `kept` again is a restart. */
async function open(names: readonly string[], kept?: Awaited<ReturnType<typeof openTestAuthority>>) {
  const made = kept ?? (await openTestAuthority());
  await made.authority[Symbol.asyncDispose]();
  const configured = new Set(names);
  const authority = await createAuthority({
    ...{ trustDomain, keys: made.keys, clock: made.clock, settings: defaultSettings, tickEveryMs: 0 },
    store: createMemoryStore(made.content),
    federation: { names: (each) => configured.has(each), aliases: () => [parseTrustDomain('alias.example')] },
  });
  const federated = () => [...authority.bundles.value.federated.values()];
  return { ...made, authority, configured, federated, federation: authority.federation };
}

describe('federation of an authority', () => {
  it('publishes what an endpoint gave while the configuration names it, through a restart too', async () => {
    const one = await open(['other.example']);
    assert.deepEqual(await one.federation.take(first), {
      outcome: 'taken',
      heldSequence: undefined,
      difference: one.content.audit.at(-1)!.reason,
      hasLost: false,
    });
    assert.deepEqual(one.federated(), [
      { ...first, x509Authorities: first.x509Authorities.map((der) => Buffer.from(der)) },
    ]);
    const two = await open(['other.example'], one);
    assert.deepEqual(two.federated(), one.federated());
    two.configured.clear();
    two.federation.reconfigured();
    assert.deepEqual(two.federated(), []);
    assert.equal(two.federation.held().length, 1);
  });

  it('publishes what somebody has set whatever the configuration says, until it is deleted', async () => {
    const { federation, federated, content } = await open([]);
    await federation.set(first, order);
    assert.equal(federated().length, 1);
    await federation.take(second);
    assert.deepEqual(
      federated().map(({ sequence }) => sequence),
      [6],
    );
    await federation.remove(other, { who: 'uid:0', reason: 'ended' });
    assert.deepEqual(federated(), []);
    assert.deepEqual(
      content.audit.slice(-3).map(({ verb, who, authorityId }) => [verb, who, authorityId]),
      [
        ['bundle set', 'uid:0', 'other.example'],
        ['bundle fetch', 'gatehouse', 'other.example'],
        ['bundle delete', 'uid:0', 'other.example'],
      ],
    );
    await assert.rejects(federation.remove(other, order), { code: 'not_found' });
  });

  it('tells who has it nothing new where nothing is, and never wakes for our own sake', async () => {
    const { federation, authority } = await open(['other.example']);
    let woken = 0;
    authority.bundles.subscribe(() => woken++);
    const { own } = authority.bundles.value;
    await federation.take(first);
    assert.equal((await federation.take(first)).outcome, 'same');
    assert.equal(woken, 1);
    assert.equal(authority.bundles.value.own, own);
  });

  it('keeps a lower sequence out, also beyond 2^53, until somebody accepts it', async () => {
    const { federation, federated } = await open(['other.example']);
    await federation.take({ ...first, sequence: 2n ** 60n + 1n });
    const offered = await federation.take({ ...second, sequence: 2n ** 60n });
    assert.deepEqual([offered.outcome, offered.heldSequence], ['lower', 2n ** 60n + 1n]);
    assert.equal(federated()[0]!.sequence, 2n ** 60n + 1n);
    await assert.rejects(federation.set(second, order), { code: 'not_sound', message: /--accept-lower/ });
    assert.equal((await federation.set(second, { ...order, acceptLower: true })).outcome, 'taken');
    assert.equal(federated()[0]!.sequence, 6);
  });

  it('takes a bundle that shrinks, and says what is gone', async () => {
    const { federation, federated } = await open(['other.example']);
    await federation.take(first);
    const { outcome, hasLost, difference } = await federation.take({
      ...second,
      jwtAuthorities: [],
      x509Authorities: [],
    });
    assert.deepEqual([outcome, hasLost], ['taken', true]);
    assert.match(difference, /sequence 5 to 6, without x509 \w+ and jwt key-of-other.example, .*nobody/);
    assert.deepEqual(federated()[0]!.x509Authorities, []);
  });

  it('tells aloud of a first bundle that has no authority, and of a key no more than the beginning of a long name', async () => {
    const { federation, content } = await open(['other.example']);
    const offered = await federation.take({ ...first, jwtAuthorities: [], x509Authorities: [] });
    assert.deepEqual([offered.outcome, offered.hasLost], ['taken', true]);
    const [key] = first.jwtAuthorities;
    await federation.take({ ...second, jwtAuthorities: [{ ...key!, keyId: 'k'.repeat(100_000) }] });
    assert.match(content.audit.at(-1)!.reason, /jwt k{50,100}…$/);
  });

  for (const name of ['cluster.local', 'alias.example'])
    it(`refuses a bundle of ${name}, which is ours, from whomever`, async () => {
      const { federation } = await open(['cluster.local', 'alias.example']);
      const ours = { ...first, trustDomain: parseTrustDomain(name) };
      await assert.rejects(federation.set(ours, { ...order, acceptLower: true }), { code: 'message_invalid' });
      await assert.rejects(federation.take(ours), { code: 'message_invalid' });
      await assert.rejects(federation.remove(ours.trustDomain, order), { code: 'message_invalid' });
      assert.deepEqual(federation.held(), []);
    });

  it('is the same for all replicas, whichever was told', async () => {
    const one = await open(['other.example']);
    const two = await createAuthority({
      ...{ trustDomain, keys: one.keys, clock: one.clock, settings: defaultSettings, tickEveryMs: 0 },
      store: createMemoryStore(one.content),
      federation: { names: () => true, aliases: () => [] },
    });
    await one.federation.take(first);
    await two.tick();
    assert.deepEqual([...two.bundles.value.federated.values()], one.federated());
    assert.equal(
      (await two.federation.take({ ...second, sequence: 4 })).outcome,
      'lower',
      'by what the other has taken',
    );
    await two.federation.remove(other, order);
    await one.authority.tick();
    assert.deepEqual(one.federated(), []);
    await two[Symbol.asyncDispose]();
  });

  it('takes no more than a decider can be told in one message', async () => {
    const { federation } = await open([]);
    const long = { keyId: 'k', jwk: { kty: 'RSA', n: 'x'.repeat(2 ** 21), e: 'AQAB' } };
    await assert.rejects(federation.set({ ...first, jwtAuthorities: [long] }, order), { message: /there is no room/ });
  });
});
