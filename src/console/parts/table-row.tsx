/**
 * One row of a table, in its place below those before it: a table that scrolls draws what comes into sight, and leaves the others alone.
 * @module
 */
import { Component, type JSX } from 'preact';
import type { Column } from './column.ts';

/** Of every row. */
export const ROW_PX = 28;

interface TableRowProps<R> {
  readonly row: R;
  readonly columns: readonly Column<R>[];
  /** From 0. */
  readonly index: number;
  readonly class: string;
}

export class TableRow<R> extends Component<TableRowProps<R>> {
  override shouldComponentUpdate(next: TableRowProps<R>): boolean {
    const { row, columns, index, class: name } = this.props;
    return row !== next.row || columns !== next.columns || index !== next.index || name !== next.class;
  }

  override render(): JSX.Element {
    const { row, columns, index, class: name } = this.props;
    return (
      <div role="row" class={name} aria-rowindex={index + 2} style={{ top: `${index * ROW_PX}px` }}>
        {columns.map(({ heading, text, cell }) => (
          <span role="cell" key={heading}>
            {cell?.(row) ?? text(row)}
          </span>
        ))}
      </div>
    );
  }
}
