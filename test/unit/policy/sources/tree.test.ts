import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { usualDialect } from '../../../../src/policy/dialects/contribution.ts';
import { checkPolicies } from '../../../../src/policy/sources/check-policies.ts';
import type { PolicyPath } from '../../../../src/policy/sources/policy-path.ts';
import { commandLine } from '../../../support/command-line.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

const policy = (name: string, metadata = ''): string =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: ${name}${metadata}}\nspec: {podSelector: {}, policyTypes: [Ingress]}\n`;

/** A team's tree: policies without namespaces, and what else lies there. */
const tree: Readonly<Record<string, string>> = {
  'base/allow.yaml': policy('allow'),
  'base/deny.yaml': policy('deny', ', namespace: other'),
  'base/kustomization.yaml': 'resources: [allow.yaml, deny.yaml]\n',
  'base/values.yaml': 'replicas: 2\n',
  'base/dashboard.json': '{"panels": []}',
  'overlays/prod/patch.yaml': '- {op: remove, path: /spec/ingress}\n',
  'charts/web/templates/policy.yaml': `{{- if .Values.on }}\n${policy('web')}{{- end }}\n`,
};

describe("a team's tree", () => {
  let dir: TempDir;
  before(async () => {
    dir = await tempDir();
    for (const [name, text] of Object.entries(tree)) {
      mkdirSync(dirname(dir.at(name)), { recursive: true });
      writeFileSync(dir.at(name), text);
    }
  });

  after(() => dir[Symbol.asyncDispose]());

  const check = (path: Partial<PolicyPath>) => {
    const { findings, counts } = checkPolicies([{ path: dir.at('.'), ...path }], usualDialect);
    return { codes: findings.map(({ code }) => code), ...counts };
  };

  it('is read with a default namespace, its charts left out', () => {
    assert.deepEqual(check({ defaultNamespace: 'shop', exclude: ['charts'] }), {
      codes: [],
      policies: 2,
      files: 6,
      skipped: 4,
    });
  });

  it('is refused without, and says once that a chart is one', () => {
    assert.deepEqual(check({}).codes.toSorted(), ['helm-template', 'namespace-missing']);
  });

  it('gives the default before the filter of namespaces', () => {
    const path = { defaultNamespace: 'shop', exclude: ['charts/**'] };
    assert.deepEqual(check({ ...path, namespaces: ['shop'] }).codes, ['namespace-not-allowed']);
    assert.deepEqual(check({ ...path, namespaces: ['shop', 'other'] }).codes, []);
  });

  it('is read as far as it is included', () => {
    const path = { defaultNamespace: 'shop' };
    assert.deepEqual(check({ ...path, include: ['base/*.yaml'], exclude: ['**/deny.yaml'] }), {
      codes: [],
      policies: 1,
      files: 3,
      skipped: 2,
    });
    assert.deepEqual(check({ ...path, include: ['base'] }).policies, 2);
    assert.deepEqual(check({ ...path, include: ['nowhere'] }).codes, ['nothing-checked']);
  });

  it('is checked by the command, which ends with how much that was', async () => {
    const good = await commandLine('policy', 'check', dir.at('base'), '--default-namespace', 'shop');
    assert.deepEqual([good.code, good.out.trimEnd().split('\n').at(-1)], [0, '2 policies in 5 files, 3 skipped']);
    const none = await commandLine('policy', 'check', dir.at('overlays'));
    assert.equal(none.code, 1);
    assert.match(none.out, /nothing-checked[\s\S]*0 policies in 1 file, 1 skipped\n$/);
  });

  it('is refused as a default that the filter does not let in', async () => {
    const { readConfig } = await import('../../../../src/config/read-config.ts');
    const reading = readConfig(
      '{trustDomain: a.b, policies: {paths: [{path: p, defaultNamespace: shop, namespaces: [other]}]}}',
      join(dir.at('.'), 'g.yaml'),
    );
    assert.deepEqual(reading.ok ? [] : reading.findings.map(({ path }) => path), [
      'policies.paths[0].defaultNamespace',
    ]);
  });

  for (const args of [
    ['policy', 'check', '-', '--default-namespace', 'shop'],
    ['policy', 'lint', '-', '--default-namespace', 'shop', '--severity', 'error'],
  ])
    it(`comes by standard input to ${args.slice(0, 2).join(' ')}`, () => {
      const run = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', 'src/main.ts', ...args], {
        input: policy('allow'),
        encoding: 'utf8',
      });
      assert.deepEqual([run.status, run.stderr], [0, ''], run.stdout);
    });
});
