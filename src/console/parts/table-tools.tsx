/**
 * What is above a table: how many rows there are, and the ways out of the page.
 * @module
 */
import type { JSX } from 'preact';
import { csvOf, jsonOf, type TextTable } from '../model/export.ts';
import { countText } from '../model/numbers.ts';
import type { Column } from './column.ts';
import { CopyButton } from './copy-button.tsx';
import { save } from './save.ts';

interface TableToolsProps<R> {
  readonly label: string;
  readonly rows: readonly R[];
  readonly columns: readonly Column<R>[];
}

export function TableTools<R>({ label, rows, columns }: TableToolsProps<R>): JSX.Element {
  const texts = (): TextTable => ({
    headings: columns.map(({ heading }) => heading),
    rows: rows.map((row) => columns.map(({ text }) => text(row))),
  });
  return (
    <div class="table-tools">
      <span>{rows.length === 1 ? '1 row' : `${countText(rows.length)} rows`}</span>
      <CopyButton text={() => csvOf(texts())} name="Copy" />
      <button type="button" onClick={() => save(`${label}.csv`, 'text/csv', csvOf(texts()))}>
        CSV
      </button>
      <button type="button" onClick={() => save(`${label}.json`, 'application/json', jsonOf(texts()))}>
        JSON
      </button>
    </div>
  );
}
