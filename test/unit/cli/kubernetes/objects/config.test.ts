import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { installation } from '../../../../../src/cli/kubernetes/chart/installation.ts';
import { textOfFinding } from '../../../../../src/config/finding.ts';
import { readConfig } from '../../../../../src/config/read-config.ts';
import { installations } from '../../../../support/kubernetes/installations.ts';
import { tempDir } from '../../../../support/temp-dir.ts';

interface List {
  readonly items: readonly {
    readonly kind: string;
    readonly metadata: { readonly name: string };
    readonly data?: Readonly<Record<string, string>>;
  }[];
}

describe('gatehouse.yaml of an installation', () => {
  for (const { name, values, sets } of installations)
    it(`is a good configuration: ${name}`, async () => {
      await using dir = await tempDir();
      await writeFile(dir.at('values.yaml'), values);
      const { items } = installation([dir.at('values.yaml')], sets, 'gatehouse-system').list() as List; // of our objects
      const configs = items.filter(({ kind }) => kind === 'ConfigMap');
      assert.ok(configs.length > 0);
      for (const { metadata, data } of configs) {
        const reading = readConfig(data!['gatehouse.yaml']!, '/etc/gatehouse/gatehouse.yaml');
        assert.deepEqual(reading.ok ? [] : reading.findings.map(textOfFinding), [], metadata.name);
      }
    });
});
