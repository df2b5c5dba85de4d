import assert from 'node:assert/strict';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { type Report, ReportSchema } from '../../../../../src/gen/gatehouse/feed/v1/feed_pb.ts';
import { createDeciderReports } from '../../../../../src/identity/delivery/feed/decider-reports.ts';
import { createReportPace } from '../../../../../src/identity/delivery/feed/report-pace.ts';

const report = (more: MessageInitShape<typeof ReportSchema> = {}): Report =>
  create(ReportSchema, { complete: true, ...more });

const edge = (caller: string, denied = false) => ({
  what: {
    case: 'edge' as const,
    value: {
      caller,
      destination: 'spiffe://cluster.local/ns/b/sa/x',
      namespace: 'b',
      port: 80,
      protocol: 'http',
      denied,
    },
  },
});
const counted = (callers: readonly string[], count: number): Report =>
  report({
    sinceAt: 1n,
    rows: callers.map((caller) => edge(caller)),
    changed: callers.map((_, i) => i),
    counts: callers.map(() => BigInt(count)),
    lastAt: callers.map(() => 5n),
  });
const id = (n: number): string => `AAAAAAAAAAA${String(n).padStart(11, '0')}`;
const decisionsOf = (count: number, bytes: number): Report =>
  report({
    decisions: Array.from({ length: count }, (_, i) => ({ id: id(i), denied: true, record: new Uint8Array(bytes) })),
  });

function setup(atMs = 10) {
  const clock = { atMs };
  const book = createDeciderReports(() => clock.atMs);
  return { book, clock, join: (name: string) => book.joined(name, () => undefined) };
}

describe('createDeciderReports', () => {
  it('takes sums: said again they change nothing, and a row is named once', () => {
    const { book, join } = setup();
    const stream = join('a');
    stream.report(counted(['c'], 3), 10);
    stream.report(report({ changed: [0], counts: [7n], lastAt: [9n] }), 11);
    stream.report(report({ changed: [0], counts: [7n], lastAt: [9n] }), 12);
    const [a] = book.all();
    assert.deepEqual(
      [a?.state, a?.counts?.edges.map(({ caller, count, lastAt }) => [caller, count, lastAt])],
      ['reporting', [['c', 7, 9]]],
    );
  });

  const rule = (name: string) => ({
    what: {
      case: 'rule' as const,
      value: { plane: 'istio', dialect: 'istio', kind: 'AuthorizationPolicy', namespace: 'b', name, text: 'abc' },
    },
  });
  const ruled = (sinceAt: bigint, counts: Readonly<Record<string, number>>): Report =>
    report({
      sinceAt,
      rows: Object.keys(counts).map(rule),
      changed: Object.keys(counts).map((_, i) => i),
      counts: Object.values(counts).map(BigInt),
      lastAt: Object.keys(counts).map(() => sinceAt + 1n),
      totals: { rulesOverflow: 2n },
    });
  const rulesOf = (book: ReturnType<typeof setup>['book']) =>
    book.all()[0]?.counts?.rules.map(({ name, count, lastAt }) => `${name} ${count} ${lastAt}`);

  it('goes on with what rules have decided where a decider was started again, and not where it follows anew', () => {
    const { book, join } = setup();
    join('a').report(ruled(10n, { x: 3, y: 1 }), 10);
    join('a').report(ruled(10n, { x: 4, y: 1 }), 11);
    assert.deepEqual(rulesOf(book), ['x 4 11', 'y 1 11']);
    join('a').report(ruled(20n, { x: 1, z: 5 }), 12);
    assert.deepEqual(rulesOf(book), ['x 5 21', 'y 1 11', 'z 5 21']);
    assert.equal(book.all()[0]?.counts?.rulesOverflow, 4);
    join('a').report(ruled(20n, { x: 2, z: 5 }), 13);
    assert.deepEqual(rulesOf(book), ['x 6 21', 'y 1 11', 'z 5 21']);
  });

  const nonsense: readonly { name: string; says: MessageInitShape<typeof ReportSchema> }[] = [
    { name: 'a count of a row without a name', says: { changed: [5], counts: [1n], lastAt: [1n] } },
    { name: 'rows without counts', says: { rows: [edge('c')], changed: [0], counts: [], lastAt: [] } },
    {
      name: 'a count that no number holds',
      says: { rows: [edge('c')], changed: [0], counts: [2n ** 64n - 1n], lastAt: [1n] },
    },
    { name: 'a time that no date holds', says: { rows: [edge('c')], changed: [0], counts: [1n], lastAt: [2n ** 63n] } },
    { name: 'a sum that no number holds', says: { totals: { denied: 2n ** 64n - 1n } } },
    { name: 'a name that is too long', says: { rows: [edge('x'.repeat(2_049))] } },
    { name: 'too many rows', says: { rows: Array.from({ length: 10_001 }, () => edge('')) } },
    {
      name: 'a request of no edge',
      says: { rows: [edge('c'), { what: { case: 'request', value: { edge: 1, method: 'GET', path: '/' } } }] },
    },
    { name: 'too many rules', says: { rows: Array.from({ length: 2_049 }, () => rule('x')) } },
    { name: 'too many bytes of names', says: { rows: Array.from({ length: 1_000 }, () => edge('x'.repeat(2_000))) } },
  ];
  for (const { name, says } of nonsense)
    it(`ends the stream that says ${name}, and keeps what others said`, () => {
      const { book, join } = setup();
      join('b').report(counted(['c'], 3), 10);
      const hostile = join('a');
      assert.throws(() => hostile.report(report(says), 10), { code: 'message_invalid' });
      assert.equal(book.all()[1]?.counts?.edges.length, 1);
    });

  it('lets a decider that begins anew replace its own numbers, whole, and no others', () => {
    const { book, join } = setup();
    join('b').report(counted(['c'], 3), 10);
    const first = join('a');
    first.report(counted(['c', 'd'], 3), 10);
    const second = join('a');
    first.report(counted(['e'], 1_000), 11);
    second.report({ ...counted(['c'], 1), complete: false }, 12);
    const sums = () => book.all().map(({ state, counts }) => [state, counts?.edges.map(({ count }) => count)]);
    assert.deepEqual(sums(), [
      ['mute', [3, 3]],
      ['reporting', [3]],
    ]);
    second.report(report({ changed: [0], counts: [2n], lastAt: [1n] }), 13);
    assert.deepEqual(sums()[0], ['reporting', [2]]);
  });

  it('names who is silent: who has left, who holds a certificate and never came, who follows and says nothing', () => {
    const { book, clock, join } = setup();
    const gone = join('gone');
    gone.report(counted(['c'], 3), 10);
    gone.left();
    join('old');
    join('stuck').report(report(), 10);
    book.known(new Set(['never', 'gone']), 10);
    clock.atMs = 30_000;
    assert.deepEqual(
      book.all().map(({ decider, state, lastAt }) => [decider, state, lastAt]),
      [
        ['gone', 'silent', 10],
        ['never', 'silent', undefined],
        ['old', 'mute', undefined],
        ['stuck', 'mute', 10],
      ],
    );
    book.known(new Set(), 2 * 60 * 60_000);
    assert.deepEqual(
      book.all().map(({ decider }) => decider),
      ['old', 'stuck'],
    );
  });

  it('keeps of decisions what has room, and none whose id is no id', () => {
    const { book, join } = setup();
    const stream = join('a');
    stream.report(decisionsOf(2_000, 100), 10);
    assert.equal(book.all()[0]?.decisions.length, 1_024);
    stream.report(decisionsOf(200, 16_000), 10);
    const bytes = book.all()[0]?.decisions.reduce((sum, { record }) => sum + record.length, 0) ?? 0;
    assert.ok(bytes <= 512 * 1024, `${bytes} bytes`);
    stream.report(
      report({
        decisions: [
          { id: '../../x', denied: true },
          { id: id(9_999), denied: false, record: new Uint8Array(20_000) },
        ],
      }),
      10,
    );
    assert.deepEqual(book.makersOf(id(9_999)), []);
  });

  it('asks the decider that made a decision, by its id or by what the ids of its processes begin with', async () => {
    const { book, join } = setup();
    const stream = join('a');
    join('b').report(report({ epochs: ['BBBBBBBBBBB', 'no epoch'] }), 10);
    stream.report(report({ epochs: ['AAAAAAAAAAA'] }), 10);
    assert.deepEqual(book.makersOf(id(1)), ['a']);
    const asked = book.ask('a', id(1));
    const [question] = stream.newQuestions();
    assert.equal(question?.decisionId, id(1));
    const say = (number: bigint, text: string, complete: boolean) =>
      stream.answer({ $typeName: 'gatehouse.feed.v1.Answer', number, piece: Buffer.from(text), complete });
    say(99n, 'of nothing that was asked', true);
    say(question?.number ?? 0n, 'he', false);
    say(question?.number ?? 0n, 'llo', true);
    assert.equal(Buffer.from(await asked).toString(), 'hello');

    const tooMuch = book.ask('a', id(2));
    const [next] = stream.newQuestions();
    for (let i = 0; i < 3; i++) say(next?.number ?? 0n, 'x'.repeat(1024 * 1024), false);
    await assert.rejects(tooMuch, {
      code: 'unreachable',
      message: /the decider a made this decision and answers with more/,
    });

    const left = book.ask('a', id(3));
    stream.left();
    await assert.rejects(left, { code: 'unreachable', message: /the decider a .* has left meanwhile/ });
    await assert.rejects(book.ask('a', id(3)), { code: 'unreachable', message: /a made .* does not follow/ });
  });

  it('shares what it takes of decisions alike: 500 denies a second of two, fewer of more', () => {
    const { join } = setup();
    const first = join('0');
    assert.deepEqual(first.wanted(), { deniesPerSecond: 500, allowsPerSecond: 100, rules: 2_048, requests: 4_096 });
    for (let i = 1; i < 50; i++) join(String(i));
    assert.deepEqual(first.wanted(), { deniesPerSecond: 20, allowsPerSecond: 4, rules: 2_048, requests: 4_096 });
  });

  it('hears no more deciders than 500', () => {
    const { book, join } = setup();
    for (let i = 0; i < 600; i++) join(`d${i}`).report(counted(['c'], 1), 10);
    assert.equal(book.all().length, 500);
  });
});

describe('createReportPace', () => {
  it('lets 4 MiB through at once and then half of one a second', () => {
    let now = 0;
    const pace = createReportPace(() => now);
    const big = decisionsOf(64, 16_384); // 1 MiB
    assert.deepEqual([pace(big), pace(big), pace(big)], [0, 0, 0]);
    pace(big);
    const waitMs = pace(big);
    assert.ok(waitMs > 1_900 && waitMs < 2_300, `${waitMs} ms`);
    now += 60_000;
    assert.equal(pace(report()), 0);
  });
});
