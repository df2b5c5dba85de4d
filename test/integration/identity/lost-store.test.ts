import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { GatehouseError } from '../../../src/errors.ts';
import type { Authority } from '../../../src/identity/authority/authority.ts';
import { createAuthority } from '../../../src/identity/authority/create-authority.ts';
import { createLocalKeyStore, createMemoryKeyBlobs } from '../../../src/identity/authority/keys/local-keys.ts';
import type { KeyBlobs } from '../../../src/identity/authority/keys/signer.ts';
import { beginAnew } from '../../../src/identity/authority/recover/begin.ts';
import type { AuthorityStore } from '../../../src/identity/authority/store/store.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { prepareDataDir } from '../../../src/platform/storage/data-dir.ts';
import { createKeyFiles } from '../../../src/platform/storage/key-files.ts';
import { openPostgresAuthorityStore } from '../../../src/platform/storage/postgres-authority-store.ts';
import { openSqliteAuthorityStore } from '../../../src/platform/storage/sqlite-authority-store.ts';
import { openStoredTexts } from '../../../src/platform/storage/stored-texts.ts';
import { storeMemory } from '../../../src/server/authority/store-memory.ts';
import { openFeedMemory } from '../../../src/server/feed/feed-memory.ts';
import { orderOf, requestOf, trustDomain } from '../../support/authority.ts';
import { startPostgres } from '../../support/postgres.ts';
import { defaultSettings } from '../../support/settings.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

/** Where things are, as a configuration has it. */
interface Places {
  readonly dataDir: string;
  readonly store: string;
  readonly keysInMemory?: boolean;
}

interface Opened {
  readonly store: AuthorityStore;
  readonly keys: KeyBlobs;
}

type Opener = (places: Places) => Opened | Promise<Opened>;

const keysOf = ({ dataDir, keysInMemory }: Places): KeyBlobs =>
  keysInMemory === true ? createMemoryKeyBlobs() : createKeyFiles(join(dataDir, 'keys'));

const sqlite: Opener = (places) => ({
  store: openSqliteAuthorityStore(places.store, trustDomain),
  keys: keysOf(places),
});

/** Starts an authority as the server does, lets `work` happen, and ends it. */
async function serving<T>(
  places: Places,
  work: (authority: Authority, reports: readonly string[]) => T | Promise<T>,
  open: Opener = sqlite,
): Promise<T> {
  prepareDataDir(places.dataDir);
  using kept = openStoredTexts(places.dataDir);
  const { store, keys } = await open(places);
  const reports: string[] = [];
  try {
    await using authority = await createAuthority({
      trustDomain,
      store,
      keys: createLocalKeyStore(keys),
      clock: systemClock,
      settings: defaultSettings,
      keysMayBeGone: places.keysInMemory === true,
      memory: storeMemory(kept, trustDomain),
      report: ({ message }) => reports.push(message),
      tickEveryMs: 0,
    });
    return await work(authority, reports);
  } finally {
    await store[Symbol.asyncDispose]();
  }
}

const begin = async (places: Places, reason = 'the disk is gone', open: Opener = sqlite) => {
  using kept = openStoredTexts(places.dataDir);
  const { store, keys } = await open(places);
  try {
    const memory = storeMemory(kept, trustDomain);
    return await beginAnew('uid:0', reason, { trustDomain, store, keys, memory, clock: systemClock });
  } finally {
    await store[Symbol.asyncDispose]();
  }
};

const refusal = (code: string, message: RegExp) => (thrown: unknown) =>
  thrown instanceof GatehouseError && thrown.code === code && message.test(thrown.message);

const keyNames = (dataDir: string): string[] =>
  existsSync(join(dataDir, 'keys')) ? readdirSync(join(dataDir, 'keys')).filter((name) => name.endsWith('.key')) : [];

const idsOf = async (authority: Authority): Promise<string[]> => {
  const { x509Authorities, jwtAuthorities } = await authority.status();
  return [...x509Authorities, ...jwtAuthorities].filter(({ slot }) => slot !== 'revoked').map(({ id }) => id);
};

describe('a store that is not the one it was', () => {
  let directory: TempDir;
  let places: Places;
  beforeEach(async () => {
    directory = await tempDir();
    mkdirSync(directory.at('store'));
    places = { dataDir: directory.at('data'), store: directory.at('store/gatehouse.db') };
  });
  afterEach(() => directory[Symbol.asyncDispose]());

  const cutTo = (file: string, share: number): undefined => {
    truncateSync(file, Math.floor(statSync(file).size * share));
  };

  const losses: { name: string; lose: (places: Places) => Partial<Places> | undefined; want: RegExp }[] = [
    { name: 'misspelt', lose: () => ({ store: directory.at('store/gatehous.db') }), want: /knows no authority/ },
    { name: 'cut to nothing', lose: ({ store }) => cutTo(store, 0), want: /knows no authority/ },
    { name: 'cut in half', lose: ({ store }) => cutTo(store, 0.5), want: /damaged/ },
    {
      name: 'on a volume that is not mounted',
      lose: () => {
        rmSync(directory.at('store'), { recursive: true });
        mkdirSync(directory.at('store'));
        return undefined;
      },
      want: /knows no authority/,
    },
    {
      name: 'beside another data directory',
      lose: () => ({ dataDir: directory.at('other') }),
      want: /the key of the active x509 authority [0-9a-f]+ is gone/,
    },
    {
      name: 'beside the keys of another',
      lose: () => {
        prepareDataDir(directory.at('other'));
        mkdirSync(directory.at('other/keys'));
        writeFileSync(directory.at(`other/keys/${'ab'.repeat(20)}.key`), 'not ours');
        return { dataDir: directory.at('other') };
      },
      want: /the key of the active x509 authority [0-9a-f]+ is gone/,
    },
  ];
  for (const { name, lose, want } of losses)
    it(`is refused, and no key is touched: ${name}`, async () => {
      const ids = await serving(places, async (authority) => {
        await authority.prepare(orderOf());
        await authority.prepare(orderOf('jwt'));
        return idsOf(authority);
      });
      const before = keyNames(places.dataDir);
      assert.equal(before.length, 4);
      const lost: Places = { ...places, ...lose(places) };
      const there = keyNames(lost.dataDir);
      for (const _ of ['once', 'and again'])
        await assert.rejects(
          serving(lost, () => undefined),
          (thrown) => {
            assert.ok(thrown instanceof GatehouseError);
            assert.match(thrown.message, want);
            if (/knows no authority/.test(thrown.message)) {
              for (const id of ids) assert.match(thrown.message, new RegExp(id), 'every key by its name');
              assert.match(thrown.message, /gatehouse restore FILE --from-empty .* gatehouse ca begin --reason TEXT/);
            }
            return thrown.code === 'store_unusable';
          },
        );
      assert.deepEqual(keyNames(places.dataDir), before);
      assert.deepEqual(keyNames(lost.dataDir), there);
    });

  const crashes: { name: string; lose: (image: Places) => void; want: RegExp }[] = [
    { name: 'cut to nothing', lose: ({ store }) => truncateSync(store, 0), want: /its log .*-wal is not/ },
    { name: 'removed without its log', lose: ({ store }) => rmSync(store), want: /its log .*-wal is not/ },
    {
      name: 'without its log',
      lose: ({ store }) => rmSync(`${store}-wal`),
      want: /older than it was|knows no authority/,
    },
    {
      name: 'with half of its log',
      lose: ({ store }) => cutTo(`${store}-wal`, 0.5),
      want: /older than it was|damaged/,
    },
  ];
  for (const { name, lose, want } of crashes)
    it(`is refused after a crash: ${name}`, async () => {
      const image: Places = { dataDir: directory.at('image'), store: directory.at('image-store/gatehouse.db') };
      await serving(places, async (authority) => {
        for (const verb of ['prepare', 'activate', 'taint', 'revoke'] as const)
          await authority[verb](orderOf('x509', { override: true }));
        // What a crash would leave at this instant.
        cpSync(places.dataDir, image.dataDir, { recursive: true });
        cpSync(directory.at('store'), directory.at('image-store'), { recursive: true });
      });
      assert.ok(statSync(`${image.store}-wal`).size > 0);
      const whole: Places = { dataDir: directory.at('whole'), store: directory.at('whole-store/gatehouse.db') };
      cpSync(image.dataDir, whole.dataDir, { recursive: true });
      cpSync(directory.at('image-store'), directory.at('whole-store'), { recursive: true });
      await serving(whole, (authority) => assert.ok(authority.readiness.value.ready, 'a crash alone is nothing'));
      const before = keyNames(image.dataDir);
      lose(image);
      await assert.rejects(
        serving(image, () => undefined),
        refusal('store_unusable', want),
      );
      assert.deepEqual(keyNames(image.dataDir), before);
    });

  it('is refused where keys live in memory too, by what the data directory remembers', async () => {
    const inMemory = { ...places, keysInMemory: true };
    await serving(inMemory, () => undefined);
    await serving(inMemory, (authority) => assert.ok(authority.readiness.value.ready));
    const lost = { ...inMemory, store: directory.at('store/other.db') };
    await assert.rejects(
      serving(lost, () => undefined),
      refusal('store_unusable', /active x509 authority [0-9a-f]{40}/),
    );
  });

  it('is refused in a directory that followed an authority elsewhere', async () => {
    const own = await serving(places, (authority) => authority.bundles.value.own);
    const follower: Places = { dataDir: directory.at('follower'), store: directory.at('store/follower.db') };
    prepareDataDir(follower.dataDir);
    {
      using kept = openStoredTexts(follower.dataDir);
      openFeedMemory(kept, trustDomain).keepBundles({ own, intermediates: [], federated: new Map() });
    }
    await assert.rejects(
      serving(follower, () => undefined),
      refusal('store_unusable', /of the authority that it followed/),
    );
  });

  it('is refused where it is an older copy of itself, and until a backup or a word brings it forward', async () => {
    await serving(places, () => undefined);
    cpSync(places.store, directory.at('store/copy.db'));
    await serving(places, (authority) =>
      authority.revokeSvid({ kind: 'id', value: requestOf('a').entitlement.spiffeId, who: 'uid:0', reason: 'stolen' }),
    );
    const older = { ...places, store: directory.at('store/copy.db') };
    await assert.rejects(
      serving(older, () => undefined),
      refusal('store_unusable', /older than it was/),
    );
    await serving(places, (authority) => assert.equal(authority.revocations.value.rows.length, 1));
  });

  it('is refused in PostgreSQL: an empty database, and one without the row of its state', async () => {
    await using database = await startPostgres();
    const open: Opener = () => openPostgresAuthorityStore(database.url, trustDomain);
    await serving(places, () => undefined, open);
    await serving(places, (authority) => assert.ok(authority.readiness.value.ready), open);
    await using empty = await startPostgres();
    const elsewhere: Opener = () => openPostgresAuthorityStore(empty.url, trustDomain);
    const reject = (at: Opener, want: RegExp) =>
      assert.rejects(
        serving(places, () => undefined, at),
        refusal('store_unusable', want),
      );
    await reject(elsewhere, /knows no authority/);
    const begun = await begin(places, 'moved', elsewhere);
    assert.equal(begun.known.length, 2);
    await serving(places, (authority) => assert.ok(authority.readiness.value.ready), elsewhere);
    await using other = await tempDir();
    const fresh = { ...places, dataDir: other.at('data') };
    await database.query('DELETE FROM gatehouse_state');
    await assert.rejects(
      serving(fresh, () => undefined, open),
      refusal('store_unusable', /key [0-9a-f]{40}/),
    );
    const again = await begin(fresh, 'its table is gone', open);
    assert.equal(again.setAside.length, 2);
    const ids = await serving(fresh, idsOf, open);
    for (const where of again.setAside) for (const id of ids) assert.doesNotMatch(where, new RegExp(id));
  }).timeout(300_000);

  it('begins anew only when told, once, with a reason; keys are moved aside and sequences go on above', async () => {
    const before = await serving(places, async (authority) => ({
      ids: await idsOf(authority),
      sequence: authority.bundles.value.own.sequence,
    }));
    const bytes = before.ids.map((id) => readFileSync(join(places.dataDir, 'keys', `${id}.key`)));
    await assert.rejects(begin(places), refusal('slot_state', /rotate them instead/));
    truncateSync(places.store, 0);
    await assert.rejects(begin(places, ' '), refusal('message_invalid', /needs a reason/));
    const { known, setAside } = await begin(places, 'disk lost');
    assert.equal(known.length, 2);
    for (const [i, id] of before.ids.entries()) {
      assert.ok(setAside.includes(join(places.dataDir, 'keys/orphaned', `${id}.key`)));
      assert.deepEqual(readFileSync(join(places.dataDir, 'keys/orphaned', `${id}.key`)), bytes[i]);
    }
    await assert.rejects(begin(places), refusal('slot_state', /nothing is left/));
    await serving(places, async (authority) => {
      for (const id of await idsOf(authority)) assert.ok(!before.ids.includes(id));
      assert.ok(authority.bundles.value.own.sequence > before.sequence);
      const audit = await authority.audit(100);
      assert.deepEqual(
        audit.filter(({ verb }) => verb === 'ca begin').map(({ reason }) => reason),
        ['disk lost'],
      );
    });
    await serving(places, (authority) => assert.ok(authority.readiness.value.ready));
  });

  it('goes on after a crash before or after any write of a first start, and of a rotation', async () => {
    class Crash extends Error {}
    let [writes, crashAt] = [0, 0];
    const crashing = async <T>(write: () => Promise<T>): Promise<T> => {
      writes += 1;
      if (writes === crashAt) throw new Crash();
      const result = await write();
      writes += 1;
      if (writes === crashAt) throw new Crash();
      return result;
    };
    const fragile: Opener = async (at) => {
      const { store, keys } = await sqlite(at);
      return {
        store: { ...store, change: (step) => crashing(() => store.change(step)) },
        keys: {
          ...keys,
          put: (id, bytes) => crashing(() => keys.put(id, bytes)),
          remove: (id) => crashing(() => keys.remove(id)),
          setAside: (id) => crashing(() => keys.setAside(id)),
        },
      };
    };
    const rotate = async (authority: Authority): Promise<void> => {
      for (const verb of ['prepare', 'undo', 'prepare', 'activate', 'taint', 'revoke'] as const)
        await authority[verb](orderOf('x509', { override: true }));
    };
    let crashes = 0;
    for (crashAt = 1; ; crashAt += 1) {
      writes = 0;
      const at: Places = { dataDir: directory.at(`data-${crashAt}`), store: directory.at(`store/${crashAt}.db`) };
      const crashed = await serving(at, rotate, fragile).then(
        () => false,
        (thrown: unknown) => {
          if (!(thrown instanceof Error && (thrown instanceof Crash || thrown.cause instanceof Crash))) throw thrown;
          return true;
        },
      );
      await serving(at, async (authority) => {
        assert.ok(authority.readiness.value.ready);
        const needed = (await idsOf(authority)).toSorted();
        assert.deepEqual(
          keyNames(at.dataDir)
            .map((name) => name.slice(0, -4))
            .toSorted(),
          needed,
          `crash ${crashAt}`,
        );
        assert.ok(await authority.issueX509(requestOf('a')));
      });
      if (!crashed) break;
      crashes += 1;
    }
    assert.ok(crashes > 20, `${crashes} crashes`);
  }).timeout(300_000);

  it('keeps a key that no authority knows, and names it', async () => {
    await serving(places, () => undefined);
    const id = 'cd'.repeat(20);
    for (const [round, name] of [`${id}.key`, `${id}.1.key`].entries()) {
      writeFileSync(join(places.dataDir, 'keys', `${id}.key`), `key ${round}`);
      await serving(places, (authority, reports) => {
        assert.ok(authority.readiness.value.ready);
        assert.equal(reports.filter((each) => each.includes(id) && each.includes(`orphaned/${name}`)).length, 1);
      });
      assert.equal(readFileSync(join(places.dataDir, 'keys/orphaned', name), 'utf8'), `key ${round}`);
    }
    assert.equal(keyNames(places.dataDir).length, 2);
  });
});
