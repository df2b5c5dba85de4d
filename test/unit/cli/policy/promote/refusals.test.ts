import assert from 'node:assert/strict';
import { type KnownOfCandidate, refusalsOf } from '../../../../../src/cli/policy/promote/refusals.ts';

const DAY_MS = 86_400_000;
const nowMs = Date.parse('2026-05-02T00:00:00Z');
const counts = { same: 90, allow_to_deny: 5, deny_to_allow: 5, other_answer: 0, error: 0, skipped: 0, unsaid: 0 };
const answer: KnownOfCandidate['answer'] = {
  ...{ state: 'comparing', why: '', findings: [], since: '2026-04-30T00:00:00Z', summary: '', digest: 'd', counts },
  ...{ error: '', lacks: [], differences: [], differenceCount: 0, pushedOut: 0 },
};
const sound: KnownOfCandidate = {
  ...{ answer, nowMs, minAgeMs: DAY_MS, digest: 'd', degraded: [], unproved: [], diffUnknown: '' },
};

const cases: readonly {
  readonly name: string;
  readonly known: Partial<KnownOfCandidate>;
  readonly want: readonly string[];
}[] = [
  { name: 'what differs and is old enough', known: {}, want: [] },
  {
    name: 'a broken one, for that alone',
    known: { answer: { ...answer, state: 'broken', why: 'a.yaml:1' } },
    want: ['broken'],
  },
  { name: 'one that is absent', known: { answer: { ...answer, state: 'absent' } }, want: ['broken'] },
  { name: 'other files', known: { digest: 'e' }, want: ['other_files'] },
  { name: 'one that is too young', known: { minAgeMs: 2 * DAY_MS + 1 }, want: ['young'] },
  { name: 'one of a clock that is ahead', known: { nowMs: nowMs - 3 * DAY_MS }, want: ['young'] },
  { name: 'one whose beginning is not told', known: { answer: { ...answer, since: null } }, want: ['young'] },
  {
    name: 'one that met no traffic',
    known: { answer: { ...answer, counts: { ...counts, same: 0, allow_to_deny: 0, deny_to_allow: 0 } } },
    want: ['unseen'],
  },
  {
    name: 'one that was skipped often',
    known: { answer: { ...answer, counts: { ...counts, skipped: 6 } } },
    want: ['skipped'],
  },
  {
    name: 'one of which Envoys do not tell enough',
    known: { answer: { ...answer, counts: { ...counts, skipped: 2, unsaid: 4 } } },
    want: ['skipped'],
  },
  {
    name: 'one that was skipped seldom',
    known: { answer: { ...answer, counts: { ...counts, skipped: 5 } } },
    want: [],
  },
  { name: 'one that has failed', known: { answer: { ...answer, counts: { ...counts, error: 1 } } }, want: ['errors'] },
  { name: 'one beside broken files', known: { degraded: ['b.yaml:2'] }, want: ['degraded'] },
  { name: 'a tenant that is open', known: { unproved: ['red'] }, want: ['unproved'] },
  { name: 'what nobody can say', known: { diffUnknown: 'too large' }, want: ['diff_unknown'] },
];

describe('refusalsOf', () => {
  for (const { name, known, want } of cases)
    it(`${want.length === 0 ? 'lets pass' : 'refuses'} ${name}`, () => {
      const refusals = refusalsOf({ ...sound, ...known }, new Set());
      assert.deepEqual(
        refusals.map(({ code }) => code),
        want,
      );
      assert.ok(refusals.every(({ accepted, fix }) => !accepted && fix !== ''));
    });

  it('says what was accepted', () => {
    const refusals = refusalsOf({ ...sound, minAgeMs: 9 * DAY_MS, unproved: ['red'] }, new Set(['young']));
    assert.deepEqual(
      refusals.map(({ code, accepted }) => [code, accepted]),
      [
        ['young', true],
        ['unproved', false],
      ],
    );
  });
});
