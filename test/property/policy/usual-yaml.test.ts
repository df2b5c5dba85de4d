import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { createReporter } from '../../../src/policy/documents/finding.ts';
import { parseFully } from '../../../src/policy/documents/yaml/parse.ts';
import { splitDocuments } from '../../../src/policy/documents/yaml/split.ts';
import { readUsualYaml } from '../../../src/policy/documents/yaml/usual-yaml.ts';

const textsIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => readFileSync(join(folder, name), 'utf8'));
const documents = [...textsIn('test/fixtures'), ...textsIn('deploy')]
  .flatMap((text) => splitDocuments(text).chunks.map((chunk) => chunk.text))
  .filter((text) => text.length < 3000);

/** What a document of the usual kind is made of, and what turns it into one of another kind. */
const pieces = [
  '\n',
  ' ',
  '  ',
  '\n  ',
  '\n    ',
  '- ',
  '-',
  '\n- ',
  '\n  - ',
  ': ',
  ':',
  ' #',
  '# x\n',
  'a: b\n',
  'a:\n',
  'b: [x, "y", 1]\n',
  '{a: b, c: {}}',
  '[]',
  '[',
  ']',
  '{',
  '}',
  ',',
  '"',
  "'",
  "''",
  '\\',
  '*',
  '&a ',
  '!',
  '|',
  '>',
  '?',
  '? ',
  '%',
  '@',
  '`',
  '~',
  'y',
  'null',
  '0x1f',
  '1.5e3',
  '010',
  '.5',
  '...',
  '\t',
  '\r',
  'é',
  '<<: ',
  '2020-01-01',
];
const edit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  cut: fc.nat(8),
  piece: fc.constantFrom(...pieces),
});
type Edit = typeof edit extends fc.Arbitrary<infer E> ? E : never;
const damaged = (text: string, edits: readonly Edit[]): string =>
  edits.reduce((now, { at, cut, piece }) => {
    const place = Math.floor(at * now.length);
    return now.slice(0, place) + piece + now.slice(place + cut);
  }, text);
const mutated = fc
  .tuple(fc.constantFrom(...documents), fc.array(edit, { maxLength: 4 }))
  .map(([text, edits]) => damaged(text, edits));

const word = fc.stringMatching(/^[A-Za-z0-9_./+$^~(-][A-Za-z0-9_./+$^~()*&!|>=;:,@ -]{0,8}$/);
const scalar = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom('a', '/api/*', 'GET', '12', 'x y') },
  word,
  word.map((text) => `"${text}"`),
  word.map((text) => `'${text}'`),
  fc.constantFrom(
    'y',
    'on',
    'null',
    '~',
    '0x1f',
    '010',
    '1_0',
    '1.50',
    '.5',
    '2020-01-01',
    '-1',
    '[]',
    '{}',
    '""',
    'a#b',
    'a:b',
  ),
);
const key = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom('a', 'b', 'c.d', 'e/f', 'g-h') },
  fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_./-]{0,6}$/),
  fc.constantFrom('a', 'y', 'no', '1', '"q"', 'a b'),
);
const flow = fc.oneof(
  fc.array(scalar, { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
  fc
    .array(fc.tuple(key, scalar), { maxLength: 3 })
    .map((pairs) => `{${pairs.map((pair) => pair.join(': ')).join(',')}}`),
);
const gap = fc.oneof({ weight: 20, arbitrary: fc.constant('') }, fc.constantFrom(' ', '\n', '  # c\n', '# c\n'));
const indented = (lines: readonly string[], by: number): string[] => lines.map((line) => ' '.repeat(by) + line);
const { map } = fc.letrec<{ tree: readonly string[]; map: readonly string[] }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    fc.oneof(scalar, flow).map((text) => [text]),
    tie('map'),
    fc.array(fc.tuple(tie('tree'), fc.boolean()), { minLength: 1, maxLength: 3 }).map((items) =>
      items.flatMap(([value, wide]) => {
        const [first = '', ...rest] = indented(value, wide ? 1 : 0);
        return [`- ${first}`, ...indented(rest, 2)];
      }),
    ),
  ),
  map: fc
    .uniqueArray(fc.tuple(key, tie('tree'), fc.nat(9), gap), { minLength: 1, maxLength: 3, selector: ([name]) => name })
    .map((entries) =>
      entries.flatMap(([name, value, by, between]) =>
        value.length === 1 && by > 0
          ? [`${name}: ${value[0]}${between}`]
          : [`${name}:${between}`, ...indented(value, by)],
      ),
    ),
}));
const composed = fc
  .tuple(map, fc.array(edit, { maxLength: 2 }), fc.boolean())
  .map(([lines, edits, newline]) => damaged(lines.join('\n') + (newline ? '\n' : ''), edits));

/** Whether the text was read; what was read must be what the full parser reads, without a finding. */
function compare(text: string): boolean {
  const { chunks } = splitDocuments(text);
  let any = false;
  for (const chunk of chunks) {
    const usual = readUsualYaml(chunk);
    if (usual === undefined) continue;
    any = true;
    const report = createReporter('a.yaml');
    assert.deepEqual(usual, parseFully(chunk, report), JSON.stringify(text));
    assert.deepEqual(report.findings, []);
  }
  return any;
}

describe('readUsualYaml', () => {
  it('reads most documents that are at hand, as the full parser does', () => {
    const read = documents.filter(compare).length;
    assert.ok(read > documents.length * 0.7, `${read} of ${documents.length}`);
  });

  it('reads damaged documents as the full parser does, or not at all', () => {
    fc.assert(
      fc.property(mutated, (text) => void compare(text)),
      { numRuns: 3000 },
    );
  });

  it('reads documents of any structure as the full parser does, or not at all', () => {
    let read = 0;
    const look = (text: string): void => {
      if (compare(text)) read += 1;
    };
    fc.assert(fc.property(composed, look), { numRuns: 3000 });
    assert.ok(read > 100, `only ${read} were read`);
  });
});
