import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { readConfig } from '../../../src/config/read-config.ts';

/** Every whole configuration that a document shows: a block of YAML that names a trust domain. */
const shown = ['README.md', ...globSync('docs/*.md').sort()].flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(/^```yaml\n((?:.*\n)*?)```$/gm)].flatMap(({ 1: text = '', index }) =>
    /^trustDomain:/m.test(text)
      ? [{ file, text, line: readFileSync(file, 'utf8').slice(0, index).split('\n').length }]
      : [],
  ),
);

describe('every documented configuration', () => {
  it('is shown at all', () => {
    const files = new Set(shown.map(({ file }) => file));
    for (const file of ['docs/operations.md', 'docs/tls.md']) assert.ok(files.has(file), file);
  });

  for (const { file, text, line } of shown)
    it(`is good: ${file}:${line}`, () => {
      const reading = readConfig(text, '/etc/gatehouse/gatehouse.yaml');
      assert.deepEqual(reading.ok ? [] : reading.findings, []);
    });
});
