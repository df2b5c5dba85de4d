/**
 * A difference as it is printed: JSON, Markdown for a pull request, policy tests of its witnesses.
 * @module
 */
import type { TestForm } from '../../policy-test/test-form.ts';
import { regionText } from '../region-text.ts';
import { shownAllowance, shownClass, shownDecision, shownWitness } from '../shown.ts';
import type { Change, Difference } from './diff.ts';

/** The JSON of `policy diff`. */
export function diffDocument({ classes, added, removed, plainPaths }: Difference) {
  const pods = classes.reduce((sum, { members }) => sum + members.length, 0);
  const paths = 'without escapes, parameters, empty or dot segments';
  return {
    universe: { scope: 'registry', pods, outside: true, ...(plainPaths && { paths }) },
    complete: true,
    equal: added.length + removed.length === 0,
    onlyAdds: added.length > 0 && removed.length === 0,
    onlyRemoves: removed.length > 0 && added.length === 0,
    classes: classes.map(shownClass),
    added: added.map(shownChange),
    removed: removed.map(shownChange),
  };
}

function shownChange(change: Change) {
  const { from, to, boxes, witness, rules, owners } = change;
  return {
    from: from.id,
    to: to.id,
    region: boxes,
    witness: shownWitness(witness, from, to),
    old: shownDecision(change.old),
    new: shownDecision(change.new),
    rules: rules.map(shownAllowance),
    owners,
  };
}

/** What is printed. */
export type DiffDocument = ReturnType<typeof diffDocument>;

/** Who a class is, in few words. */
function namesOf(id: string, { classes }: DiffDocument): string {
  const one = classes.find((each) => each.id === id);
  const names = one === undefined ? [] : 'members' in one ? one.members : 'outside' in one ? one.outside : [];
  const shown = (names ?? []).slice(0, 3).join(', ');
  const more = (names ?? []).length - 3;
  return `${one !== undefined && 'outside' in one ? 'outside ' : ''}${shown}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Rows for a table: what, from, to, on, the rules, the owners. */
export function diffRows(document: DiffDocument): readonly (readonly string[])[] {
  const rows = (what: string, changes: DiffDocument['added']) =>
    changes.map(({ from, to, region, rules, owners }) => [
      what,
      namesOf(from, document),
      namesOf(to, document),
      regionText(region),
      rules.map(({ policy, rule, file, line }) => `${policy} rule ${rule} (${file}:${line})`).join(', '),
      owners.join(', '),
    ]);
  return [...rows('added', document.added), ...rows('removed', document.removed)];
}

/** For a pull request. */
export function diffMarkdown(document: DiffDocument): string {
  const { equal, added, removed } = document;
  if (equal) return 'No request is decided otherwise than before.\n';
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');
  const lines = diffRows(document).map((row) => `| ${row.map(cell).join(' | ')} |`);
  const owners = [...new Set([...added, ...removed].flatMap((change) => change.owners))];
  return [
    `**${added.length} newly allowed, ${removed.length} newly denied**`,
    '',
    '| | from | to | on | by | owners |',
    '|---|---|---|---|---|---|',
    ...lines,
    ...(owners.length === 0 ? [] : ['', `To agree: ${owners.join(', ')}.`]),
    '',
  ].join('\n');
}

/** The witnesses as policy tests, of what the new policies decide. */
export function witnessTests({ added, removed }: Difference): readonly TestForm[] {
  return [...added, ...removed].map((change, i) => ({
    name: `${i + 1}: ${change.from.members[0] ?? change.from.outside?.address} to ${change.to.members[0]}`,
    request: change.witness.request,
    ...(change.witness.claims && { token: { claims: change.witness.claims as Record<string, string> } }),
    expect: { decision: change.new?.effect ?? 'deny' },
  }));
}
