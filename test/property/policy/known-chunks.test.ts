import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { KnownChunks } from '../../../src/policy/documents/known/known-chunks.ts';
import { type Chunk, splitDocuments } from '../../../src/policy/documents/yaml/split.ts';
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

  it('cut a text where it is cut anew, whatever was spliced into it', () => {
    const part = fc.constantFrom('---', '\n', '---\n', 'a: 1\n', '#', ' ', '-', '\ufeff', '--- b\n', 'c', '\r');
    const text = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(''));
    const splice = fc.record({ at: fc.nat(60), drop: fc.nat(12), text });
    fc.assert(
      fc.property(text, fc.array(splice, { minLength: 1, maxLength: 8 }), (first, splices) => {
        const known = new KnownChunks<Chunk>();
        let now = first;
        for (const { at, drop, text: more } of splices) {
          now = now.slice(0, at) + more + now.slice(at + drop);
          const { readings, bad, bare } = known.readAll(now, ({ text: own, line }) => ({ text: own, line }));
          assert.deepEqual({ chunks: readings, bad, bare }, splitDocuments(now));
        }
      }),
      { numRuns: Number(process.env['EDITS'] ?? 20_000) / 8 },
    );
  });

  it('keep no version of a file alive but the last, whichever documents were edited', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void; // V8's
    const known = new KnownChunks<string>();
    const documents = Array.from({ length: 200 }, (_, i) => `a: ${'x'.repeat(5_000)} # ${i}\n`);
    const read = (): void => void known.readAll(documents.join('---\n'), ({ text }) => text.slice(0, 20));
    const heap = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    read();
    const before = heap();
    for (const i of documents.keys()) {
      documents[i] = documents[i]!.replace('xx', 'yy');
      read();
    }
    assert.ok(heap() - before < 20e6, `grew by ${heap() - before} bytes`);
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
