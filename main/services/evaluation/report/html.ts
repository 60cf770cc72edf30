/** @file Markup from templates in which every value is escaped; only markup made here goes in as it is. */

/** Markup that is safe to put into a page. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

export type HtmlValue = string | number | Html | null | false | readonly HtmlValue[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function markupOf(value: HtmlValue): string {
  if (value === null || value === false) return '';
  if (value instanceof Html) return value.markup;
  if (typeof value === 'string')
    return value.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
  if (typeof value === 'number') return String(value);
  return value.map(markupOf).join('');
}

/** `html`<b>${name}</b>``: text is escaped, Html and lists of it are joined in, null and false leave nothing. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  const [first = '', ...rest] = strings;
  return new Html(first + rest.map((text, index) => markupOf(values[index] ?? null) + text).join(''));
}
