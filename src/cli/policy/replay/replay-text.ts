/**
 * What a replay came to, for people and as the last line of JSON.
 * @module
 */
import type { DecidedBy, ReplayGroup, ReplayTally } from '../../../analysis/replay/tally.ts';
import type { Look } from '../../terminal/look.ts';
import { textTable } from '../../terminal/text-table.ts';

/** Rows of the table; JSON has all. */
const MOST_ROWS = 100;

/** The counts of a run, as JSON has them. */
export function replaySummary(tally: ReplayTally) {
  const { counts, decisions, cannotSayPercent, overflow } = tally;
  const groups = sorted(tally);
  return { summary: { decisions, ...counts, cannotSayPercent: rounded(cannotSayPercent), overflow, groups } };
}

/** Renders a run; ends with a newline. */
export function replayText(tally: ReplayTally, look: Look): string {
  const groups = sorted(tally);
  const rows = groups.slice(0, MOST_ROWS).map(({ result, count, from, to, was, now, lacks, example }) => [
    {
      text: result === 'differs' ? 'differs' : 'cannot say',
      style: result === 'differs' ? 'bad' : 'warning',
    } as const,
    String(count),
    account(from) || 'nobody',
    account(to) || '?',
    byText(was),
    now === undefined ? `the log lacks ${lacks}` : byText(now),
    example,
  ]);
  const headings = ['RESULT', 'COUNT', 'FROM', 'TO', 'WAS', 'NOW', 'EXAMPLE'];
  const more = groups.length > MOST_ROWS ? `${groups.length - MOST_ROWS} more rows: --output json has all\n` : '';
  const table = rows.length === 0 ? '' : textTable(headings, rows, '', look);
  return `${table}${more}${countsText(tally)}`;
}

function countsText({ counts, decisions, cannotSayPercent, overflow }: ReplayTally): string {
  const { same, differs, unknown, cut, newer, foreign, outOfOrder, first, last } = counts;
  if (decisions === 0) return `no decision of ours in ${counts.lines} lines\n`;
  const cannot = unknown + cut + newer;
  const notes = [
    [foreign, 'lines are no decisions of ours'],
    [cut, 'lines are pieces of decisions: cut, or not whole'],
    [newer, 'decisions are of a later form of the log than this program knows'],
    [outOfOrder, 'decisions are older than the one before them: files in another order, or clocks apart'],
    [overflow, 'decisions found no room in the table'],
  ] as const;
  return [
    `${decisions} decisions${first === '' ? '' : ` from ${first} to ${last}`}: ${same} the same, ${differs} differ, ${cannot} cannot be said (${rounded(cannotSayPercent)}%)\n`,
    ...notes.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}\n`),
  ].join('');
}

const rounded = (percent: number): number => Math.ceil(percent * 100) / 100;

const order = { differs: 0, unknown: 1, same: 2 } as const;

const sorted = ({ groups }: ReplayTally): readonly ReplayGroup[] =>
  [...groups.values()].sort((a, b) => order[a.result] - order[b.result] || b.count - a.count);

/** `NAMESPACE/SERVICEACCOUNT` where the ID says so. */
const account = (name: string): string => name.replace(/^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\/([^/]+)$/, '$1/$2');

function byText({ decision, reason, policy, rule, file, line }: DecidedBy): string {
  const by = policy === undefined ? '' : ` by ${policy}${rule === undefined ? '' : ` rule ${rule}`}`;
  return `${decision} ${reason}${by}${file === undefined ? '' : ` (${file}:${line})`}`;
}
