import assert from 'node:assert/strict';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { systemClock } from '../../../../src/lib/clock.ts';
import { type CandidateSource, openCandidateSource } from '../../../../src/policy/candidate/candidate-source.ts';
import { usualDialect } from '../../../../src/policy/dialects/contribution.ts';
import { eventually } from '../../../support/eventually.ts';
import { allowing } from '../../../support/gatehouse-dir.ts';
import { tempDir } from '../../../support/temp-dir.ts';

const open = (path: string, more: object = {}): Promise<CandidateSource> =>
  openCandidateSource({ ...usualDialect, paths: [{ path }], ...more }, systemClock);
const codes = ({ current }: CandidateSource): readonly string[] => current.value.errors.map(({ code }) => code);

describe('openCandidateSource', () => {
  it('says what keeps a candidate from being one, and throws nothing', async () => {
    await using dir = await tempDir('gh-');
    const cases: readonly (readonly [name: string, files: Readonly<Record<string, string | Buffer>>, code: string])[] =
      [
        ['empty', {}, 'nothing-checked'],
        ['no policy', { 'a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n' }, 'nothing-checked'],
        ['a broken one', { 'a.yaml': allowing('GET'), 'b.yaml': 'a: [' }, 'yaml-syntax'],
        ['two of one name', { 'a.yaml': allowing('GET'), 'b.yaml': allowing('POST') }, 'duplicate-document'],
        ['zero bytes', { 'a.yaml': allowing('GET'), 'b.yaml': '\0' }, 'not-text'],
        ['no UTF-8', { 'a.yaml': allowing('GET'), 'b.yaml': Buffer.from([0x61, 0xff]) }, 'unreadable'],
      ];
    for (const [name, files, code] of cases) {
      const path = dir.at(name);
      await mkdir(path);
      for (const [file, text] of Object.entries(files)) await writeFile(`${path}/${file}`, text);
      await using source = await open(path);
      assert.ok(codes(source).length > 0, name);
      assert.ok(
        codes(source).every((each) => each !== '') && (codes(source).includes(code as never) || code === ''),
        `${name}: ${codes(source).join()}`,
      );
    }
    await using away = await open(dir.at('nowhere'));
    assert.deepEqual(codes(away), ['path-missing']);
  });

  it('reads nothing of one that is too large', async () => {
    await using dir = await tempDir('gh-');
    await writeFile(dir.at('a.yaml'), allowing('GET'));
    await writeFile(dir.at('b.yaml'), `# ${'x'.repeat(2_000)}\n`);
    await using source = await open(dir.path, { mostBytes: 2_000 });
    assert.deepEqual([source.current.value.files, codes(source)], [[], ['file-too-large']]);
  });

  it('follows its files, broken or not', async () => {
    await using dir = await tempDir('gh-');
    await mkdir(dir.at('set'));
    await using source = await open(dir.at('set'));
    assert.deepEqual(codes(source), ['nothing-checked']);
    await writeFile(dir.at('new'), allowing('GET'));
    await rename(dir.at('new'), dir.at('set/a.yaml'));
    await eventually('it is read', () => source.current.value.files.length === 1 || undefined);
    assert.deepEqual(codes(source), []);
    await writeFile(dir.at('set/b.yaml'), 'kind: AuthorizationPolicy\n');
    await eventually('it is broken', () => codes(source).length > 0 || undefined);
  });
});
