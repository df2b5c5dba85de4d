import assert from 'node:assert/strict';
import { createReporter, type Finding } from '../../../../../src/policy/documents/finding.ts';
import type { Value } from '../../../../../src/policy/documents/value.ts';
import { parseChunk } from '../../../../../src/policy/documents/yaml/parse.ts';
import { splitDocuments } from '../../../../../src/policy/documents/yaml/split.ts';

/** The values only, as JSON would have them. */
function plain(value: Value): unknown {
  switch (value.is) {
    case 'map':
      return Object.fromEntries([...value.entries].map(([key, entry]) => [key, plain(entry.value)]));
    case 'list':
      return value.items.map(plain);
    case 'text':
      return value.text;
    case 'number':
      return Number(value.text);
    case 'boolean':
      return value.value;
    case 'null':
      return null;
  }
}

function parse(text: string, line = 1): { readonly value: Value | undefined; readonly findings: readonly Finding[] } {
  const report = createReporter('a.yaml');
  return { value: parseChunk({ text, line }, report), findings: report.findings };
}

const codes = (text: string): string[] => parse(text).findings.map(({ code }) => code);

describe('parseChunk', () => {
  const table: readonly { name: string; input: string; want: unknown }[] = [
    { name: 'block and flow', input: 'a: [1, "2", {b: c}]\nd:\n- e\n', want: { a: [1, '2', { b: 'c' }], d: ['e'] } },
    { name: 'quoted words stay texts', input: 'a: ["y", \'no\', "1"]', want: { a: ['y', 'no', '1'] } },
    { name: 'tags', input: 'a: !!str 80\nb: !!binary YWJj\nc: !!int 1', want: { a: '80', b: 'abc', c: 1 } },
    { name: 'block scalars', input: 'a: |\n  x\n  y\nb: >-\n  x\n  y\n', want: { a: 'x\ny\n', b: 'x y' } },
    { name: 'aliases', input: 'a: &x {b: 1}\nc: *x', want: { a: { b: 1 }, c: { b: 1 } } },
    { name: 'a merge key, overridden below', input: 'a: {<<: {b: 1, c: 1}, c: 2}', want: { a: { b: 1, c: 2 } } },
    { name: 'a merge key overrides what stands above', input: 'a: {c: 2, <<: {c: 1}}', want: { a: { c: 1 } } },
    { name: 'merge lists: the first wins', input: 'a: {<<: [{b: 1}, {b: 2, c: 2}]}', want: { a: { b: 1, c: 2 } } },
    { name: 'number keys', input: '80: a\n0x10: b', want: { 80: 'a', 16: 'b' } },
    {
      name: 'JSON',
      input: '{"a": [true, null, 1.5, "\\u00e9\\/"],\n\t"b": {}}',
      want: { a: [true, null, 1.5, 'é/'], b: {} },
    },
    { name: 'missing values', input: 'a:\nb: ~', want: { a: null, b: null } },
  ];
  for (const { name, input, want } of table) {
    it(`reads ${name}`, () => {
      const { value, findings } = parse(input);
      assert.deepEqual(findings, []);
      assert.deepEqual(plain(value!), want);
    });
  }

  it('keeps line and column of every value and key, counted from the start of the file', () => {
    const { value } = parse('a:\n  bé: [x,  y]\n', 10);
    assert.ok(value?.is === 'map');
    const a = value.entries.get('a')!.value;
    assert.ok(a.is === 'map');
    const b = a.entries.get('bé')!;
    assert.deepEqual([b.key.line, b.key.column], [11, 3]);
    assert.ok(b.value.is === 'list');
    assert.deepEqual(
      b.value.items.map(({ line, column }) => [line, column]),
      [
        [11, 8],
        [11, 12],
      ],
    );
  });

  it('lets the last of a repeated key count, with a warning', () => {
    const { value, findings } = parse('a: 1\nb: 2\na: 3');
    assert.deepEqual(plain(value!), { b: 2, a: 3 });
    assert.deepEqual(
      findings.map(({ code, severity, line }) => ({ code, severity, line })),
      [{ code: 'duplicate-key', severity: 'warning', line: 3 }],
    );
  });

  it('warns of a key that is a boolean to Kubernetes', () => {
    const { value, findings } = parse('on: 1');
    assert.deepEqual(plain(value!), { true: 1 });
    assert.equal(findings[0]?.code, 'boolean-key');
  });

  const refused: readonly { name: string; input: string; code: string }[] = [
    { name: 'a tab for indentation', input: 'a:\n\tb: 1', code: 'yaml-syntax' },
    { name: 'an open bracket', input: 'a: [', code: 'yaml-syntax' },
    { name: 'an open quote', input: 'a: "', code: 'yaml-syntax' },
    { name: 'two documents in one', input: 'a: 1\n...\nb: 2', code: 'yaml-syntax' },
    { name: 'an unknown alias', input: 'a: *b', code: 'alias-unknown' },
    { name: 'an alias of itself', input: 'a: &a [*a]', code: 'alias-cycle' },
    { name: 'a merge of a text', input: 'a: {<<: b}', code: 'merge-key' },
    { name: 'a key that is a map', input: '{{a: b}: c}', code: 'key-type' },
    { name: 'a tag that does not fit', input: 'a: !!int b', code: 'tag-mismatch' },
    { name: 'flow nesting of 101', input: `a: ${'['.repeat(101)}${']'.repeat(101)}`, code: 'nesting-too-deep' },
    { name: 'flow nesting of 100,000', input: '['.repeat(100_000), code: 'nesting-too-deep' },
    {
      name: 'block nesting of 101',
      input: Array.from({ length: 101 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      code: 'nesting-too-deep',
    },
    { name: 'dashes on one line', input: '- '.repeat(5000), code: 'yaml-syntax' },
    { name: 'a document over the limit', input: `a: ${'x'.repeat(1_600_000)}`, code: 'document-too-large' },
  ];
  for (const { name, input, code } of refused) {
    it(`refuses ${name}`, () => assert.ok(codes(input).includes(code), JSON.stringify(codes(input))));
  }

  it('refuses aliases that write out to billions of values, instead of writing them', () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(', ')}]`,
    );
    assert.deepEqual(codes(`l0: &l0 [x]\n${levels.join('\n')}`), ['alias-expansion']);
  });
});

describe('splitDocuments', () => {
  const table: readonly { name: string; input: string; want: readonly [text: string, line: number][] }[] = [
    { name: 'one document', input: 'a: 1\n', want: [['a: 1\n', 1]] },
    { name: 'two documents', input: 'a: 1\n---\nb: 2\n', want: [['a: 1\n', 1], ['b: 2\n', 3]] }, // biome-ignore format: a row
    { name: 'a leading separator and a comment after it', input: '--- # x\na: 1', want: [['a: 1', 2]] },
    { name: 'empty documents', input: '---\n---\n# nothing\n\n---\na: 1\n---\n', want: [['a: 1\n', 6]] },
    { name: 'a byte order mark', input: '\ufeffa: 1', want: [['a: 1', 1]] },
    { name: 'Windows line ends', input: 'a: 1\r\n---\r\nb: 2\r\n', want: [['a: 1\r\n', 1], ['b: 2\r\n', 3]] }, // biome-ignore format: a row
    { name: 'nothing', input: '', want: [] },
  ];
  for (const { name, input, want } of table) {
    it(`cuts ${name}`, () => {
      assert.deepEqual(
        splitDocuments(input).chunks.map(({ text, line }) => [text, line]),
        want,
      );
    });
  }

  it('names a separator with something behind it', () => {
    assert.deepEqual(splitDocuments('a: 1\n--- b: 2\n').bad, [{ line: 2, text: 'b: 2' }]);
  });
});
