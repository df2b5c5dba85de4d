import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { readValues } from '../../../src/cli/kubernetes/chart/read-values.ts';
import { useApiServer } from '../../support/kubernetes/api-server.ts';
import { collectionOf, objectsOf } from '../../support/kubernetes/objects.ts';
import { projectRoot } from '../../support/run-gatehouse.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** Code blocks of YAML, without what a list moves them in. */
const blocks = [
  ...readFileSync(join(projectRoot, 'docs/kubernetes.md'), 'utf8').matchAll(/^( *)```yaml\n([\s\S]*?)^ *```$/gm),
].map(([, indent, text]) => text!.replaceAll(new RegExp(`^${indent}`, 'gm'), ''));

describe('docs/kubernetes.md', () => {
  const server = useApiServer({}, (started) => started.installCrds('istio'));

  it('shows objects that the API server takes, every field of them', async () => {
    const { api } = server().admin;
    const shown = blocks.filter((text) => text.startsWith('apiVersion: ')).flatMap(objectsOf);
    assert.ok(shown.length >= 5);
    await server().namespace('gatehouse-system');
    for (const object of shown) {
      const { status, body, warnings } = await api.ask(
        'POST',
        `${await collectionOf(api, object)}?fieldValidation=Strict`,
        object,
      );
      assert.deepEqual([status, warnings], [201, []], `${object.kind} ${object.metadata.name}: ${body.message}`);
    }
  });

  it('shows values that hold', async () => {
    await using dir = await tempDir();
    const shown = blocks.filter((text) => text.startsWith('# values of Gatehouse') || text.startsWith('# values\n'));
    assert.equal(shown.length, 2);
    for (const text of shown) {
      await writeFile(dir.at('values.yaml'), text);
      readValues([dir.at('values.yaml')], []);
    }
  });

  it('shows YAML alone', () => {
    for (const text of blocks) if (!text.startsWith('apiVersion: ')) assert.equal(typeof parse(text), 'object');
  });
});
