/** @file A table as a paper sets it: caption above, rules above and below, none between columns. */
import { html, type Html } from './html.ts';

export interface Column {
  readonly head: string | Html;
  /** Figures are set to the right. */
  readonly figures?: boolean;
}

/** @param rows `<tr>` each */
export function dataTable(
  caption: Html,
  columns: readonly Column[],
  rows: readonly Html[],
  dense = false,
): Html {
  const heads = columns.map(
    ({ head, figures }) => html`<th scope="col" class="${figures === true ? 'n' : ''}">${head}</th>`,
  );
  return html`<div class="${dense ? 'table dense' : 'table'}">
    <table>
      ${caption}
      <thead>
        <tr>
          ${heads}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}
