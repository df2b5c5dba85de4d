import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { block, printDocuments } from '../../../../../src/cli/kubernetes/chart/print.ts';
import { noted, type Tree, text, value, when } from '../../../../../src/cli/kubernetes/chart/tree.ts';

const lines = (tree: Tree): string => block(tree, '').join('\n');

describe('block', () => {
  for (const word of [
    'true',
    'No',
    'y',
    'null',
    '1',
    '0x1',
    '1e3',
    '-',
    '',
    ' a',
    'a: b',
    'a #b',
    '*a',
    '2026-01-01',
    'é\n',
  ])
    it(`writes ${JSON.stringify(word)} as a text`, () => {
      assert.deepEqual(parse(lines({ a: word }), { version: '1.1' }), { a: word });
    });

  it('writes forms as templates', () => {
    const tree = { a: value('x.y'), b: text('a-', value('z')), c: when(value('on'), { d: 1 }, { e: [] }) };
    assert.equal(
      lines(tree),
      [
        'a: {{ $.Values.x.y | toJson }}',
        'b: {{ list "a-" $.Values.z | join "" | toJson }}',
        '{{- if $.Values.on }}',
        'c:',
        '  d: 1',
        '{{- else }}',
        'c:',
        '  e: []',
        '{{- end }}',
      ].join('\n'),
    );
  });

  it('writes a reason above what it is for', () => {
    assert.equal(lines({ a: [noted('since', { b: 1 })] }), 'a:\n# since\n- b: 1');
  });

  it('refuses a list of which nothing may be left, which Helm would call null', () => {
    assert.throws(() => lines({ a: [when(value('x'), 1)] }), /depends on conditions/);
  });
});

describe('printDocuments', () => {
  it('takes a whole object away with its condition', () => {
    assert.equal(
      printDocuments([when({ is: ['a', 'b'] }, { c: 1 })]),
      '{{- if (eq $.Values.a "b") }}\n---\nc: 1\n{{- end }}\n',
    );
  });
});
