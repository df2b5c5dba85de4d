/**
 * What was checked, for people: one heading a section, one line a check, and below it how to mend it.
 * @module
 */
import type { Look, Style } from '../terminal/look.ts';
import type { Report } from './examine.ts';
import type { Result } from './outcome.ts';

const marks: Readonly<Record<Result, { readonly mark: string; readonly ascii: string; readonly style: Style }>> = {
  ok: { mark: '√', ascii: '+', style: 'good' },
  warning: { mark: '!', ascii: '!', style: 'warning' },
  error: { mark: '×', ascii: 'x', style: 'bad' },
};

/** Renders it; ends with how many of each there are. */
export function checkText(
  { sections, errors, warnings }: Pick<Report, 'sections' | 'errors' | 'warnings'>,
  look: Look,
): string {
  const blocks = sections.map(({ name, checks }) => {
    const lines = checks.flatMap(({ result, message, fix }) => {
      const { mark, ascii, style } = marks[result];
      return [
        `${look.style(style, look.isAscii ? ascii : mark)} ${message}`,
        ...(fix === '' ? [] : [`    fix: ${fix}`]),
      ];
    });
    return [look.style('heading', name), '-'.repeat(name.length), ...lines].join('\n');
  });
  const total = sections.reduce((sum, { checks }) => sum + checks.length, 0);
  const end = errors > 0 ? look.style('bad', 'not good') : look.style('good', 'good');
  return `${blocks.join('\n\n')}\n\n${end}: ${total} checks, ${errors} errors, ${warnings} warnings\n`;
}
