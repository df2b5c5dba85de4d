import assert from 'node:assert/strict';
import { createAuthority } from '../../../../src/identity/authority/create-authority.ts';
import { createLocalKeyStore, createMemoryKeyBlobs } from '../../../../src/identity/authority/keys/local-keys.ts';
import type { KeyBlobs, KeyStore } from '../../../../src/identity/authority/keys/signer.ts';
import type { Token } from '../../../../src/identity/authority/keys/token.ts';
import { createTokenKeyStore } from '../../../../src/identity/authority/keys/token-keys.ts';
import { type AuthorityState, emptyState, keysLetGo } from '../../../../src/identity/authority/store/state.ts';
import type { AuthorityStore } from '../../../../src/identity/authority/store/store.ts';
import { createTestClock, orderOf, trustDomain } from '../../../support/authority.ts';
import { createEmptyStore } from '../../../support/empty-store.ts';
import { createFakeToken, privateIds } from '../../../support/fake-token.ts';
import { defaultSettings } from '../../../support/settings.ts';
import { dyingAfter, dyingBlobs, Killed, killer, openFakeClient } from '../../../support/token-over-fake.ts';

/** Where keys are, and what there is of them. */
interface Place {
  readonly keys: KeyStore;
  ids(): Promise<readonly string[]>;
}

const places: readonly { readonly name: string; readonly make: (stack: AsyncDisposableStack) => Promise<Place> }[] = [
  {
    name: 'the disk',
    async make() {
      const blobs = createMemoryKeyBlobs();
      return { keys: createLocalKeyStore(blobs), ids: () => everything(blobs) };
    },
  },
  {
    name: 'a token',
    async make(stack) {
      const token = createFakeToken();
      const client: Token = stack.use(await openFakeClient([token]));
      const blobs = createMemoryKeyBlobs();
      const keys = createTokenKeyStore({ token: client, blobs, local: createLocalKeyStore(blobs), now: Date.now });
      return { keys, ids: async () => privateIds(token) };
    },
  },
];

/** Those that were moved aside too. */
const everything = async (blobs: KeyBlobs): Promise<readonly string[]> => [
  ...(await blobs.list()),
  ...((await blobs.listAside?.()) ?? []),
];

const override = { override: true, reason: 'test' };

/** How an authority is let go: the first part goes well, and its server is killed behind the last one. */
const ways: readonly {
  readonly name: string;
  readonly before: readonly ('prepare' | 'activate')[];
  readonly last: 'undo' | 'revoke';
}[] = [
  { name: 'undone', before: ['prepare'], last: 'undo' },
  { name: 'revoked', before: ['prepare', 'activate'], last: 'revoke' },
];

describe('the key of an authority that was let go', () => {
  for (const { name: place, make } of places)
    for (const shared of [false, true])
      for (const { name, before, last } of ways)
        it(`is destroyed on ${place} by who comes after a server that was killed when it had ${name} it, ${shared ? 'a replica' : 'alone'}`, async () => {
          await using stack = new AsyncDisposableStack();
          const { keys, ids } = await make(stack);
          const store: AuthorityStore = { ...createEmptyStore(), shared };
          const reported: string[] = [];
          const open = (over: KeyStore) =>
            createAuthority({
              ...{
                trustDomain,
                store,
                keys: over,
                clock: createTestClock(),
                settings: defaultSettings,
                tickEveryMs: 0,
              },
              report: ({ message }) => void reported.push(message),
            });
          const dying = await open({
            ...keys,
            remove: () => Promise.reject(new Error('killed')),
          });
          for (const verb of before) await dying[verb](orderOf('x509', override));
          await assert.rejects(dying[last](orderOf('x509', override)), /killed/);
          const left = await ids();
          assert.equal(left.length, 3);

          const next = await open(keys);
          const kept = (await ids()).toSorted();
          const { x509Authorities, jwtAuthorities } = await next.status();
          const living = [...x509Authorities, ...jwtAuthorities].filter(({ slot }) => slot !== 'revoked');
          assert.deepEqual(kept, living.map(({ id }) => id).toSorted());
          assert.deepEqual(reported, []);
          await open(keys);
          assert.deepEqual((await ids()).toSorted(), kept);
        });

  it('that was never written is destroyed on a token by who comes after a server killed at any instant of making it', async () => {
    for (let at = 1; ; at += 1) {
      await using stack = new AsyncDisposableStack();
      const token = createFakeToken();
      const client: Token = stack.use(await openFakeClient([token]));
      const blobs = createMemoryKeyBlobs();
      const store = createEmptyStore();
      const reported: string[] = [];
      let step: () => void = () => undefined;
      const open = (over: Token, places: KeyBlobs) =>
        createAuthority({
          ...{ trustDomain, store, clock: createTestClock(), settings: defaultSettings, tickEveryMs: 0 },
          keys: createTokenKeyStore({ token: over, blobs: places, local: createLocalKeyStore(places), now: Date.now }),
          report: ({ message }) => void reported.push(message),
        });
      const dying = await open(
        dyingAfter(client, () => step()),
        dyingBlobs(blobs, () => step()),
      );
      step = killer(at);
      const died = await dying.prepare(orderOf('x509', override)).then(
        () => false,
        (thrown: unknown) => thrown instanceof Killed,
      );
      const next = await open(client, blobs);
      const { x509Authorities, jwtAuthorities } = await next.status();
      const known = [...x509Authorities, ...jwtAuthorities].map(({ id }) => id).toSorted();
      assert.deepEqual(privateIds(token).toSorted(), known, `killed at call ${at}`);
      assert.deepEqual((await everything(blobs)).filter((name) => known.includes(name)).toSorted(), known);
      assert.deepEqual(
        reported.filter((each) => !each.includes('was destroyed on the token')),
        [],
        `killed at call ${at}`,
      );
      if (!died) return assert.ok(at > 8, `${at} calls`);
    }
  });

  it('is never that of one that may sign, whatever is written', () => {
    const record = {
      id: 'a',
      use: 'x509',
      slot: 'active',
      keyDestroyed: false,
    } as AuthorityState['authorities'][number]; // as much as is looked at
    const state = { ...emptyState(trustDomain), authorities: [record], keysToDestroy: ['a', 'b'] };
    assert.deepEqual(keysLetGo(state), ['b']);
    assert.deepEqual(keysLetGo({ ...state, authorities: [{ ...record, keyDestroyed: true }] }), ['a', 'b']);
  });
});
