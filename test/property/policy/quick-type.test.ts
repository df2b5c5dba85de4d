import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createReporter } from '../../../src/policy/documents/finding.ts';
import { textAt } from '../../../src/policy/documents/value.ts';
import { parseChunk } from '../../../src/policy/documents/yaml/parse.ts';
import { headType, quickType } from '../../../src/policy/documents/yaml/quick-type.ts';
import { isNoDocument } from '../../../src/policy/skip/no-document.ts';

const line = fc.oneof(
  fc.constantFrom(
    'apiVersion: v1', 'apiVersion: "security.istio.io/v1"', 'kind: ConfigMap', "kind: 'Secret'", 'kind: AuthorizationPolicy', 'kind: a # b',
    'kind:', '  AuthorizationPolicy', '"kind": AuthorizationPolicy', '? kind', ': AuthorizationPolicy', 'kind : AuthorizationPolicy', '<<: {kind: X}',
    'metadata: {name: a}', 'data: |', '  kind: Other', '  a: b', 'data: "x', 'kind: Y"', '- a', '- kind: Z', '# kind: no', '', 'items: []', '{', '}', 'a: &x {kind: Q}',
    '<<: *x', '...', '\tkind: T', 'kind: ConfigMap\r', 'x: 1\rkind: AuthorizationPolicy', 'apiversion: v1', 'KIND: A', 'x: >', 'a: b: c', '!!map', '%YAML 1.1',
  ), // biome-ignore format: a list of words
  fc.string({ maxLength: 12 }),
);

describe('quickType', () => {
  it('says of no text what the parser does not say', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 7 }), (lines) => {
        const text = lines.join('\n');
        const quick = quickType(text);
        if (quick === undefined) return;
        const value = parseChunk({ text, line: 1 }, createReporter('a'));
        if (value === undefined) return; // no YAML: it is no document of anybody's
        if (quick === 'none') assert.ok(isNoDocument(value), text);
        else assert.deepEqual(quick, { apiVersion: textAt(value, 'apiVersion'), kind: textAt(value, 'kind') }, text);
      }),
      { numRuns: 30_000 },
    );
  });

  it('says by the head of a JSON document what all of it says, unless a field comes twice', () => {
    const head = { apiVersion: 'security.istio.io/v1', kind: 'AuthorizationPolicy' };
    for (const by of [0, 2]) {
      const text = JSON.stringify({ ...head, spec: {} }, undefined, by);
      assert.deepEqual(headType(text), head);
      assert.deepEqual(quickType(text), head);
    }
    for (const text of ['{"kind":"a","apiVersion":"b"}', '[{"apiVersion":"a","kind":"b"}]', 'apiVersion: a\nkind: b\n'])
      assert.equal(headType(text), undefined);
  });
});
