/** @file What each export is, in words: for the choices and for the list of those that were made. */
import type { ExportKind, TableFormat } from '../../../../shared/domain/exchange.ts';

export const KIND_WORDS: Readonly<Record<ExportKind, { readonly label: string; readonly note: string }>> = {
  annotations: { label: 'Annotations', note: 'labels, reads and boxes' },
  predictions: { label: 'Predictions', note: 'scores of a run' },
  bundle: { label: 'Model', note: 'a run for another site, signed' },
  session: { label: 'Session package', note: 'a review for another site, signed' },
  sr: { label: 'DICOM SR', note: 'reads, drawings, scores as reports' },
  report: { label: 'Report', note: 'reads, decisions, key images: to print' },
  gsps: { label: 'DICOM GSPS', note: 'marks drawn over the films' },
};

export const FORMAT_WORDS: Readonly<Record<TableFormat, { readonly label: string; readonly note: string }>> =
  {
    csv: { label: 'CSV', note: 'one row a statement' },
    json: { label: 'JSON', note: 'everything' },
    coco: { label: 'COCO', note: 'boxes for detection' },
    vindr: { label: 'VinDr-CXR', note: 'its columns and files' },
  };

/** `Annotations · CSV`. */
export function exportName(what: ExportKind, format: TableFormat | null): string {
  const { label } = KIND_WORDS[what];
  return format === null ? label : `${label} · ${FORMAT_WORDS[format].label}`;
}
