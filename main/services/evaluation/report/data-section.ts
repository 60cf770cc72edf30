/** @file The films of a report: how many in each part, how many of each finding, where they come from. */
import type { Captions } from './captions.ts';
import { dataTable } from './data-table.ts';
import { html, type Html } from './html.ts';
import type { ReportData, ReportSplit } from './report-data.ts';
import { counted } from '../wording.ts';

const PARTS = ['train', 'validation', 'test'] as const;

function splitTable({ name, seed, parts, sharedPatients, findings }: ReportSplit, captions: Captions): Html {
  const row = (label: string, cell: (part: (typeof PARTS)[number]) => string): Html =>
    html`<tr>
      <th scope="row">${label}</th>
      ${PARTS.map((part) => html`<td class="n">${cell(part)}</td>`)}
    </tr>`;
  const findingRow = (finding: string): Html =>
    row(finding, (part) => {
      const count = parts[part].findings.find((one) => one.finding === finding);
      return `${count?.positive ?? 0} / ${(count?.positive ?? 0) + (count?.negative ?? 0)}`;
    });
  const proof =
    sharedPatients === 0
      ? 'No patient is in two parts (counted, not assumed).'
      : `${counted(sharedPatients, 'patient stands', 'patients stand')} in two parts: the results are too good. Make a new split.`;
  const caption = captions.table(
    `The split “${name}”, seed ${seed}.`,
    `${proof} Findings: positive films / films with a known label.`,
  );
  const columns = ['Train', 'Validation', 'Test'].map((head) => ({ head, figures: true }));
  return dataTable(
    caption,
    [{ head: '' }, ...columns],
    [
      row('Films', (part) => String(parts[part].films)),
      row('Patients', (part) => String(parts[part].patients)),
      row('Normal / abnormal', (part) => `${parts[part].normal} / ${parts[part].abnormal}`),
      ...findings.map(findingRow),
    ],
  );
}

export function dataSection({ runs, splits, sources, attributions }: ReportData, captions: Captions): Html {
  return html`<h2>Films and labels</h2>
    ${splits.map((split) => splitTable(split, captions))}
    ${
      splits.length > 1 &&
      html`<p>
        The runs were trained on different splits: figures of different splits cannot be compared with each
        other.
      </p>`
    }
    ${
      runs.some(({ config }) => config.labelVersionId !== null) &&
      html`<p>
        These counts are of the imported labels. A run that learned the labels of a review is measured by
        them, too: see Labels among its settings.
      </p>`
    }
    ${
      sources.length > 0 &&
      html`<p>
        Sources as imported:
        ${sources
          .map(({ source, licence, films }) => `${source} (${licence}): ${counted(films, 'film')}`)
          .join('; ')}.
      </p>`
    }
    ${attributions.map(
      ({ what, licence, credit, url }) =>
        html`<p class="small">
          ${what}. ${credit} Licence: ${licence}.
          ${url !== null && html`<a href="${url}" target="_blank" rel="noopener noreferrer">${url}</a>`}
        </p>`,
    )}`;
}
