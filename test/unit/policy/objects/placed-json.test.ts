import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createReporter } from '../../../../src/policy/documents/finding.ts';
import { parseFully } from '../../../../src/policy/documents/yaml/parse.ts';
import { placedJson, placedText } from '../../../../src/policy/objects/placed-json.ts';

const key = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => text !== '__proto__');
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4 }),
  ),
}));

describe('placedJson', () => {
  it('is what the parser of files makes of the text, places too', () => {
    fc.assert(
      fc.property(fc.dictionary(key, json.value, { minKeys: 1, maxKeys: 5 }), (value) => {
        const read = parseFully({ text: placedText(value), line: 1 }, createReporter('x'));
        assert.deepEqual(placedJson(JSON.parse(JSON.stringify(value))), read);
      }),
      { numRuns: 300 },
    );
  });
});
