import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { checkClient, question } from '../../support/check-client.ts';
import { commandLine } from '../../support/command-line.ts';
import { eventually } from '../../support/eventually.ts';
import { allowing, gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { runGatehouse } from '../../support/run-gatehouse.ts';

const pod = (namespace: string, name: string, address: string): string => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${namespace}, labels: { app: ${name} } }
spec: { serviceAccountName: ${name}, containers: [{ name: a, image: a }] }
status: { podIP: ${address}, podIPs: [{ ip: ${address} }] }
`;

/** Closes the namespace but for its own. */
const closed = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: own, namespace: default }
spec: { rules: [{ from: [{ source: { namespaces: [default] } }] }] }
`;
const open = closed.replace('[default]', '[default, elsewhere]');

/** Every file below a directory. */
async function textsIn(directory: string): Promise<readonly (readonly [name: string, text: string])[]> {
  const names = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((each) => each.isFile());
  const files = names.map(({ parentPath, name }) => join(parentPath, name)).sort();
  return Promise.all(files.map(async (file) => [relative(directory, file), await readFile(file, 'utf8')] as const));
}

interface Printed {
  readonly promoted: boolean;
  readonly refusals: readonly { readonly code: string; readonly accepted: boolean }[];
  readonly diff: { readonly added: readonly unknown[]; readonly removed: readonly unknown[] } | null;
  readonly tenants: readonly { readonly proved: boolean; readonly direction: string }[];
  readonly removes: readonly { readonly kind: string; readonly name: string }[];
}

describe('policy promote', function () {
  this.timeout(300_000);

  async function promote(config: string, ...flags: readonly string[]) {
    const { out, err, code } = await commandLine('policy', 'promote', '--config', config, '--output', 'json', ...flags);
    return { code, err, printed: (out === '' ? undefined : JSON.parse(out)) as Printed | undefined }; // of this program
  }
  const codesOf = (printed: Printed | undefined): readonly string[] => printed?.refusals.map(({ code }) => code) ?? [];

  it('refuses what is young, unseen, open or broken, and writes what git applies', async () => {
    await using dir = await gatehouseDir({
      listen: usualListeners,
      policies: { candidate: { paths: ['./candidate'] } },
      registry: { paths: ['./registry'] },
      tenants: { red: { namespaces: ['default'] } },
    });
    await mkdir(dir.at('registry'));
    const pods = [
      pod('default', 'details', '10.0.0.1'),
      pod('default', 'productpage', '10.0.0.2'),
      pod('elsewhere', 'x', '10.0.0.3'),
    ];
    await writeFile(dir.at('registry/pods.yaml'), pods.join('---\n'));
    await dir.policy('own', closed);
    await mkdir(dir.at('candidate/more'), { recursive: true });
    await writeFile(dir.at('candidate/own.yaml'), open);
    await writeFile(
      dir.at('candidate/more/peer.yaml'),
      'apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: { name: all, namespace: default }\nspec: { mtls: { mode: STRICT } }\n',
    );
    await using server = await runGatehouse(dir.config);

    const first = await promote(dir.config);
    assert.equal(first.code, 1);
    assert.deepEqual(codesOf(first.printed), ['young', 'unseen', 'unproved']);
    const withoutAge = await promote(dir.config, '--min-age', '0s');
    assert.deepEqual(codesOf(withoutAge.printed), ['unseen', 'unproved']);
    assert.deepEqual(
      withoutAge.printed?.tenants.map(({ proved }) => proved),
      [false, false],
    );

    using client = checkClient(server.ready.extAuthz);
    await eventually('a Check was compared', async () => {
      await client.ask(question('POST'));
      const { printed } = await promote(dir.config, '--min-age', '0s');
      return !codesOf(printed).includes('unseen') || undefined;
    });
    const refused = await promote(
      dir.config,
      '--min-age',
      '0s',
      '--patch',
      dir.at('p.patch'),
      '--write',
      dir.at('out'),
    );
    assert.deepEqual([refused.code, codesOf(refused.printed)], [1, ['unproved']]);
    await assert.rejects(readFile(dir.at('p.patch')), 'nothing is written of what is refused');

    const files = ['--patch', dir.at('p.patch'), '--write', dir.at('out')];
    const done = await promote(dir.config, '--min-age', '0s', '--accept', 'unproved', ...files);
    assert.deepEqual([done.code, done.printed?.promoted], [0, true], done.err);
    assert.ok((done.printed?.diff?.added.length ?? 0) > 0);
    assert.deepEqual(
      done.printed?.removes.map(({ kind, name }) => [kind, name]),
      [['AuthorizationPolicy', 'details-viewer']],
    );
    const page = await readFile(dir.at('out/PROMOTION.md'), 'utf8');
    assert.match(page, /NOT proved/);
    assert.match(page, /To be deleted\n\n- AuthorizationPolicy default\/details-viewer/);
    assert.equal(await readFile(dir.at('out/policies/own.yaml'), 'utf8'), open);

    await cp(dir.at('policies'), dir.at('copy/policies'), { recursive: true });
    execFileSync('git', ['init', '-q'], { cwd: dir.at('copy') });
    execFileSync('git', ['apply', dir.at('p.patch')], { cwd: dir.at('copy') });
    assert.deepEqual(await textsIn(dir.at('copy/policies')), await textsIn(dir.at('candidate')));

    const again = await promote(dir.config, '--min-age', '0s', '--accept', 'unproved', '--write', dir.at('out'));
    assert.equal(again.code, 2);
    assert.match(again.err, /holds something already/);

    await cp(dir.config, dir.at('other.yaml'));
    await mkdir(dir.at('elsewhere'));
    await writeFile(dir.at('elsewhere/own.yaml'), allowing('GET'));
    await writeFile(dir.at('other.yaml'), (await readFile(dir.config, 'utf8')).replace('./candidate', './elsewhere'));
    const other = await promote(dir.at('other.yaml'), '--min-age', '0s');
    assert.deepEqual([other.code, codesOf(other.printed)], [1, ['other_files', 'unproved']]);

    await writeFile(dir.at('candidate/broken.yaml'), 'kind: AuthorizationPolicy\n');
    await eventually('it is broken', async () => {
      const { code, printed } = await promote(dir.config, '--min-age', '0s', '--accept', 'unproved');
      return (code === 1 && codesOf(printed).join() === 'broken') || undefined;
    });
    await rm(dir.at('candidate'), { recursive: true });
    assert.notEqual((await promote(dir.config)).code, 0);
  });
});
