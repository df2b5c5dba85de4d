import assert from 'node:assert/strict';
import { createReporter } from '../../../../src/policy/documents/finding.ts';
import type { PolicyFile } from '../../../../src/policy/read-policies.ts';
import { chooseInForce } from '../../../../src/policy/sources/choose-in-force.ts';

/** A file that holds policies of these names; `!` among them makes it broken. */
function file(name: string, ...policies: string[]): PolicyFile {
  const report = createReporter(name);
  if (policies.includes('!')) report.error({ line: 7, column: 1 }, 'unreadable', '', 'broken', 'mend it');
  return {
    file: name,
    documents: policies
      .filter((policy) => policy !== '!')
      .map((policy, i) => ({
        dialect: 'istio',
        kind: 'AuthorizationPolicy',
        namespace: 'x',
        name: policy,
        key: policy,
        isPolicy: true,
        place: { line: i + 1, column: 1 },
        contribution: undefined,
      })),
    findings: report.findings,
    hasErrors: report.findings.length > 0,
    skipped: new Map(),
    ignores: [],
  };
}

describe('chooseInForce', () => {
  const a = file('a', 'p');
  const b = file('b', 'q');
  const table: readonly {
    name: string;
    candidates: Parameters<typeof chooseInForce>[0];
    inForce: readonly PolicyFile[];
    degraded?: readonly string[];
    lost?: readonly string[];
  }[] = [
    {
      name: 'takes what is new and sound',
      candidates: [{ file: 'a', now: a, lastGood: file('a', 'old') }],
      inForce: [a],
    },
    {
      name: 'keeps what was good of a broken file',
      candidates: [
        { file: 'a', now: file('a', 'p', '!'), lastGood: a },
        { file: 'b', now: b, lastGood: undefined },
      ],
      inForce: [a, b],
      degraded: ['a:7'],
    },
    {
      name: 'keeps what was good of a file that cannot be seen',
      candidates: [{ file: 'a', now: undefined, lastGood: a }],
      inForce: [a],
    },
    {
      name: 'loses a broken file that never was good',
      candidates: [
        { file: 'a', now: file('a', '!'), lastGood: undefined },
        { file: 'b', now: b, lastGood: undefined },
      ],
      inForce: [b],
      degraded: ['a:7'],
      lost: ['a'],
    },
  ];
  for (const { name, candidates, inForce, degraded = [], lost = [] } of table) {
    it(name, () => {
      const choice = chooseInForce(candidates);
      assert.deepEqual([choice.inForce, choice.degraded, choice.lost], [inForce, degraded, lost]);
    });
  }

  it('blames the later of two new files for a name that both have', () => {
    const choice = chooseInForce([
      { file: 'a', now: a, lastGood: undefined },
      { file: 'b', now: file('b', 'q', 'p'), lastGood: undefined },
    ]);
    assert.deepEqual([choice.inForce, choice.degraded, choice.lost], [[a], ['b:2'], ['b']]);
    assert.match(choice.findings[0]?.message ?? '', /x\/p stands at a:1 already, and again at b:2/);
  });

  it('blames the file that changed, even if it comes earlier, and keeps what it held', () => {
    const before = file('a', 'old');
    const choice = chooseInForce([
      { file: 'a', now: file('a', 'q'), lastGood: before },
      { file: 'b', now: b, lastGood: b },
    ]);
    assert.deepEqual([choice.inForce, choice.degraded], [[before, b], ['a:1']]);
  });

  it('lets a document move between files', () => {
    const movedTo = file('a', 'p', 'q');
    const movedFrom = file('b');
    const choice = chooseInForce([
      { file: 'a', now: movedTo, lastGood: a },
      { file: 'b', now: movedFrom, lastGood: b },
    ]);
    assert.deepEqual([choice.inForce, choice.degraded], [[movedTo, movedFrom], []]);
  });

  it('keeps a document where it was if the file that gives it up is broken', () => {
    const choice = chooseInForce([
      { file: 'a', now: file('a', 'p', 'q'), lastGood: a },
      { file: 'b', now: file('b', '!'), lastGood: b },
    ]);
    assert.deepEqual(
      [choice.inForce, choice.degraded],
      [
        [a, b],
        ['a:2', 'b:7'],
      ],
    );
  });
});
