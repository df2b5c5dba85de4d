import assert from 'node:assert/strict';
import type { RedactedDifference } from '../../../../src/authz/candidate/redacted-difference.ts';
import { decision } from '../../../../src/policy/decision.ts';
import { createDifferenceTable } from '../../../../src/server/candidate/difference-table.ts';

const allow = decision('istio', 'allow', 'rule_allowed');
const deny = decision('istio', 'deny', 'no_rule_allowed');

function row(caller: string, count: number, lastAt: number, requestBytes = 10): RedactedDifference {
  return {
    ...{ caller, method: 'GET', count, firstAt: lastAt, lastAt, exampleTokens: undefined },
    candidate: { result: 'allow_to_deny', decision: deny },
    example: {
      ...{ id: `${caller}${lastAt}`, decidedAt: lastAt, decision: allow, destination: undefined, snapshot: 1 },
      ...{ request: Buffer.alloc(requestBytes), caller: { local: true } as const, tokens: undefined },
    },
  };
}

describe('createDifferenceTable', () => {
  it('adds up what is alike, and shows the newest example', () => {
    const table = createDifferenceTable();
    table.add([row('a', 3, 10), row('b', 1, 11)], 0);
    table.add([row('a', 2, 20)], 4);
    const [most, ...rest] = table.rows('most');
    assert.deepEqual(
      [most?.caller, most?.count, most?.firstAt, most?.lastAt, most?.example.id, rest.length, table.pushedOut],
      ['a', 5, 10, 20, 'a20', 1, 4],
    );
    assert.deepEqual(
      table.rows('rarest').map(({ caller }) => caller),
      ['b', 'a'],
    );
    assert.deepEqual(
      table.rows('newest').map(({ caller }) => caller),
      ['a', 'b'],
    );
    assert.deepEqual(table.rows('most', 'deny_to_allow'), []);
    table.clear();
    assert.deepEqual([table.rows('most'), table.pushedOut], [[], 0]);
  });

  it('stays within its bounds, and keeps what is rare and what is new', () => {
    const table = createDifferenceTable(10);
    table.add([row('rare', 1, 1)], 0);
    for (let i = 0; i < 1_000; i++) table.add([row(`often-${i}`, 5, 2 + i)], 0);
    const kept = table.rows('newest').map(({ caller }) => caller);
    assert.equal(kept.length, 10);
    assert.ok(kept.includes('rare') && kept.includes('often-999'), kept.join());
    assert.equal(table.pushedOut, 991 * 5);
  });

  it('keeps no more bytes of requests than it may', () => {
    const table = createDifferenceTable(100, 1_000);
    for (let i = 0; i < 50; i++) table.add([row(`a${i}`, 1, i, 300)], 0);
    for (let i = 0; i < 50; i++) table.add([row(`a${i}`, 1, 100 + i, 300)], 0);
    const bytes = table.rows('newest').reduce((sum, { example }) => sum + (example.request?.length ?? 0), 0);
    assert.ok(bytes > 0 && bytes <= 1_000, String(bytes));
  });
});
