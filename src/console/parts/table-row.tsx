/**
 * One row of a table, drawn again only where something of it has changed: a table that scrolls draws what comes into sight.
 * @module
 */
import { Component, type JSX } from 'preact';
import type { Column } from './column.ts';

interface TableRowProps<R> {
  readonly row: R;
  readonly columns: readonly Column<R>[];
  /** Widths of the columns. */
  readonly template: string;
  /** From 0. */
  readonly index: number;
  readonly class: string;
}

export class TableRow<R> extends Component<TableRowProps<R>> {
  override shouldComponentUpdate(next: TableRowProps<R>): boolean {
    const { row, columns, template, index, class: name } = this.props;
    return (
      row !== next.row ||
      columns !== next.columns ||
      template !== next.template ||
      index !== next.index ||
      name !== next.class
    );
  }

  override render(): JSX.Element {
    const { row, columns, template, index, class: name } = this.props;
    return (
      <div role="row" class={name} aria-rowindex={index + 2} style={{ gridTemplateColumns: template }}>
        {columns.map(({ heading, text, cell }) => (
          <span role="cell" key={heading} title={text(row)}>
            {cell?.(row) ?? text(row)}
          </span>
        ))}
      </div>
    );
  }
}
