import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { KnownChunks } from '../../../src/policy/documents/known-chunks.ts';
import { splitDocuments } from '../../../src/policy/documents/yaml/split.ts';
import { type ChunkReading, type ReadOptions, readPolicies } from '../../../src/policy/read-policies.ts';

const options: ReadOptions = {
  trustDomain: 'cluster.local',
  trustDomainAliases: ['old.local'],
  rootNamespace: 'istio-system',
  customProviders: {},
};
const documents = ['test/fixtures', 'deploy']
  .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)))
  .filter((name) => name.endsWith('.yaml'))
  .flatMap((name) => splitDocuments(readFileSync(name, 'utf8')).chunks.map(({ text }) => text))
  .filter((text) => text.length < 3000);

const file = fc.array(
  fc.record({ text: fc.constantFrom(...documents), before: fc.constantFrom('', '\n', '# a\n# b\n') }),
  { maxLength: 8 },
);

describe('KnownChunks', () => {
  it('come to what the file comes to when it is read anew, whatever was edited, moved or repeated', () => {
    fc.assert(
      fc.property(fc.array(file, { minLength: 2, maxLength: 5 }), (versions) => {
        const known = new KnownChunks<ChunkReading>();
        for (const version of versions) {
          const text = version.map((one) => `---\n${one.before}${one.text}`).join('\n');
          const again = readPolicies('a.yaml', text, { ...options, known });
          assert.deepEqual(again, readPolicies('a.yaml', text, options));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('read only what has changed, and keep what names a policy', () => {
    const policy = (name: string): string =>
      `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: ${name}, namespace: x}\nspec: {rules: [{}]}\n`;
    const known = new KnownChunks<ChunkReading>();
    const read = (...names: string[]) =>
      readPolicies('a.yaml', names.map(policy).join('---\n'), { ...options, known }).documents.map(
        ({ contribution }) => contribution?.to === 'istio-rules' && contribution.policy,
      );
    const [a, b] = read('a', 'b');
    const [, a2, b2] = read('new', 'a', 'b');
    assert.ok(a && b && a2 && b2);
    assert.equal(a2.ref, a.ref);
    assert.equal(b2.rules[0]?.http, b.rules[0]?.http);
    assert.equal(b2.position.line, b.position.line + 5);
  });
});
