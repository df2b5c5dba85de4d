/**
 * A promotion for people: on a terminal, and as the page that goes with the files.
 * @module
 */
import { diffMarkdown } from '../../../analysis/proofs/diff/diff-document.ts';
import { differencesIn } from '../candidate-command.ts';
import type { PromotionDocument } from './promotion.ts';

/** In some lines. */
export function promotionText(document: PromotionDocument & { readonly written: readonly string[] }): string {
  const { promoted, counts, diff, tenants, removes, written, since } = document;
  const compared = counts.same + differencesIn(document);
  const lines = [
    promoted ? 'the candidate may come in force' : 'the candidate is refused',
    `seen since ${since ?? 'never'}: ${compared} Checks, of which ${differencesIn(document)} differ (${counts.allow_to_deny} allow_to_deny, ${counts.deny_to_allow} deny_to_allow, ${counts.other_answer} other_answer, ${counts.error} error)`,
    diff === null
      ? 'exactly: not known'
      : diff.equal
        ? 'exactly: no request is decided otherwise'
        : `exactly: ${diff.added.length} newly allowed, ${diff.removed.length} newly denied`,
    ...tenants.map(({ tenant, direction, proved, scope }) =>
      proved ? `tenant ${tenant} ${direction}: proved (${scope})` : `tenant ${tenant} ${direction}: NOT proved`,
    ),
    ...removes.map((each) => `gone with it: ${textOf(each)}`),
    ...written.map((each) => `written: ${each}`),
  ];
  return `${lines.join('\n')}\n`;
}

const textOf = ({ kind, namespace, name }: PromotionDocument['removes'][number]): string =>
  `${kind} ${namespace === '' ? name : `${namespace}/${name}`}`;

/** The page that goes with the files. */
export function promotionPage(document: PromotionDocument, madeAt: string): string {
  const { refusals, differences, differenceCount, diff, removes } = document;
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');
  const said = ({ reason, policy, rule }: PromotionDocument['differences'][number]['inForce']): string =>
    `${reason}${policy === null ? '' : ` ${policy}${rule === null ? '' : ` rule ${rule}`}`}`;
  const rows = differences.map(
    ({ result, caller, destination, method, count, lastAt, inForce, candidate, example }) =>
      `| ${[result, caller, destination, `${method} ${example.request?.path ?? ''}`, `${count}`, lastAt, said(inForce), said(candidate)].map(cell).join(' | ')} |`,
  );
  return [
    '# Promotion of the candidate',
    '',
    `Made at ${madeAt}.`,
    '',
    promotionText({ ...document, written: [] })
      .trim()
      .replaceAll('\n', '  \n'),
    ...(refusals.length === 0
      ? []
      : ['', '## Accepted', '', ...refusals.map(({ code, message }) => `- ${code}: ${message}`)]),
    ...['', '## What was seen', ''],
    ...(rows.length === 0
      ? ['No Check would have been answered in another way.']
      : [
          '| result | caller | destination | request | count | last | in force | candidate |',
          '|---|---|---|---|---|---|---|---|',
          ...rows,
          ...(differenceCount > rows.length ? ['', `And ${differenceCount - rows.length} more rows.`] : []),
        ]),
    ...['', '## What it changes, exactly', '', diff === null ? 'Not known.' : diffMarkdown(diff).trim()],
    ...(removes.length === 0 ? [] : ['', '## To be deleted', '', ...removes.map((each) => `- ${textOf(each)}`)]),
    '',
  ].join('\n');
}
