/**
 * The report: for programs, for people, and as a page for an auditor.
 * @module
 */
import { oneLine } from '../../../lib/printable.ts';
import type { Look } from '../../terminal/look.ts';
import type { Finding, State } from './finding.ts';
import type { Judged } from './requirements.ts';

/** What is told. */
export interface ZeroTrustReport {
  readonly trustDomain: string;
  readonly at: string;
  /** All five are true. */
  readonly ok: boolean;
  readonly requirements: readonly Judged[];
}

const words: Readonly<Record<State, string>> = { true: 'true', false: 'FALSE', unknown: 'unknown' };

/** Worst first; in the order in which it was looked at. */
const inOrder = (findings: readonly Finding[]): readonly Finding[] =>
  (['false', 'unknown', 'true'] as const).flatMap((state) => findings.filter((one) => one.state === state));

/** For people. */
export function reportText({ requirements }: ZeroTrustReport, look: Look): string {
  const styles = { true: 'good', false: 'bad', unknown: 'warning' } as const;
  return requirements
    .map(({ number, name, state, findings, beyond }) => {
      const lines = inOrder(findings).flatMap((one) => [
        `    ${words[one.state].padEnd(8)} ${one.evidence}`,
        ...(one.fix === '' ? [] : [`             fix  ${one.fix}`]),
      ]);
      const title = `${number} ${name}: ${look.style(styles[state], words[state])}`;
      return `${[title, ...lines, `    not seen ${beyond}`].join('\n')}\n`;
    })
    .join('\n');
}

/** A page in Markdown. What came from outside is text there, whatever it holds. */
export function reportPage({ trustDomain, at, ok, requirements }: ZeroTrustReport): string {
  const table = requirements.map(({ number, name, state }) => `| ${number} | ${name} | **${words[state]}** |`);
  const sections = requirements.map(({ number, name, state, findings, beyond }) =>
    [
      `## ${number}. ${name}: ${words[state]}`,
      '',
      '| | evidence | what to do |',
      '|---|---|---|',
      ...inOrder(findings).map((one) => `| ${words[one.state]} | ${cell(one.evidence)} | ${cell(one.fix)} |`),
      '',
      `Not seen: ${beyond}.`,
    ].join('\n'),
  );
  return [
    `# Zero trust: ${cell(trustDomain)}`,
    '',
    `${at}: ${ok ? 'all five requirements are met.' : 'not all five requirements are met.'} What is unknown does not count as met.`,
    '',
    '| | requirement | |',
    '|---|---|---|',
    ...table,
    '',
    sections.join('\n\n'),
    '',
  ].join('\n');
}

const cell = (text: string): string => oneLine(text).replace(/[\\`*_{}[\]<>#|~&!]/g, '\\$&');
