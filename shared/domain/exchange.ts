/** @file What can leave a library and in which form. Contract, services, command line and window share the words. */

/**
 * annotations: labels, reads and boxes · predictions: scores of a run · bundle: the run's model with all it needs to be used
 * elsewhere, signed · session: a review session for another site · report: its key images to print · sr, gsps: signed reads of a
 * session, or what was drawn in the reading room, as DICOM objects in the studies of their films; sr also the scores of a run.
 */
export const EXPORT_KINDS = [
  'annotations',
  'predictions',
  'bundle',
  'session',
  'sr',
  'gsps',
  'report',
] as const;
export type ExportKind = (typeof EXPORT_KINDS)[number];

export const TABLE_FORMATS = ['csv', 'json', 'coco', 'vindr'] as const;
export type TableFormat = (typeof TABLE_FORMATS)[number];

/** Which signed read of a reader counts: the first, made without the model, or the last one that was signed. */
export const READ_CHOICES = ['first', 'last'] as const;
export type ReadChoice = (typeof READ_CHOICES)[number];
