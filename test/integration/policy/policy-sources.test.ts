import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatehouseError } from '../../../src/errors.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { openStoredTexts, type StoredTexts } from '../../../src/platform/storage/stored-texts.ts';
import { usualDialect } from '../../../src/policy/dialects/contribution.ts';
import { registryKinds } from '../../../src/policy/dialects/kubernetes/registry-readers.ts';
import type { Endpoint } from '../../../src/policy/registry/registry.ts';
import { lastGoodIn } from '../../../src/policy/sources/last-good-store.ts';
import type { PolicyPath } from '../../../src/policy/sources/policy-path.ts';
import { openPolicySources, type PolicyLoad, type PolicySources } from '../../../src/policy/sources/policy-sources.ts';

const policy = (name: string, rules = '[{}]', action = 'ALLOW'): string =>
  `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: ${name}, namespace: default}\nspec: {action: ${action}, rules: ${rules}}\n`;

const usual = {
  ...usualDialect,
  absence: 'upstream',
} as const;

const namesOf = (load: PolicyLoad): string[] =>
  load.model.planes
    .flatMap((plane) => plane.stages)
    .flatMap((stage) => stage.policies.map(({ ref }) => ref.name))
    .sort();

describe('openPolicySources', () => {
  let root: string;
  const open: PolicySources[] = [];
  const texts: StoredTexts[] = [];
  const at = (...parts: string[]): string => join(root, ...parts);

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'policies-'));
    mkdirSync(at('policies'));
    mkdirSync(at('data'));
  });
  afterEach(async () => {
    for (const sources of open.splice(0)) await sources[Symbol.asyncDispose]();
    for (const one of texts.splice(0)) one[Symbol.dispose]();
    rmSync(root, { recursive: true, force: true });
  });

  /** What a start of the server opens: the same texts as the start before, which has ended. */
  const storedTexts = (): StoredTexts => {
    for (const one of texts.splice(0)) one[Symbol.dispose]();
    const opened = openStoredTexts(at('data'));
    texts.push(opened);
    return opened;
  };

  const start = async (
    paths: readonly PolicyPath[] = [{ path: at('policies') }],
    stored: StoredTexts = storedTexts(),
    quietMs = 10,
  ): Promise<PolicySources> => {
    const sources = await openPolicySources(
      { ...usual, paths, watch: { quietMs, movedMs: 10, mostMs: 10 * quietMs, pollMs: 0 } },
      { clock: systemClock, lastGood: lastGoodIn(stored) },
    );
    open.push(sources);
    return sources;
  };

  /** Resolves with the first load that satisfies `wanted`; the watcher alone brings it. */
  const until = (sources: PolicySources, wanted: (load: PolicyLoad) => boolean): Promise<PolicyLoad> =>
    new Promise((resolve) => {
      if (wanted(sources.current.value)) return resolve(sources.current.value);
      const stop = sources.current.subscribe((load) => {
        if (!wanted(load)) return;
        stop();
        resolve(load);
      });
    });
  const untilNames = (sources: PolicySources, ...names: string[]): Promise<PolicyLoad> =>
    until(sources, (load) => namesOf(load).join() === names.join());

  it('reads a directory and its subdirectories, and other names not at all', async () => {
    mkdirSync(at('policies', 'team'));
    writeFileSync(at('policies', 'a.yaml'), policy('a'));
    writeFileSync(at('policies', 'team', 'b.yml'), policy('b'));
    writeFileSync(at('policies', 'c.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [] }));
    writeFileSync(at('policies', 'notes.txt'), 'not: [policy');
    writeFileSync(at('policies', '.a.yaml.swp'), 'not: [policy');
    const { value } = (await start()).current;
    assert.deepEqual(namesOf(value), ['a', 'b']);
    assert.deepEqual([value.generation, value.degraded, value.isEmpty], [1, [], false]);
    assert.deepEqual(value.counts, [{ dialect: 'istio', kind: 'AuthorizationPolicy', count: 2 }]);
  });

  it('hears of a new, a changed and a deleted file', async () => {
    writeFileSync(at('policies', 'a.yaml'), policy('a'));
    const sources = await start();
    writeFileSync(at('policies', 'b.yaml'), policy('b'));
    assert.equal((await untilNames(sources, 'a', 'b')).generation, 2);
    writeFileSync(at('policies', 'b.yaml'), policy('bb'));
    await untilNames(sources, 'a', 'bb');
    rmSync(at('policies', 'b.yaml'));
    assert.deepEqual((await untilNames(sources, 'a')).degraded, []);
  });

  it("follows an editor's rename", async () => {
    writeFileSync(at('policies', 'a.yaml'), policy('a'));
    const sources = await start([{ path: at('policies', 'a.yaml') }]);
    writeFileSync(at('policies', '.a.yaml.tmp'), policy('z'));
    renameSync(at('policies', '.a.yaml.tmp'), at('policies', 'a.yaml'));
    await untilNames(sources, 'z');
    writeFileSync(at('policies', '.a.yaml.tmp'), policy('w'));
    renameSync(at('policies', '.a.yaml.tmp'), at('policies', 'a.yaml'));
    await untilNames(sources, 'w');
  });

  it('waits for quiet only where more may come: not after renames', async () => {
    writeFileSync(at('policies', 'a.yaml'), policy('a'));
    const sources = await start(undefined, undefined, 3_600_000);
    writeFileSync(at('policies', 'a.yaml.new'), policy('z'));
    renameSync(at('policies', 'a.yaml.new'), at('policies', 'a.yaml'));
    await untilNames(sources, 'z');
    writeFileSync(at('policies', 'b.yaml'), policy('half'));
    writeFileSync(at('policies', 'a.yaml.new'), policy('w'));
    renameSync(at('policies', 'a.yaml.new'), at('policies', 'a.yaml'));
    renameSync(at('policies', 'b.yaml'), at('policies', 'c.yaml'));
    await untilNames(sources, 'half', 'w');
  });

  it("follows the swap of a ConfigMap's ..data, again and again", async () => {
    const version = (name: string, content: string): void => {
      mkdirSync(at('policies', name));
      writeFileSync(at('policies', name, 'a.yaml'), content);
      symlinkSync(name, at('policies', '..data_tmp'));
      renameSync(at('policies', '..data_tmp'), at('policies', '..data'));
    };
    version('..1', policy('one'));
    symlinkSync(join('..data', 'a.yaml'), at('policies', 'a.yaml'));
    const sources = await start();
    assert.deepEqual(namesOf(sources.current.value), ['one']);
    version('..2', policy('two'));
    rmSync(at('policies', '..1'), { recursive: true });
    await untilNames(sources, 'two');
    version('..3', policy('three'));
    rmSync(at('policies', '..2'), { recursive: true });
    await untilNames(sources, 'three');
  });

  it('hears of a change behind a symlink, and keeps what it held when it points nowhere', async () => {
    mkdirSync(at('elsewhere'));
    writeFileSync(at('elsewhere', 'real.yaml'), policy('a', '[{}]', 'DENY'));
    writeFileSync(at('policies', 'b.yaml'), policy('b'));
    symlinkSync(at('elsewhere', 'real.yaml'), at('policies', 'a.yaml'));
    const sources = await start();
    writeFileSync(at('elsewhere', 'real.yaml'), policy('c', '[{}]', 'DENY'));
    await untilNames(sources, 'b', 'c');
    rmSync(at('elsewhere', 'real.yaml'));
    const load = await until(sources, ({ degraded }) => degraded.length > 0);
    assert.deepEqual([namesOf(load), load.degraded], [['b', 'c'], [at('policies', 'a.yaml')]]);
  });

  it('goes on with the rest when a new file is broken from the start', async () => {
    writeFileSync(at('policies', 'a.yaml'), policy('a'));
    const sources = await start();
    writeFileSync(at('policies', 'b.yaml'), policy('b').slice(0, 70));
    const half = await until(sources, ({ degraded }) => degraded.length > 0);
    assert.deepEqual(namesOf(half), ['a']);
    writeFileSync(at('policies', 'b.yaml'), policy('b'));
    assert.deepEqual((await untilNames(sources, 'a', 'b')).degraded, []);
  });

  it('keeps everything while the directory is away, and goes on when it comes back', async () => {
    writeFileSync(at('policies', 'a.yaml'), policy('a'));
    const sources = await start();
    rmSync(at('policies'), { recursive: true });
    const away = await until(sources, (load) => load.degraded.length > 0);
    assert.deepEqual([namesOf(away), away.degraded], [['a'], [at('policies')]]);
    mkdirSync(at('policies'));
    writeFileSync(at('policies', 'b.yaml'), policy('b'));
    assert.deepEqual((await untilNames(sources, 'b')).degraded, []);
  });

  it('keeps the last good content of a broken file, while other files change', async () => {
    writeFileSync(at('policies', 'a.yaml'), policy('a'));
    writeFileSync(at('policies', 'b.yaml'), policy('b'));
    const sources = await start();
    writeFileSync(at('policies', 'b.yaml'), `${policy('bb')}---\nkind: [`);
    const broken = await until(sources, (load) => load.degraded.length > 0);
    assert.deepEqual([namesOf(broken), broken.degraded], [['a', 'b'], [`${at('policies', 'b.yaml')}:6`]]);
    assert.equal(broken.findings[0]?.code, 'yaml-syntax');
    writeFileSync(at('policies', 'a.yaml'), policy('aa'));
    const moved = await untilNames(sources, 'aa', 'b');
    assert.equal(moved.degraded.length, 1);
    writeFileSync(at('policies', 'b.yaml'), policy('bb'));
    assert.deepEqual((await untilNames(sources, 'aa', 'bb')).degraded, []);
  });

  it('keeps what a file held when the file is cut to nothing', async () => {
    writeFileSync(at('policies', 'a.yaml'), policy('a'));
    writeFileSync(at('policies', 'b.yaml'), policy('b', '[{}]', 'DENY'));
    const sources = await start();
    writeFileSync(at('policies', 'b.yaml'), '');
    const load = await until(sources, ({ degraded }) => degraded.length > 0);
    assert.deepEqual([namesOf(load), load.findings[0]?.code], [['a', 'b'], 'file-emptied']);
  });

  it('keeps the last set when no policy is left', async () => {
    writeFileSync(at('policies', 'a.yaml'), policy('a'));
    const sources = await start();
    rmSync(at('policies', 'a.yaml'));
    const load = await until(sources, ({ degraded }) => degraded.length > 0);
    assert.deepEqual([namesOf(load), load.degraded, load.isEmpty], [['a'], [at('policies')], false]);
    assert.equal(load.findings.at(-1)?.code, 'set-emptied');
    writeFileSync(at('policies', 'b.yaml'), policy('b'));
    assert.deepEqual((await untilNames(sources, 'b')).degraded, []);
  });

  it('starts with an empty directory, and says that it is empty', async () => {
    assert.equal((await start()).current.value.isEmpty, true);
  });

  it('refuses the file that brings a name which is in force already', async () => {
    writeFileSync(at('policies', 'm.yaml'), policy('a'));
    const sources = await start();
    writeFileSync(at('policies', 'b.yaml'), `${policy('a', '[]')}---\n${policy('b')}`);
    const load = await until(sources, ({ degraded }) => degraded.length > 0);
    assert.deepEqual([namesOf(load), load.degraded], [['a'], [`${at('policies', 'b.yaml')}:1`]]);
    const finding = load.findings.find(({ code }) => code === 'duplicate-document');
    assert.match(finding?.message ?? '', /m\.yaml:1 already, and again at .*b\.yaml:1/);
  });

  it('counts a copy that says the same once, and says so', async () => {
    writeFileSync(at('policies', 'm.yaml'), policy('a'));
    const sources = await start();
    writeFileSync(at('policies', 'n.yaml'), `# a copy\n${policy('a')}---\n${policy('b')}`);
    const load = await untilNames(sources, 'a', 'b');
    assert.deepEqual(load.degraded, []);
    const finding = load.findings.find(({ code }) => code === 'duplicate-copy');
    assert.deepEqual([finding?.severity, finding?.file], ['warning', at('policies', 'n.yaml')]);
  });

  it('moves a document from one file to another in one step', async () => {
    writeFileSync(at('policies', 'a.yaml'), `${policy('a')}---\n${policy('b')}`);
    writeFileSync(at('policies', 'z.yaml'), policy('z'));
    const sources = await start([{ path: at('policies') }]);
    writeFileSync(at('policies', 'z.yaml'), `${policy('z')}---\n${policy('b')}`);
    writeFileSync(at('policies', 'a.yaml'), policy('a'));
    const load = await sources.reload();
    assert.deepEqual([namesOf(load), load.degraded], [['a', 'b', 'z'], []]);
  });

  it('takes the last good content after a restart, and refuses to start without one', async () => {
    writeFileSync(at('policies', 'a.yaml'), policy('a'));
    writeFileSync(at('policies', 'b.yaml'), policy('b'));
    const first = await start(undefined, storedTexts());
    await first[Symbol.asyncDispose]();
    writeFileSync(at('policies', 'b.yaml'), policy('b', '[{form: []}]'));
    const second = await start(undefined, storedTexts());
    assert.deepEqual(namesOf(second.current.value), ['a', 'b']);
    assert.deepEqual(second.current.value.degraded, [`${at('policies', 'b.yaml')}:4`]);
    await second[Symbol.asyncDispose]();
    rmSync(at('data'), { recursive: true });
    mkdirSync(at('data'));
    await assert.rejects(start(undefined, storedTexts()), (thrown: unknown) => {
      assert.ok(thrown instanceof GatehouseError);
      assert.equal(thrown.code, 'policy_invalid');
      assert.match(thrown.message, /b\.yaml:4:\d+: there is no field "form" here; did you mean from\?/);
      return true;
    });
  });

  it('forgets the content of files that are gone, and leaves the texts of others alone', async () => {
    const stored = storedTexts();
    stored.set('feed', 'said');
    writeFileSync(at('policies', 'a.yaml'), policy('a'));
    writeFileSync(at('policies', 'b.yaml'), policy('b'));
    const first = await start(undefined, stored);
    rmSync(at('policies', 'b.yaml'));
    await first.reload();
    await first[Symbol.asyncDispose]();
    assert.deepEqual(stored.names(), ['feed', `policy ${at('policies', 'a.yaml')}`]);
  });

  it('refuses to start with a path that is not there', async () => {
    await assert.rejects(start([{ path: at('nowhere') }]), /nowhere does not exist/);
  });

  describe('a path that is confined to namespaces', () => {
    const confined = () => [{ path: at('policies') }, { path: at('tenant'), namespaces: ['x', 'y'] }];
    const own = (name: string): string => policy(name).replace('namespace: default', 'namespace: x');
    const broken: readonly { readonly name: string; readonly write: () => void; readonly degraded: () => string[] }[] = [
      { name: 'a document of another namespace', write: () => writeFileSync(at('tenant/b.yaml'), policy('b')), degraded: () => [`${at('tenant/b.yaml')}:1`] },
      { name: 'broken YAML', write: () => writeFileSync(at('tenant/b.yaml'), 'a: ['), degraded: () => [`${at('tenant/b.yaml')}:1`] },
      { name: 'names of the language', write: () => writeFileSync(at('tenant/b.yaml'), own('b').replace('rules: [{}]', 'rules: [{when: [{key: constructor, values: [a]}]}]')), degraded: () => [`${at('tenant/b.yaml')}:4`] },
      { name: 'bytes that are no text', write: () => writeFileSync(at('tenant/b.yaml'), Buffer.from([0xff, 0xfe])), degraded: () => [`${at('tenant/b.yaml')}:1`] },
      { name: 'a name that a policy of the platform has', write: () => { writeFileSync(at('policies/z.yaml'), own('same')); writeFileSync(at('tenant/b.yaml'), own('same').replace('ALLOW', 'DENY')); }, degraded: () => [`${at('tenant/b.yaml')}:1`] },
      { name: 'a pipe', write: () => execFileSync('mkfifo', [at('tenant/b.yaml')]), degraded: () => [at('tenant/b.yaml')] },
      { name: 'a link to nowhere', write: () => symlinkSync('nowhere', at('tenant/b.yaml')), degraded: () => [at('tenant/b.yaml')] },
      { name: 'a link to itself', write: () => symlinkSync('b.yaml', at('tenant/b.yaml')), degraded: () => [at('tenant/b.yaml')] },
      { name: 'a link to a file elsewhere', write: () => symlinkSync(at('policies/a.yaml'), at('tenant/b.yaml')), degraded: () => [at('tenant/b.yaml')] },
      { name: 'a link to a directory elsewhere', write: () => symlinkSync('..', at('tenant/b')), degraded: () => [at('tenant/b')] },
      { name: 'a directory in place of a file', write: () => mkdirSync(at('tenant/b.yaml')), degraded: () => [at('tenant/b.yaml')] },
    ]; // biome-ignore format: rows
    for (const platformFirst of [true, false])
      for (const { name, write, degraded } of broken)
        it(`stops no start by ${name}, the path ${platformFirst ? 'last' : 'first'}`, async () => {
          mkdirSync(at('tenant'));
          writeFileSync(at('policies', 'a.yaml'), policy('a'));
          writeFileSync(at('tenant', 'ours.yaml'), own('ours'));
          write();
          const sources = await start(platformFirst ? confined() : confined().toReversed());
          const { value } = sources.current;
          assert.ok(['a', 'ours'].every((each) => namesOf(value).includes(each)));
          assert.deepEqual(value.degraded, degraded());
          assert.equal(value.findings.filter(({ severity }) => severity === 'error').length > 0, degraded().length > 0);
          writeFileSync(at('policies', 'a.yaml'), policy('later'));
          const load = await sources.reload();
          assert.ok(namesOf(load).includes('later'), 'others go on');
          assert.deepEqual(load.degraded, degraded());
        });

    it('is the operator’s to name: one that is not there stops a start', () =>
      assert.rejects(start(confined()), /tenant does not exist/));

    it('may hold links within itself, and documents of its namespaces', async () => {
      mkdirSync(at('tenant/..data'), { recursive: true });
      writeFileSync(at('tenant/..data/b.yaml'), own('b'));
      symlinkSync('..data/b.yaml', at('tenant/b.yaml'));
      const { value } = (await start(confined())).current;
      assert.deepEqual([namesOf(value), value.degraded], [['b'], []]);
    });
  });

  describe('what is no file', () => {
    it('stops a start where no namespaces confine it, at once, and names it', async () => {
      execFileSync('mkfifo', [at('policies/a.yaml')]);
      await assert.rejects(start(), /a\.yaml cannot be read \(neither a file nor a directory\)/);
    });

    it('keeps what a file held that a pipe takes the place of', async () => {
      writeFileSync(at('policies', 'a.yaml'), policy('a'));
      writeFileSync(at('policies', 'b.yaml'), policy('b'));
      const sources = await start();
      rmSync(at('policies', 'a.yaml'));
      execFileSync('mkfifo', [at('policies/a.yaml')]);
      const load = await sources.reload();
      assert.deepEqual([namesOf(load), load.degraded], [['a', 'b'], [at('policies/a.yaml')]]);
    });

    it('keeps what a file held that an empty directory takes the place of', async () => {
      writeFileSync(at('policies', 'a.yaml'), policy('a'));
      writeFileSync(at('policies', 'b.yaml'), policy('b'));
      const sources = await start();
      rmSync(at('policies', 'a.yaml'));
      mkdirSync(at('policies', 'a.yaml'));
      const load = await sources.reload();
      assert.deepEqual([namesOf(load), load.degraded], [['a', 'b'], [at('policies/a.yaml')]]);
    });

    it('reads each directory once, however many links lead to it', async () => {
      const names = Array.from({ length: 9 }, (_, i) => `d${i}`);
      for (const name of names) mkdirSync(at('policies', name));
      for (const from of names) for (const to of names) symlinkSync(`../${to}`, at('policies', from, `to-${to}`));
      for (const name of names) writeFileSync(at('policies', name, 'p.yaml'), policy(name));
      const sources = await start();
      assert.deepEqual([namesOf(sources.current.value), sources.current.value.findings], [names, []]);
    });
  });

  it('says that a look has failed, keeps what was in force, and goes on with the next', async () => {
    writeFileSync(at('policies', 'a.yaml'), policy('a'));
    let isBroken = false;
    const clock = { ...systemClock, now: () => { if (isBroken) throw new TypeError('a fault\nof ours'); return systemClock.now(); } }; // biome-ignore format: a row
    const sources = await openPolicySources({ ...usual, paths: [{ path: at('policies') }] }, { clock, lastGood: lastGoodIn(storedTexts()) }); // biome-ignore format: a row
    open.push(sources);
    isBroken = true;
    writeFileSync(at('policies', 'b.yaml'), policy('b'));
    await assert.rejects(sources.reload(), /a fault/);
    const { value } = sources.current;
    assert.deepEqual([namesOf(value), value.degraded.length, value.findings[0]?.code], [['a'], 1, 'look-failed']);
    assert.match(value.degraded[0] ?? '', /^policies: the last look at the files failed: a fault/);
    isBroken = false;
    const load = await sources.reload();
    assert.deepEqual([namesOf(load), load.degraded], [['a', 'b'], []]);
  });

  describe('a file that several paths lead to', () => {
    const pod = 'apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: x}\nstatus: {podIPs: [{ip: 10.0.0.7}]}\n';
    const seen = (load: PolicyLoad): unknown => [namesOf(load), load.model.registry?.endpoints.map(({ name }) => name)];
    const policies = { path: '', kinds: undefined };
    const registry = { path: '', kinds: registryKinds };
    const ways: readonly { name: string; paths: () => readonly PolicyPath[] }[] = [
      { name: 'policies, then registry', paths: () => [{ path: at('policies') }, { ...registry, path: at('policies') }] },
      { name: 'registry, then policies', paths: () => [{ ...registry, path: at('policies') }, { path: at('policies') }] },
      { name: 'directory and file', paths: () => [{ path: at('policies') }, { ...registry, path: at('policies/a.yaml') }] },
      { name: 'file and directory', paths: () => [{ path: at('policies/a.yaml') }, { ...registry, path: at('policies') }] },
      { name: 'three paths', paths: () => [policies, registry, policies].map((one) => ({ ...(one.kinds && { kinds: one.kinds }), path: at('policies') })) },
      { name: 'other spellings', paths: () => [{ path: `${at('policies')}//../policies/` }, { ...registry, path: `${at('policies')}/.` }] },
      { name: 'a symlink to the directory', paths: () => [{ path: at('policies') }, { ...registry, path: at('link') }] },
      { name: 'a symlink to the file', paths: () => [{ path: at('link/a.yaml') }, { ...registry, path: at('policies') }] },
      { name: 'a confined path', paths: () => [{ path: at('policies'), namespaces: ['x', 'default'] }, { ...registry, path: at('policies') }] },
    ]; // biome-ignore format: rows
    for (const { name, paths } of ways) {
      it(`loses neither policies nor pods: ${name}, at start and on reload`, async () => {
        symlinkSync('policies', at('link'));
        writeFileSync(at('policies', 'a.yaml'), `${policy('a')}---\n${pod}`);
        const sources = await start(paths());
        assert.deepEqual(seen(sources.current.value), [['a'], ['web']]);
        writeFileSync(at('policies', 'a.yaml'), `${policy('b')}---\n${pod.replace('web', 'new')}`);
        const load = await sources.reload();
        assert.deepEqual([seen(load), load.degraded], [[['b'], ['new']], []]);
      });
    }
  });

  it('reads again only the file that changed', async () => {
    for (let i = 0; i < 300; i++) writeFileSync(at('policies', `p${i}.yaml`), policy(`p${i}`));
    const sources = await start();
    const policies = (load: PolicyLoad): ReadonlyMap<string, unknown> =>
      new Map(
        load.model.planes
          .flatMap(({ stages }) => stages)
          .flatMap((stage) => stage.policies.map((one) => [one.ref.name, one])),
      );
    const before = policies(sources.current.value);
    writeFileSync(at('policies', 'p7.yaml'), policy('p7', '[]'));
    const after = policies(await sources.reload());
    const changed = [...after].filter(([name, one]) => before.get(name) !== one).map(([name]) => name);
    assert.deepEqual([after.size, changed], [300, ['p7']]);
  });

  it('does not change what nobody touched', async () => {
    writeFileSync(at('policies', 'a.yaml'), policy('a'));
    const sources = await start();
    const before = sources.current.value;
    writeFileSync(at('policies', 'a.yaml'), policy('a'));
    assert.equal(await sources.reload(), before);
  });

  it('takes other workloads of the configuration at a reload, as a new generation, and keeps them', async () => {
    writeFileSync(at('policies', 'a.yaml'), policy('a'));
    const sources = await start();
    const details: Endpoint = {
      namespace: 'default',
      name: 'details',
      serviceAccount: 'details',
      labels: [['app', 'details']],
      addresses: ['10.0.0.7/32'],
      ports: [],
      hostNetwork: false,
    };
    const told = await sources.reload([details]);
    assert.deepEqual([told.generation, told.model.registry?.endpoints], [2, [details]]);
    assert.equal(await sources.reload(), told);
    assert.equal(await sources.reload([details]), told);
    writeFileSync(at('policies', 'b.yaml'), policy('b'));
    assert.deepEqual((await untilNames(sources, 'a', 'b')).model.registry?.endpoints, [details]);
    assert.deepEqual((await sources.reload([])).model.registry?.endpoints, []);
  });

  it('keeps what was good at every length of a file that is being written', async () => {
    const text = policy('a', '[{from: [{source: {principals: [x]}}]}]', 'DENY');
    writeFileSync(at('policies', 'a.yaml'), text);
    writeFileSync(at('policies', 'b.yaml'), policy('b'));
    const sources = await start();
    const inForce = ({ model }: PolicyLoad): string => JSON.stringify(model.planes);
    const before = inForce(sources.current.value);
    const allowsNothing = /default\}\n?$|spec: ?$/; // without a spec it is a whole policy, which allows nothing
    for (let length = 1; length < text.lastIndexOf('}'); length++) {
      const cut = text.slice(0, length);
      if (allowsNothing.test(cut)) continue;
      writeFileSync(at('policies', 'a.yaml'), cut);
      const load = await sources.reload();
      assert.equal(inForce(load), before, JSON.stringify(cut));
      assert.equal(load.degraded.length, 1, JSON.stringify(cut));
    }
  });
});
