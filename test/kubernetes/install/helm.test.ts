import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { parse, parseAllDocuments } from 'yaml';
import { installation } from '../../../src/cli/kubernetes/chart/installation.ts';
import { chartFolder, type HelmAnswer, helm } from '../../support/kubernetes/helm.ts';
import { installations } from '../../support/kubernetes/installations.ts';
import { helmProgram } from '../../support/kubernetes/judge-programs.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

const MINUTES_OF_FIRST_BUILD = 14;
const NAMESPACE = 'gatehouse-system';

interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data?: Readonly<Record<string, string>>;
}

/** The objects by what they are; gatehouse.yaml as what it says. */
function byName(yaml: string): Map<string, unknown> {
  const objects = parseAllDocuments(yaml, { version: '1.1' }).flatMap((document): Rendered[] => {
    if ('errors' in document && document.errors.length > 0) throw document.errors[0];
    const value: unknown = document.toJS();
    return value === null ? [] : [value as Rendered]; // what Helm or we made
  });
  return new Map(
    objects.map((object) => {
      const { kind, metadata, data } = object;
      const read = data && { data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, parse(text)])) };
      return [`${kind} ${metadata.namespace ?? ''}/${metadata.name}`, { ...object, ...read }];
    }),
  );
}

describe("Helm's chart", () => {
  let dir: TempDir;
  before(async function () {
    this.timeout(MINUTES_OF_FIRST_BUILD * 60_000);
    helmProgram();
    dir = await tempDir('gh-helm-');
  });
  after(() => dir[Symbol.asyncDispose]());

  const template = (...args: readonly string[]): HelmAnswer =>
    helm(dir, 'template', 'any-release', chartFolder, '--namespace', NAMESPACE, ...args);

  it('is in order by its own judge', () => {
    const { ok, out, err } = helm(dir, 'lint', '--strict', chartFolder);
    assert.ok(ok, out + err);
  });

  for (const { name, values, sets } of installations)
    it(`gives what gatehouse kubernetes manifests gives: ${name}`, async () => {
      const file = dir.at('values.yaml');
      await writeFile(file, values);
      const { ok, out, err } = template('--values', file, ...sets.flatMap((set) => ['--set', set]));
      assert.ok(ok, err);
      const ours = byName(installation([file], sets, NAMESPACE).yaml());
      assert.ok(ours.delete(`Namespace /${NAMESPACE}`));
      assert.deepEqual(byName(out), ours);
    });

  const wrong = [
    { name: 'a value that is misspelt', sets: ['authority.stor=postgres'], want: /stor/ },
    { name: 'a value of another kind', sets: ['authority.replicas=many'], want: /replicas/ },
    {
      name: 'a database without a place',
      sets: ['authority.store=postgres'],
      want: /authority\.postgres\.url must say/,
    },
    {
      name: 'keys in a database that nothing encrypts',
      sets: ['authority.store=postgres,authority.postgres.url=postgres://g@db/g'],
      want: /keyEncryptionKey\.name must name a Secret/,
    },
    { name: 'a digest that is none', sets: ['image.digest=sha256:1'], want: /digest/ },
    { name: 'a name that is no label', sets: ['name=Gate_house'], want: /name/ },
  ];
  for (const { name, sets, want } of wrong)
    it(`refuses ${name}, as we do`, () => {
      const { ok, err } = template(...sets.flatMap((set) => ['--set', set]));
      assert.ok(!ok);
      assert.match(err, want);
      assert.throws(() => installation([], sets, NAMESPACE), want);
    });

  const flags = ['a=b', 'a.b=1,c=true', 'a={x,1}', 'a[0].b=c', 'a\\.b=c\\,d', 'a=null', 'a=0,b=-7,c=01', 'a=b=c', 'a='];
  for (const flag of flags)
    it(`reads --set as we do: config.${flag}`, () => {
      const set = flag.replace(/^|,(?=\w+=)/g, '$&config.');
      const { ok, out, err } = template('--set', set);
      assert.ok(ok, err);
      const ours = byName(installation([], [set], NAMESPACE).yaml());
      const name = `ConfigMap ${NAMESPACE}/gatehouse-authority`;
      assert.deepEqual(byName(out).get(name), ours.get(name));
    });
});
