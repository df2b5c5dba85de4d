import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createReporter } from '../../../src/policy/documents/finding.ts';
import { parseFully } from '../../../src/policy/documents/yaml/parse.ts';
import { splitDocuments } from '../../../src/policy/documents/yaml/split.ts';
import { readUsualJson } from '../../../src/policy/documents/yaml/usual-json.ts';

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a', labels: { app: 'a', 'b/c': '' }, annotations: { note: 'a "b"\n\tc\\ \u00e9 é 😀' } },
  spec: { hostNetwork: false, priority: -1, overhead: 1.5e3, nothing: null, containers: [{ ports: [{}], args: [] }] },
};

const scalar = fc.oneof(
  fc.constantFrom('a', '', '<<', 'y', '\u2028', '\ufeffa', '---', '#', ': ', 0, -0.5, 1e21, 9e15, null, true),
  fc.string({ maxLength: 8 }),
  fc.string({ unit: 'grapheme', maxLength: 4 }),
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
); // biome-ignore format: a list of words
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.constantFrom('a', 'b', '<<', 'no'), fc.string({ maxLength: 6 })), tie('tree'), {
      maxKeys: 3,
    }),
  ),
}));
const written = fc
  .tuple(tree, fc.constantFrom(0, 1, 2, 4, '\t', ''), fc.boolean(), fc.constantFrom('', '\n', '\n\n  ', '# c\n', ' \n'))
  .map(([value, by, isEscaped, end]) => {
    const text = JSON.stringify([value], undefined, by) + end;
    return isEscaped
      ? text.replaceAll(/[^ -~\n\t]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
      : text;
  });

const pieces = [
  ...['\n', ' ', '\n  ', ',', ',,', ':', ' :', '"', '\\', '\\u00', '\\x41', '{', '}', '[', ']', '{}', '"a":1,', '"a":\n1', 'a', "'b'", '*', '&a '],
  ...['!', '|', '?', '~', '01', '-', '+1', '.5', '0x1f', '1_0', '\t', '\r', '\r\n', 'é', '\u2028', '# x\n', '/* */', '...', '\n...\n', '<<: ', 'true', 'yes', 'NaN'],
]; // biome-ignore format: a list of words
const damaged = fc
  .tuple(
    fc.oneof(written, fc.constantFrom(JSON.stringify(pod), JSON.stringify(pod, undefined, 2))),
    fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(4), fc.constantFrom(...pieces)), {
      maxLength: 3,
    }),
  )
  .map(([text, edits]) =>
    edits.reduce((now, [at, cut, piece]) => {
      const place = Math.floor(at * now.length);
      return now.slice(0, place) + piece + now.slice(place + cut);
    }, text),
  );

/** Whether the text was read; what was read must be what the full parser reads, without a finding. */
function compare(text: string): boolean {
  let any = false;
  for (const chunk of splitDocuments(text).chunks) {
    const usual = readUsualJson(chunk);
    if (usual === undefined) continue;
    any = true;
    const report = createReporter('a.json');
    assert.deepEqual(usual, parseFully(chunk, report), JSON.stringify(text));
    assert.deepEqual(report.findings, []);
  }
  return any;
}

describe('readUsualJson', () => {
  it('reads a document of one line and one of many', () => {
    for (const by of [undefined, 1, 4]) assert.ok(compare(JSON.stringify(pod, undefined, by)));
  });

  it('reads documents of any structure as the full parser does, or not at all', () => {
    let read = 0;
    fc.assert(
      fc.property(written, (text) => {
        if (compare(text)) read += 1;
      }),
      { numRuns: 3000 },
    );
    assert.ok(read > 1000, `only ${read} were read`);
  });

  it('reads damaged documents as the full parser does, or not at all', () => {
    fc.assert(
      fc.property(damaged, (text) => void compare(text)),
      { numRuns: 5000 },
    );
  });
});
