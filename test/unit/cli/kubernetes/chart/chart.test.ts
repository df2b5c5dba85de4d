import assert from 'node:assert/strict';
import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { objectsFor, writeChart } from '../../../../../src/cli/kubernetes/chart/chart.ts';
import { readValues } from '../../../../../src/cli/kubernetes/chart/read-values.ts';
import { plain } from '../../../../../src/cli/kubernetes/chart/resolve.ts';
import { programVersion } from '../../../../../src/lib/version.ts';
import { tempDir } from '../../../../support/temp-dir.ts';

const chart = join(import.meta.dirname, '../../../../../deploy/helm/gatehouse');

describe('writeChart', () => {
  it('writes deploy/helm/gatehouse: npm run -s gatehouse -- kubernetes chart --write deploy/helm/gatehouse', async () => {
    await using dir = await tempDir();
    const made = writeChart(dir.path, programVersion());
    const there = globSync('**', { cwd: chart }).filter((path) => statSync(join(chart, path)).isFile());
    assert.deepEqual(there.sort(), [...made].sort());
    for (const path of made)
      assert.equal(readFileSync(join(chart, path), 'utf8'), readFileSync(join(dir.path, path), 'utf8'), path);
  });
});

describe('values.yaml of the chart', () => {
  it('is the same to YAML 1.1, by which Helm reads it: no text is one of its booleans', () => {
    const text = readFileSync(join(chart, 'values.yaml'), 'utf8');
    assert.deepEqual(parse(text, { version: '1.1' }), parse(text));
  });
});

describe('objectsFor', () => {
  const postgres = [
    'authority.store=postgres,authority.postgres.url=postgres://g@db/g,authority.keyEncryptionKey.name=k',
  ];
  const kinds = (sets: readonly string[]) =>
    objectsFor({ values: readValues([], sets), namespace: 'g', version: '1.0.0' })
      .map((tree) => plain(tree) as { readonly kind: string }) // every object has one
      .map(({ kind }) => kind);

  it('gives one replica on a volume, or several with one a node', () => {
    assert.ok(kinds([]).includes('StatefulSet'));
    assert.ok(!kinds([]).includes('DaemonSet'));
    assert.ok(kinds(postgres).includes('DaemonSet'));
    assert.ok(kinds(postgres).includes('Deployment'));
  });

  const wrong = [
    { name: 'a database without a place', sets: ['authority.store=postgres'], want: /authority\.postgres\.url/ },
    {
      name: 'keys in a database that nothing encrypts',
      sets: ['authority.store=postgres,authority.postgres.url=postgres://g@db/g'],
      want: /keyEncryptionKey\.name must name a Secret/,
    },
    {
      name: 'a value that is misspelt',
      sets: ['authority.stor=postgres'],
      want: /authority: Unrecognized key: "stor"/,
    },
    { name: 'a value of another kind', sets: ['authority.replicas=many'], want: /authority\.replicas: / },
  ];
  for (const { name, sets, want } of wrong)
    it(`refuses ${name}`, () => {
      assert.throws(() => kinds(sets), want);
    });
});
