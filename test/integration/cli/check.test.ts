import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createPlainServer } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { commandLine } from '../../support/command-line.ts';
import { type GatehouseDir, gatehouseDir } from '../../support/gatehouse-dir.ts';
import { runGatehouse } from '../../support/run-gatehouse.ts';

interface Report {
  readonly ok: boolean;
  readonly server: string;
  readonly errors: number;
  readonly sections: readonly {
    readonly name: string;
    readonly checks: readonly {
      readonly result: string;
      readonly code: string;
      readonly message: string;
      readonly fix: string;
    }[];
  }[];
}

const own = { spiffeId: 'spiffe://cluster.local/ns/default/sa/details', selectors: [`unix:uid:${process.getuid!()}`] };
/** `gh-` directories are in /tmp, which nobody mistakes for a user of entries. */
const other = { ...own, selectors: ['unix:uid:4242'] };

async function check(...args: readonly string[]): Promise<Report & { readonly code: number | undefined }> {
  const { out, err, code } = await commandLine('check', ...args, '--output', 'json');
  assert.notEqual(out, '', err);
  return { ...(JSON.parse(out) as Report), code };
}

const faults = ({ sections }: Report): string[] =>
  sections.flatMap(({ name, checks }) =>
    checks.flatMap(({ result, code }) => (result === 'error' ? [`${name}: ${code}`] : [])),
  );

/** @param differs  of the configuration */
async function served(differs: object = {}): Promise<GatehouseDir> {
  return gatehouseDir({ entries: [other], ...differs });
}

describe('gatehouse check --pre', () => {
  const makeSqlite = (path: string, more: string): void => {
    const database = new DatabaseSync(path);
    database.exec(`CREATE TABLE a (b); ${more}`);
    database.close();
  };
  const rows: readonly {
    readonly name: string;
    readonly differs?: object;
    readonly spoil?: (dir: GatehouseDir) => void;
    readonly want: readonly string[];
  }[] = [
    { name: 'a configuration before its first start', want: [] },
    { name: 'a configuration that is wrong', differs: { listn: {} }, want: ['configuration: unknown-key'] },
    {
      name: 'no policies',
      differs: { policies: { paths: ['./empty'] } },
      spoil: ({ at }) => mkdirSync(at('empty')),
      want: ['policy files: policies-none'],
    },
    {
      name: 'a path of policies that is not there',
      differs: { policies: { paths: ['./nowhere'] } },
      want: ['policy files: path-missing'],
    },
    {
      name: 'a policy that is broken',
      spoil: ({ at }) =>
        writeFileSync(
          at('policies/broken.yaml'),
          'apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: { name: a, namespace: b }\nspec: { rulez: [] }\n',
        ),
      want: ['policy files: unknown-field'],
    },
    {
      name: 'an entry for a user that does not exist',
      differs: { entries: [{ ...own, selectors: ['unix:user:no-such-user'] }] },
      want: ['entries: user-unknown'],
    },
    {
      name: 'an entry for a group that does not exist',
      differs: { entries: [{ ...own, selectors: ['unix:group:no-such-group'] }] },
      want: ['entries: group-unknown'],
    },
    {
      name: 'an entry for a socket that no workload has',
      differs: { entries: [{ ...own, selectors: ['socket:/run/no.sock'] }] },
      want: ['entries: socket-unknown'],
    },
    {
      name: 'a socket for an owner that does not exist',
      differs: {
        workloads: [{ namespace: 'a', serviceAccount: 'b', socket: { path: './b.sock', owner: 'no-such-user' } }],
      },
      want: ['sockets: user-unknown'],
    },
    {
      name: 'a file where a socket belongs',
      spoil: ({ at }) => {
        mkdirSync(at('run'));
        writeFileSync(at('run/admin.sock'), '');
      },
      want: ['sockets: listener-taken'],
    },
    {
      name: 'a file where the directory of sockets belongs',
      spoil: ({ at }) => writeFileSync(at('run'), ''),
      want: ['sockets: listener-place', 'sockets: listener-place'],
    },
    {
      name: 'a file where the data directory belongs',
      spoil: ({ at }) => writeFileSync(at('data'), ''),
      want: ['data directory: data-dir'],
    },
    {
      name: 'a store of another program',
      spoil: ({ at }) => {
        mkdirSync(at('data'), 0o700);
        makeSqlite(at('data/gatehouse.db'), '');
      },
      want: ['store: store-unusable'],
    },
    {
      name: 'a store of a newer version',
      spoil: ({ at }) => {
        mkdirSync(at('data'), 0o700);
        makeSqlite(at('data/gatehouse.db'), 'PRAGMA application_id=0x47617465; PRAGMA user_version=9999;');
      },
      want: ['store: store-unusable'],
    },
    {
      name: 'a store that is no database',
      spoil: ({ at }) => {
        mkdirSync(at('data'), 0o700);
        writeFileSync(at('data/gatehouse.db'), 'x'.repeat(200));
      },
      want: ['store: store-unusable'],
    },
    {
      name: 'a store in a directory that is not there',
      differs: { store: 'sqlite:./elsewhere/gatehouse.db' },
      want: ['store: store-place'],
    },
    {
      name: 'a database that does not answer',
      differs: { store: 'postgres://a@127.0.0.1:1/b', authority: { keyEncryptionKeyFile: './key' } },
      spoil: ({ at }) => writeFileSync(at('key'), Buffer.alloc(32, 7).toString('base64'), { mode: 0o600 }),
      want: ['store: store-unreachable'],
    },
    {
      name: 'a key-encryption key that is not there',
      differs: { authority: { keyEncryptionKeyFile: './key' } },
      want: ['keys: key-invalid'],
    },
    {
      name: 'a decider alone, whose authority has the store',
      differs: { roles: ['decider'], authorityAddress: 'unix:/nowhere/feed.sock' },
      want: [],
    },
  ];
  for (const { name, differs, spoil, want } of rows) {
    it(`tells of ${name}`, async () => {
      await using dir = await served(differs);
      spoil?.(dir);
      const report = await check('--pre', '--config', dir.config);
      assert.deepEqual(faults(report), want, JSON.stringify(report, null, 1));
      assert.deepEqual(
        [report.ok, report.code, report.server],
        [want.length === 0, want.length === 0 ? 0 : 1, 'not asked'],
      );
    });
  }

  it('tells of a port that somebody has', async () => {
    await using dir = await served();
    const taken = createPlainServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo; // it listens on TCP
    await dir.configure({ entries: [other], listen: { extAuthz: `127.0.0.1:${port}`, health: '127.0.0.1:0' } });
    const report = await check('--pre', '--config', dir.config);
    taken.close();
    assert.deepEqual(faults(report), ['sockets: listener-taken']);
  });

  it('cannot say where there is no configuration', async () => {
    const { err, code } = await commandLine('check', '--config', '/nope/gatehouse.yaml');
    assert.match(err, /\/nope\/gatehouse\.yaml: there is no such file/);
    assert.equal(code, 2);
  });
});

describe('gatehouse check', () => {
  it('finds a server that does its work good, one that is gone not, and changes nothing of what it left', async () => {
    await using dir = await served();
    {
      await using _ = await runGatehouse(dir.config);
      const report = await check('--config', dir.config);
      assert.deepEqual(faults(report), [], JSON.stringify(report, null, 1));
      assert.deepEqual([report.code, report.server], [0, 'running']);
      assert.deepEqual(
        report.sections.map(({ name }) => name),
        [
          'configuration',
          'data directory',
          'store',
          'keys',
          'clock',
          'sockets',
          'entries',
          'policy files',
          'server',
          'deciders',
          'policies in force',
          'metrics',
        ],
      );
      await dir.policy('broken', 'kind: [');
      const text = await commandLine('check', '--config', dir.config);
      assert.match(text.out, /^configuration\n-+\n√ /);
      assert.match(text.out, /\n× .*broken\.yaml:1: .*\n {4}fix: /);
      assert.match(text.out, /\nnot good: \d+ checks, \d+ errors, \d+ warnings\n$/);
      assert.equal(text.code, 1);
    }
    await dir.policy('broken', '');
    const down = await check('--config', dir.config);
    assert.deepEqual([faults(down), down.server, down.code], [['server: unreachable'], 'away', 1]);
    assert.deepEqual(faults(await check('--pre', '--config', dir.config)), []);
    renameSync(dir.at('data/gatehouse.db'), dir.at('data/elsewhere.db'));
    chmodSync(dir.at('data/keys'), 0o700);
    assert.deepEqual(faults(await check('--pre', '--config', dir.config)), ['store: store-missing']);
    renameSync(dir.at('data/elsewhere.db'), dir.at('data/gatehouse.db'));
    await using again = await runGatehouse(dir.config);
    assert.equal(again.ready.ready, true);
  });

  it('examines each Envoy, and tells of one that is silent', async () => {
    await using dir = await served();
    const envoy = createServer(({ url }, response) => {
      response.end(JSON.stringify(url === '/server_info' ? { version: 'a/1.40.0/Clean' } : { configs: [] }));
    });
    await new Promise<void>((resolve) => envoy.listen(0, '127.0.0.1', resolve));
    const { port } = envoy.address() as AddressInfo; // it listens on TCP
    const address = `http://127.0.0.1:${port}`;
    const report = await check('--pre', '--config', dir.config, '--envoy', address, 'http://127.0.0.1:1');
    envoy.close();
    assert.deepEqual(faults(report), ['envoy http://127.0.0.1:1: unreachable']);
    const checks = report.sections.find(({ name }) => name === `envoy ${address}`)?.checks ?? [];
    assert.deepEqual(
      checks.map(({ code }) => code),
      ['envoy', 'no-listener'],
    );
  });
});
