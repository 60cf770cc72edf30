/** @file Running numbers of tables and figures. */
import { html, type Html } from './html.ts';

export interface Captions {
  /** `<caption>` of the next table. */
  table(title: string, text?: string | Html): Html;
  /** `<caption>` of a table that goes on. */
  continued(): Html;
  /** `<figcaption>` of the next figure. */
  figure(title: string, text?: string | Html): Html;
}

export function createCaptions(): Captions {
  let tables = 0;
  let figures = 0;
  return {
    table: (title, text = '') =>
      html`<caption>
        <b>Table ${++tables}. ${title}</b>
        ${text}
      </caption>`,
    continued: () =>
      html`<caption>
        <b>Table ${tables}, continued.</b>
      </caption>`,
    figure: (title, text = '') => html`<figcaption><b>Figure ${++figures}. ${title}</b> ${text}</figcaption>`,
  };
}
