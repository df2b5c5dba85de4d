import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { commandLine } from '../../../support/command-line.ts';
import { type GatehouseDir, gatehouseDir } from '../../../support/gatehouse-dir.ts';

interface Finding {
  readonly file: string;
  readonly line: number;
  readonly severity: string;
  readonly code: string;
  readonly message: string;
}

const spiffeId = 'spiffe://cluster.local/ns/default/sa/details';
const broken =
  'apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: { name: a, namespace: b }\nspec: { rulez: [] }\n';

async function configCheck(dir: GatehouseDir, ...more: readonly string[]) {
  const { out, code } = await commandLine('config', 'check', dir.config, ...more, '--output', 'json');
  return { code, ...(JSON.parse(out) as { ok: boolean; findings: readonly Finding[] }) }; // our own command's answer
}

describe('gatehouse config check', () => {
  const rows: readonly {
    readonly name: string;
    readonly differs?: object;
    readonly spoil?: (dir: GatehouseDir) => void;
    readonly want: readonly string[];
  }[] = [
    { name: 'nothing of one that is good', want: [] },
    {
      name: 'a path of policies that is not there, and every other',
      differs: { policies: { paths: ['./nowhere', './neither'] }, registry: { paths: ['./no-registry'] } },
      want: ['path-missing', 'path-missing', 'path-missing'],
    },
    {
      name: 'a policy that is broken',
      spoil: ({ at }) => writeFileSync(at('policies/broken.yaml'), broken),
      want: ['unknown-field'],
    },
    {
      name: 'no policies',
      differs: { policies: { paths: ['./empty'] } },
      spoil: ({ at }) => mkdirSync(at('empty')),
      want: ['policies-none'],
    },
    {
      name: 'entries for a user and a group that do not exist',
      differs: { entries: [{ spiffeId, selectors: ['unix:user:no-such-user', 'unix:group:no-such-group'] }] },
      want: ['user-unknown', 'group-unknown'],
    },
    {
      name: 'a socket for an owner that does not exist',
      differs: {
        workloads: [{ namespace: 'a', serviceAccount: 'b', socket: { path: './b.sock', owner: 'no-such-user' } }],
      },
      want: ['user-unknown'],
    },
    {
      name: 'a key-encryption key that is not there',
      differs: { authority: { keyEncryptionKeyFile: './key' } },
      want: ['key-invalid'],
    },
    {
      name: 'an upstream CA that is not there',
      differs: { authority: { upstream: { directory: './nowhere' } } },
      want: ['certificate-invalid'],
    },
    {
      name: 'a file to join with that is not there',
      differs: { roles: ['decider'], authorityAddress: '127.0.0.1:1', feed: { joinFile: './nowhere.json' } },
      want: ['config-invalid'],
    },
    {
      name: 'a misspelt key, a broken policy and a user that does not exist, all at once',
      differs: { polcies: {}, listen: { helth: 1 }, entries: [{ spiffeId, selectors: ['unix:user:no-such-user'] }] },
      spoil: ({ at }) => writeFileSync(at('policies/broken.yaml'), broken),
      want: ['unknown-key', 'unknown-key', 'user-unknown', 'unknown-field'],
    },
    {
      name: 'no policies where policies is what is wrong, which it cannot say anything true of',
      differs: { policies: { paths: 7 } },
      want: ['wrong-type'],
    },
  ];
  for (const { name, differs, spoil, want } of rows) {
    it(`tells of ${name}`, async () => {
      await using dir = await gatehouseDir({ entries: [{ spiffeId, selectors: ['unix:uid:4242'] }], ...differs });
      spoil?.(dir);
      const { ok, code, findings } = await configCheck(dir);
      const errors = findings.filter(({ severity }) => severity === 'error').map((each) => each.code);
      assert.deepEqual([...errors].sort(), [...want].sort(), JSON.stringify(findings, null, 1));
      assert.deepEqual([ok, code], [want.length === 0, want.length === 0 ? 0 : 1]);
    });
  }

  it('gives an entry its line, and a policy its file', async () => {
    await using dir = await gatehouseDir({ entries: [{ spiffeId, selectors: ['unix:user:no-such-user'] }] });
    writeFileSync(dir.at('policies/broken.yaml'), broken);
    const { findings } = await configCheck(dir);
    const entry = findings.find((each) => each.code === 'user-unknown');
    assert.equal(entry?.file, dir.config);
    assert.ok((entry?.line ?? 0) > 1);
    const policy = findings.find((each) => each.code === 'unknown-field');
    assert.deepEqual([policy?.file, policy?.line], [dir.at('policies/broken.yaml'), 4]);
  });

  it('looks at the file alone when asked, as on a machine that is not the server', async () => {
    await using dir = await gatehouseDir({ policies: { paths: ['/nowhere'] } });
    assert.equal((await configCheck(dir)).code, 1);
    assert.deepEqual(await configCheck(dir, '--alone'), { code: 0, ok: true, file: dir.config, findings: [] });
  });

  it('finds what gatehouse check finds before a start', async () => {
    await using dir = await gatehouseDir({
      entries: [{ spiffeId, selectors: ['unix:user:no-such-user'] }],
      policies: { paths: ['./nowhere', './policies'] },
      authority: { keyEncryptionKeyFile: './key' },
    });
    writeFileSync(dir.at('policies/broken.yaml'), broken);
    const { out } = await commandLine('check', '--pre', '--config', dir.config, '--output', 'json');
    const { sections } = JSON.parse(out) as {
      sections: { checks: { result: string; code: string }[] }[];
    };
    const before = sections.flatMap(({ checks }) => checks).filter(({ result }) => result === 'error');
    const found = (await configCheck(dir)).findings.filter(({ severity }) => severity === 'error');
    assert.equal(found.length, before.length);
  });
});
