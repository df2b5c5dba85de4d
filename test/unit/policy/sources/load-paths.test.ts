import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { registryKinds } from '../../../../src/policy/dialects/kubernetes/registry-readers.ts';
import type { PolicyFile } from '../../../../src/policy/read-policies.ts';
import { createReadPaths, type ReadPaths } from '../../../../src/policy/sources/load-paths.ts';
import { tempDir } from '../../../support/temp-dir.ts';

const options = { trustDomain: 'cluster.local', trustDomainAliases: [], rootNamespace: 'root', customProviders: {} };

const policy = (name: string, path: string): string =>
  `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: { name: ${name}, namespace: shop }\nspec: { rules: [{ to: [{ operation: { paths: [${path}] } }] }] }\n`;
const pod =
  'apiVersion: v1\nkind: Pod\nmetadata: { name: a, namespace: shop }\nspec: {}\nstatus: { podIPs: [{ ip: 10.0.0.1 }] }\n';

interface Read {
  readonly policies: PolicyFile;
  readonly registry: PolicyFile;
}

/** Reads one side of a comparison. */
function readSide(read: ReadPaths, directory: string, policies: string): Read {
  mkdirSync(directory);
  writeFileSync(`${directory}/p.yaml`, policies);
  writeFileSync(`${directory}/r.yaml`, pod);
  const [one] = read([{ path: `${directory}/p.yaml` }], options);
  const [other] = read([{ path: `${directory}/r.yaml`, kinds: registryKinds }], options);
  return { policies: one!, registry: other! };
}

/** Each side by one reading. */
function both(old: string, fresh: string, of: (sides: readonly [Read, Read], directories: readonly string[]) => void) {
  return async (): Promise<void> => {
    await using dir = await tempDir();
    const directories = [dir.at('old'), dir.at('new')];
    const [policiesOf, registryOf] = [createReadPaths(), createReadPaths()];
    const read: ReadPaths = (paths, more) => (paths[0]?.kinds === undefined ? policiesOf : registryOf)(paths, more);
    of([readSide(read, directories[0]!, old), readSide(read, directories[1]!, fresh)], directories);
  };
}

const ruleOf = ({ policies }: Read, at: number) => {
  const { contribution } = policies.documents[at]!;
  assert.ok(contribution?.to === 'istio-rules');
  return { rule: contribution.policy.rules[0]!, policy: contribution.policy };
};

describe('createReadPaths', () => {
  it(
    'reads once what two files have in common, and tells each by its own place',
    both(
      `${policy('a', '/a')}---\n${policy('b', '/b')}`,
      `# moved\n---\n${policy('c', '/c')}---\n${policy('b', '/b')}`,
      ([old, fresh], [, second]) => {
        const [was, is] = [ruleOf(old, 1), ruleOf(fresh, 1)];
        assert.equal(is.rule.http, was.rule.http); // the same value
        assert.deepEqual([is.rule.position.file, is.policy.position.file], [`${second}/p.yaml`, `${second}/p.yaml`]);
        assert.equal(is.policy.position.line, was.policy.position.line + 2);
        assert.equal(ruleOf(fresh, 0).policy.ref.name, 'c');
      },
    ),
  );

  it(
    'keeps what both registries have the same value',
    both(policy('a', '/a'), policy('a', '/a'), ([old, fresh]) =>
      assert.equal(fresh.registry.documents[0]?.contribution, old.registry.documents[0]?.contribution),
    ),
  );

  it(
    'tells an error of both by the file of each',
    both(`${policy('a', 'x')}  wrong: 1\n`, `${policy('a', 'x')}  wrong: 1\n`, (sides, directories) =>
      assert.deepEqual(
        sides.map(({ policies }) => [policies.hasErrors, policies.findings[0]?.file]),
        directories.map((directory) => [true, `${directory}/p.yaml`]),
      ),
    ),
  );

  it('knows nothing of what was read by other options', async () => {
    await using dir = await tempDir();
    const read = createReadPaths();
    const old = readSide(read, dir.at('old'), policy('a', '/a'));
    mkdirSync(dir.at('new'));
    writeFileSync(dir.at('new/p.yaml'), policy('a', '/a'));
    const [fresh] = read([{ path: dir.at('new/p.yaml') }], { ...options, trustDomain: 'other.td' });
    assert.notEqual(ruleOf({ ...old, policies: fresh! }, 0).rule.http, ruleOf(old, 0).rule.http);
  });
});
