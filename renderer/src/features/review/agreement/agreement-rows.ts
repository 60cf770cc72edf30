/** @file The agreement report as lines of a table: each finding or question by pair of readers and over all of them. */
import type { AgreementReportView } from '../../../../../shared/contract/review-agreement.ts';
import type { ReviewPlan } from '../../../../../shared/contract/review.ts';
import type { ReaderId } from '../../../../../shared/domain/ids.ts';

type Finding = AgreementReportView['findings'][number];
export type Kappa = Finding['fleiss'];
export type Boxes = Finding['pairs'][number]['boxes'];

export interface AgreementRow {
  readonly key: string;
  /** Finding or question. */
  readonly about: string;
  readonly isFirst: boolean;
  /** `Ana – Ben`, `All readers`. */
  readonly who: string;
  readonly kappa: Kappa;
  readonly weights: 'none' | 'linear' | 'quadratic';
  /** null for questions and for all readers together. */
  readonly boxes: Boxes | null;
}

interface Group {
  readonly about: string;
  readonly weights: AgreementRow['weights'];
  readonly pairs: readonly {
    readonly a: ReaderId;
    readonly b: ReaderId;
    readonly kappa: Kappa;
    readonly boxes?: Boxes;
  }[];
  readonly fleiss: Kappa;
}

function rowsOf(groups: readonly Group[], names: ReadonlyMap<ReaderId, string>): readonly AgreementRow[] {
  const nameOf = (id: ReaderId): string => names.get(id) ?? id;
  return groups.flatMap(({ about, weights, pairs, fleiss }) => {
    const lines = pairs.map(({ a, b, kappa, boxes }) => ({
      who: `${nameOf(a)} – ${nameOf(b)}`,
      kappa,
      weights,
      boxes: boxes ?? null,
    }));
    // Fleiss' kappa of two readers says nothing that Cohen's does not.
    const all = { who: 'All readers', kappa: fleiss, weights: 'none' as const, boxes: null };
    const shown = names.size > 2 ? [...lines, all] : lines;
    return shown.map((line, at) => ({ ...line, about, isFirst: at === 0, key: `${about}/${line.who}` }));
  });
}

const namesOf = ({ readers }: AgreementReportView): ReadonlyMap<ReaderId, string> =>
  new Map(readers.map(({ id, name }) => [id, name]));

export function findingRows(report: AgreementReportView): readonly AgreementRow[] {
  const groups = report.findings.map(({ finding, ...rest }) => ({
    about: finding,
    weights: 'none' as const,
    ...rest,
  }));
  return rowsOf(groups, namesOf(report));
}

export function questionRows(
  report: AgreementReportView,
  { questions }: Pick<ReviewPlan, 'questions'>,
): readonly AgreementRow[] {
  const texts = new Map(questions.map(({ id, text }) => [id, text]));
  const groups = report.questions.map(({ questionId, ...rest }) => ({
    about: texts.get(questionId) ?? questionId,
    ...rest,
  }));
  return rowsOf(groups, namesOf(report));
}

/** Why a kappa or its interval is not there; null when both are. */
export function absenceWords({ films, kappa, ci }: Kappa): string | null {
  if (films === 0) return 'No film was signed by both.';
  if (kappa === null) return 'Only one answer was ever given: chance alone agrees fully.';
  return ci === null ? 'No interval: the sample shows no spread.' : null;
}

const HEAD = [
  'about',
  'readers',
  'weights',
  'films',
  'observed agreement',
  'agreement by chance',
  'kappa',
  'kappa 95 % from',
  'kappa 95 % to',
  'boxes paired',
  'boxes of the first alone',
  'boxes of the second alone',
  'mean IoU',
];

/** The rows as a file has them, the head first. */
export function agreementCsv(
  rows: readonly AgreementRow[],
): readonly (readonly (string | number | null)[])[] {
  return [
    HEAD,
    ...rows.map(({ about, who, weights, kappa, boxes }) => [
      about,
      who,
      weights,
      kappa.films,
      kappa.observed,
      kappa.expected,
      kappa.kappa,
      kappa.ci?.[0] ?? null,
      kappa.ci?.[1] ?? null,
      boxes?.paired ?? null,
      boxes?.onlyA ?? null,
      boxes?.onlyB ?? null,
      boxes?.meanIou ?? null,
    ]),
  ];
}

/** Seconds of each reader as a file has them, the head first; empty cells where there is none. */
export function timesCsv({
  times,
  readers,
}: Pick<AgreementReportView, 'times' | 'readers'>): readonly (readonly (string | number | null)[])[] {
  const names = new Map(readers.map(({ id, name }) => [id, name]));
  const cells = ({ films, median, quartiles }: NonNullable<typeof times>[number]['with']) => [
    films,
    median,
    quartiles?.[0] ?? null,
    quartiles?.[1] ?? null,
  ];
  const heads = ['films', 'median seconds', 'lower quartile', 'upper quartile'];
  return [
    [
      'reader',
      ...heads.map((head) => `${head} without the model`),
      ...heads.map((head) => `${head} with the model`),
    ],
    ...(times ?? []).map(({ reader, without, with: seen }) => [
      names.get(reader) ?? reader,
      ...cells(without),
      ...cells(seen),
    ]),
  ];
}

/** Each reader without and with the model as a file has them, the head first; by which reference stands in every row. */
export function effectsCsv({
  modelEffects,
  readers,
  request,
}: Pick<AgreementReportView, 'modelEffects' | 'readers' | 'request'>): readonly (readonly (
  string | number | null
)[])[] {
  const names = new Map(readers.map(({ id, name }) => [id, name]));
  const rates = ['sensitivity without', 'sensitivity with', 'specificity without', 'specificity with'];
  return [
    [
      ...['finding', 'reader', 'measured by', 'films'],
      ...rates.flatMap((rate) => [rate, `${rate} 95 % from`, `${rate} 95 % to`]),
      ...['better', 'worse', 'p (exact McNemar)'],
    ],
    ...modelEffects.map(({ reader, finding, change }) => {
      const { before, after, films, better, worse, p } = change;
      const cells = [before.sensitivity, after.sensitivity, before.specificity, after.specificity];
      return [
        ...[finding, names.get(reader) ?? reader, request.reference, films],
        ...cells.flatMap(({ value, ci }) => [value, ci?.[0] ?? null, ci?.[1] ?? null]),
        ...[better, worse, p],
      ];
    }),
  ];
}
