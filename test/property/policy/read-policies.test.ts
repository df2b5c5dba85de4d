import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { loadPolicies } from '../../../src/policy/load.ts';
import { type ReadOptions, readPolicies } from '../../../src/policy/read-policies.ts';

const options: ReadOptions = {
  trustDomain: 'cluster.local',
  trustDomainAliases: ['old.local'],
  rootNamespace: 'istio-system',
  customProviders: {},
};

const folder = 'test/fixtures/istio-validation';
const documents = readdirSync(folder)
  .filter((name) => name.endsWith('.yaml'))
  .flatMap((name) => readFileSync(join(folder, name), 'utf8').split(/^---\n/m))
  .filter((text) => text.length < 2000);

/** What has broken YAML readers before. */
const pieces = [
  '\t',
  '\n',
  '\r',
  '\0',
  '\ufeff',
  '\u2028',
  '\ud800',
  ' ',
  '---',
  '...',
  '- ',
  '? ',
  ': ',
  '#',
  '|',
  '>',
  '%YAML 1.1\n',
  '&a ',
  '*a',
  '<<: ',
  '!!str ',
  '!!binary ',
  '!<',
  '"',
  "'",
  '[',
  ']',
  '{',
  '}',
  ',',
  '~',
  'y',
  '0x',
  '1e999',
  '{*}',
  '*',
  '__proto__: ',
  'constructor: ',
  'kind: List\nitems: ',
  'items: ',
];

interface Edit {
  readonly at: number;
  readonly cut: number;
  readonly piece: string;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  cut: fc.nat(12),
  piece: fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 6 })),
});

const mutated = fc
  .tuple(fc.array(fc.constantFrom(...documents), { minLength: 1, maxLength: 3 }), fc.array(edit, { maxLength: 6 }))
  .map(([texts, edits]) =>
    edits.reduce((text, { at, cut, piece }) => {
      const place = Math.floor(at * text.length);
      return text.slice(0, place) + piece + text.slice(place + cut);
    }, texts.join('---\n')),
  );

function read(text: string): void {
  const startedAt = performance.now();
  const file = readPolicies('a.yaml', text, options);
  const set = loadPolicies([file], { generation: 1, absence: 'upstream', rootNamespace: 'istio-system' });
  const lines = text.split('\n').length;
  for (const finding of set.findings) {
    assert.ok(finding.line >= 1 && finding.line <= lines + 1 && finding.column >= 1, JSON.stringify(finding));
    assert.ok(finding.message !== '' && finding.fix !== '');
  }
  structuredClone(set.model);
  assert.ok(performance.now() - startedAt < 120_000, 'took too long');
}

describe('readPolicies on anything', () => {
  it('gives findings and nothing else for documents that were damaged', () => {
    fc.assert(fc.property(mutated, read), { numRuns: 1500 });
  });

  it('gives findings and nothing else for bytes', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), read), { numRuns: 500 });
  });

  it('gives findings and nothing else for a file cut off anywhere', () => {
    const whole = documents.slice(0, 40).join('---\n');
    fc.assert(
      fc.property(fc.nat(whole.length), (end) => read(whole.slice(0, end))),
      { numRuns: 100 },
    );
  });
});
