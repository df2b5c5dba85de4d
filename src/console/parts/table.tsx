/**
 * A table of any length: only the rows that are seen are drawn. It can be walked through by keys, copied and saved.
 * @module
 */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { csvOf, jsonOf, type TextTable } from '../model/export.ts';
import { copy, save } from './save.ts';

export interface Column<R> {
  readonly heading: string;
  /** As CSS has it, e.g. `6rem`, `1fr`. */
  readonly width: string;
  readonly text: (row: R) => string;
  /** What is shown in place of the text. */
  readonly cell?: (row: R) => ComponentChildren;
}

export interface TableProps<R> {
  /** What it is, for who does not see it, and for the names of files. */
  readonly label: string;
  readonly rows: readonly R[];
  readonly columns: readonly Column<R>[];
  readonly keyOf: (row: R) => string;
  readonly chosen?: string | undefined;
  readonly choose?: (row: R) => void;
  readonly classOf?: (row: R) => string;
  readonly empty: ComponentChildren;
}

const ROW_PX = 28;
const BEYOND = 8;

/** A table with its own scroll, and its two buttons. */
export function Table<R>(props: TableProps<R>): JSX.Element {
  const { label, rows, columns, keyOf, chosen, choose, classOf, empty } = props;
  const body = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  useEffect(() => {
    const watched = body.current;
    if (watched === null) return undefined;
    const seen = new ResizeObserver(() => setHeight(watched.clientHeight));
    seen.observe(watched);
    return () => seen.disconnect();
  }, []);
  const first = Math.max(0, Math.floor(top / ROW_PX) - BEYOND);
  const last = Math.min(rows.length, Math.ceil((top + height) / ROW_PX) + BEYOND);
  const grid = {
    gridTemplateColumns: columns
      .map(({ width }) => `minmax(${width.endsWith('fr') ? '9rem' : '3rem'}, ${width})`)
      .join(' '),
  };
  const walk = (event: KeyboardEvent): void => {
    const at = rows.findIndex((row) => keyOf(row) === chosen);
    const to = { ArrowDown: at + 1, ArrowUp: Math.max(0, at - 1), Home: 0, End: rows.length - 1 }[event.key];
    const row = to === undefined ? undefined : rows[to];
    if (row === undefined || choose === undefined || to === undefined) return;
    event.preventDefault();
    choose(row);
    const seen = body.current;
    if (seen === null) return;
    if (to * ROW_PX < seen.scrollTop) seen.scrollTop = to * ROW_PX;
    else if ((to + 1) * ROW_PX > seen.scrollTop + seen.clientHeight)
      seen.scrollTop = (to + 1) * ROW_PX - seen.clientHeight;
  };
  return (
    <section class="table" aria-label={label}>
      <div class="table-tools">
        <span>{rows.length.toLocaleString('en')} rows</span>
        <button type="button" onClick={() => void copy(csvOf(textsOf(props)))}>
          Copy
        </button>
        <button type="button" onClick={() => save(`${label}.csv`, 'text/csv', csvOf(textsOf(props)))}>
          CSV
        </button>
        <button type="button" onClick={() => save(`${label}.json`, 'application/json', jsonOf(textsOf(props)))}>
          JSON
        </button>
      </div>
      <div role="table" aria-label={label} aria-rowcount={rows.length + 1} class="table-grid">
        <div role="rowgroup">
          <div role="row" class="table-head" style={grid} aria-rowindex={1}>
            {columns.map(({ heading }) => (
              <span role="columnheader" key={heading}>
                {heading}
              </span>
            ))}
          </div>
        </div>
        <div
          role="rowgroup"
          class="table-body"
          ref={body}
          tabIndex={0}
          aria-label={`${label}: rows`}
          onScroll={(event) => setTop(event.currentTarget.scrollTop)}
          onKeyDown={walk}
        >
          <div class="table-space" style={{ height: `${rows.length * ROW_PX}px` }}>
            {rows.slice(first, last).map((row, i) => (
              <div
                role="row"
                key={keyOf(row)}
                class={`table-row ${classOf?.(row) ?? ''} ${keyOf(row) === chosen ? 'chosen' : ''}`}
                aria-rowindex={first + i + 2}
                style={{ ...grid, transform: `translateY(${(first + i) * ROW_PX}px)` }}
                onClick={() => choose?.(row)}
              >
                {columns.map(({ heading, text, cell }) => (
                  <span role="cell" key={heading} title={text(row)}>
                    {cell?.(row) ?? text(row)}
                  </span>
                ))}
              </div>
            ))}
          </div>
        </div>
      </div>
      {rows.length === 0 && <div class="empty">{empty}</div>}
    </section>
  );
}

const textsOf = <R,>({ rows, columns }: TableProps<R>): TextTable => ({
  headings: columns.map(({ heading }) => heading),
  rows: rows.map((row) => columns.map(({ text }) => text(row))),
});
