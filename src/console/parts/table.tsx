/**
 * A table of any length: only the rows that are seen are drawn. It can be walked through by keys, copied and saved.
 * @module
 */
import type { ComponentChildren, JSX, RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Column } from './column.ts';
import { ROW_PX, TableRow } from './table-row.tsx';
import { TableTools } from './table-tools.tsx';

export interface TableProps<R> {
  /** What it is, for who does not see it, and for the names of files. */
  readonly label: string;
  readonly rows: readonly R[];
  readonly columns: readonly Column<R>[];
  readonly keyOf: (row: R) => string;
  readonly chosen?: string | undefined;
  /** Something is shown beside the table for the row that is walked to. */
  readonly choose?: (row: R) => void;
  /** Leads away from the table: by a click, or by Enter. */
  readonly open?: (row: R) => void;
  readonly classOf?: (row: R) => string;
  readonly empty: ComponentChildren;
  /** Is told when somebody has scrolled away from the first row, or back to it. */
  readonly scrolledAway?: (isAway: boolean) => void;
  /** The first row is shown again whenever this changes. */
  readonly topAt?: number;
}

const BEYOND = 8;

/** How high an element is, in pixels. */
function useHeight(of: RefObject<HTMLElement | null>): number {
  const [height, setHeight] = useState(600);
  useEffect(() => {
    const watched = of.current;
    if (watched === null) return undefined;
    const seen = new ResizeObserver(() => setHeight(watched.clientHeight));
    seen.observe(watched);
    return () => seen.disconnect();
  }, []);
  return height;
}

/** Brings a row into sight, by as little as may be. */
function scrollTo(body: HTMLElement, index: number): void {
  if (index * ROW_PX < body.scrollTop) body.scrollTop = index * ROW_PX;
  else if ((index + 1) * ROW_PX > body.scrollTop + body.clientHeight)
    body.scrollTop = (index + 1) * ROW_PX - body.clientHeight;
}

/** A table with its own scroll, and what is above it. */
export function Table<R>(props: TableProps<R>): JSX.Element {
  const { label, rows, columns, keyOf, choose, open, classOf, empty, scrolledAway, topAt } = props;
  const [walkedTo, setWalkedTo] = useState<string | undefined>(undefined);
  const chosen = props.chosen ?? walkedTo;
  const body = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const height = useHeight(body);
  useEffect(() => {
    if (topAt !== undefined && body.current !== null) body.current.scrollTop = 0;
  }, [topAt]);
  const isAway = top >= ROW_PX;
  useEffect(() => scrolledAway?.(isAway), [isAway]);
  const first = Math.max(0, Math.floor(top / ROW_PX) - BEYOND);
  const last = Math.min(rows.length, Math.ceil((top + height) / ROW_PX) + BEYOND);
  const template = columns.map(({ width }) => `minmax(${width.endsWith('fr') ? '9rem' : '3rem'}, ${width})`).join(' ');
  const walk = (event: KeyboardEvent): void => {
    const at = rows.findIndex((row) => keyOf(row) === chosen);
    const to = { ArrowDown: at + 1, ArrowUp: Math.max(0, at - 1), Home: 0, End: rows.length - 1 }[event.key];
    const row = to === undefined ? undefined : rows[to];
    if (event.key === 'Enter' && rows[at] !== undefined) open?.(rows[at]);
    if (row === undefined || to === undefined || (choose ?? open) === undefined) return;
    event.preventDefault();
    if (choose === undefined) setWalkedTo(keyOf(row));
    else choose(row);
    if (body.current !== null) scrollTo(body.current, to);
  };
  const rowAt = (target: EventTarget | null): R | undefined => {
    const at = target instanceof Element ? target.closest<HTMLElement>('[aria-rowindex]')?.ariaRowIndex : undefined;
    return rows[Number(at ?? 0) - 2]; // the heading is the first
  };
  const chooseByMouse = ({ target }: MouseEvent): void => {
    const row = rowAt(target);
    if (row !== undefined) (choose ?? open)?.(row);
  };
  /** What has no room in its cell is told under the mouse. */
  const tellWhole = ({ target }: MouseEvent): void => {
    const cell = target instanceof Element ? target.closest<HTMLElement>('[role=cell]') : null;
    const row = rowAt(cell);
    const column = columns[[...(cell?.parentElement?.children ?? [])].indexOf(cell!)]; // of no cell there is none
    if (cell !== null && row !== undefined && column !== undefined) cell.title = column.text(row);
  };
  return (
    <section class="table" aria-label={label}>
      <TableTools label={label} rows={rows} columns={columns} />
      <div
        role="table"
        aria-label={label}
        aria-rowcount={rows.length + 1}
        class="table-grid"
        style={{ '--rows': `${(rows.length + 1) * ROW_PX + 4}px`, '--columns': template }}
      >
        <div role="rowgroup">
          <div role="row" class="table-head" aria-rowindex={1}>
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
          <div
            class="table-space"
            style={{ height: `${rows.length * ROW_PX}px` }}
            onClick={chooseByMouse}
            onPointerOver={tellWhole}
          >
            {rows.slice(first, last).map((row, i) => {
              const key = keyOf(row);
              return (
                <TableRow
                  key={key}
                  row={row}
                  columns={columns}
                  index={first + i}
                  class={`table-row ${classOf?.(row) ?? ''} ${key === chosen ? 'chosen' : ''}`}
                />
              );
            })}
          </div>
        </div>
      </div>
      {rows.length === 0 && <div class="empty">{empty}</div>}
    </section>
  );
}
