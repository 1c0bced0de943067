/**
 * A table that stays one for those who hear it, and becomes a list of rows where there is no room for columns.
 *
 * On a phone each cell stands under the name of its column; the first cell is the row's heading.
 */
import type { ComponentChildren, VNode } from "preact";

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** Figures stand to the right, in columns. */
  readonly side?: "right";
  /** A class of its cells, for a page that lays them out anew where there is no room for columns. */
  readonly as?: string;
  /** Takes what room is left. */
  readonly wide?: boolean;
  /** Its title is only heard: a column of buttons. */
  readonly quiet?: boolean;
}

export interface TableProps<Row> {
  /** What it is a table of: heard, not seen. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** The row that is chosen, by key. */
  readonly current?: string | undefined;
}

export function Table<Row>({ label, columns, rows, keyOf, current }: TableProps<Row>): VNode {
  return (
    <table class="table">
      <caption class="unseen">{label}</caption>
      <thead>
        <tr>{columns.map(({ title, side = "", wide, quiet }) => (
          <th key={title} scope="col" class={`${side} ${wide === true ? "wide" : ""}`}>
            {quiet === true ? <span class="unseen">{title}</span> : title}
          </th>
        ))}</tr>
      </thead>
      <tbody>{rows.map((row) => (
        <tr key={keyOf(row)} class={keyOf(row) === current ? "current" : ""}>
          {columns.map(({ title, cell, side = "", as = "", quiet }, index) => (
            <td key={title} class={`${side} ${as} ${index === 0 ? "head" : ""}`} data-title={quiet === true || index === 0 ? "" : title}>
              {cell(row)}
            </td>
          ))}
        </tr>
      ))}</tbody>
    </table>
  );
}
