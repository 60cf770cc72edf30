/** @file The agreement report as the window and the command line show it, with what its figures cannot say. */
import type {
  AGREEMENT_LIMITS,
  AgreementReportView,
  AgreementRequest,
} from '../../../shared/contract/review-agreement.ts';
import type { FilmId, ReviewId } from '../../../shared/domain/ids.ts';
import type { ModelBlinding } from '../../../shared/domain/review.ts';
import type { Kappa } from '../../numeric/metrics/agreement.ts';
import type { Store } from '../../store/store.ts';
import type { Clock } from '../service-types.ts';
import { hasOwn } from './check-settled.ts';
import { agreementReport, type AgreementReport, type Reference } from './agreement-report.ts';

type Limit = (typeof AGREEMENT_LIMITS)[number];

/** @throws ServiceError NOT_FOUND; MetricsError for an overlap that is none */
export function agreementView(
  store: Store,
  clock: Clock,
  id: ReviewId,
  request: AgreementRequest,
): AgreementReportView {
  const reference = referenceOf(store, id, request.reference);
  const report = agreementReport(store, id, { ...request, reference });
  const films = report.signedFilms;
  const patients = new Set(films.map((film) => store.films.find(film)?.patientKey ?? film)).size;
  const counts = { films: films.length, patients };
  const decisions = [...store.decisions.newest(id).values()];
  const settled = {
    accepted: decisions.filter(({ basis }) => basis === 'accept').length,
    merged: decisions.filter(({ basis }) => basis === 'merge').length,
    own: decisions.filter((one) => hasOwn(one.settled.own)).length,
  };
  return {
    madeAt: clock.now(),
    request,
    readers: [...report.readers],
    signed: [...report.signed],
    ...counts,
    findings: report.findings.map(({ pairs, ...finding }) => ({ ...finding, pairs: [...pairs] })),
    questions: report.questions.map(({ pairs, ...question }) => ({ ...question, pairs: [...pairs] })),
    settled,
    modelEffects: [...report.modelEffects],
    times: report.times === null ? null : [...report.times],
    limits: limitsOf(
      report,
      request,
      { ...counts, own: settled.own },
      store.reviews.find(id).plan.blinding,
      Math.max(0, ...listLengths(store, id)),
    ),
  };
}

function referenceOf(store: Store, id: ReviewId, by: AgreementRequest['reference']): Reference {
  if (by === 'none') return () => null;
  if (by === 'labels') return byLabels(store);
  const decisions = store.decisions.newest(id);
  return (film, finding) => decisions.get(film)?.settled.findings.includes(finding) ?? null;
}

/** Labels as imported; null = not known. */
function byLabels(store: Store): Reference {
  const known = new Map<FilmId, ReadonlyMap<string, boolean>>();
  return (film, finding) => {
    let labels = known.get(film);
    if (labels === undefined) {
      const row = store.films.find(film);
      const list = row === null ? [] : store.labels.ofFilm(row.no);
      labels = new Map(list.map(({ finding: name, value }) => [name, value]));
      known.set(film, labels);
    }
    return labels.get(finding) ?? null;
  };
}

function listLengths(store: Store, id: ReviewId): readonly number[] {
  const counts = Map.groupBy(store.reviews.stages(id), ({ readerId }) => readerId);
  return [...counts.values()].map((of) => of.reduce((sum, { films }) => sum + films, 0));
}

function limitsOf(
  report: AgreementReport,
  { reference }: AgreementRequest,
  { films, patients, own }: { films: number; patients: number; own: number },
  blinding: ModelBlinding,
  listed: number,
): AgreementReportView['limits'] {
  const kappas: readonly Kappa[] = [...report.findings, ...report.questions].flatMap(({ pairs, fleiss }) => [
    ...pairs.map(({ kappa }) => kappa),
    fleiss,
  ]);
  const isFull = kappas.some(({ kappa, ci }) => kappa !== null && ci === null);
  const isOrdered = report.questions.some(({ weights }) => weights !== 'none');
  const hasBoxes = report.findings.some(({ pairs }) =>
    pairs.some(({ boxes }) => boxes.paired + boxes.onlyA + boxes.onlyB > 0),
  );
  const said: readonly (readonly [Limit, boolean, string])[] = [
    [
      'not-clustered-by-patient',
      films > 0,
      `Intervals take each film as independent. These are ${films} films of ${patients} patients${
        patients < films ? ', so the intervals may be too narrow.' : '.'
      }`,
    ],
    [
      'full-agreement-no-interval',
      isFull,
      'Where readers agree on every film, or there is one film only, no interval can be given: a sample without a difference shows no spread, which is not certainty.',
    ],
    [
      'fleiss-unweighted',
      isOrdered,
      'Over all readers, ordered answers count as equal or different; only the figures of pairs are weighted by distance.',
    ],
    [
      'boxes-not-outlines',
      hasBoxes,
      'Where a finding is, is compared by the boxes around the shapes, not by their outlines.',
    ],
    [
      'reference-is-labels',
      reference === 'labels' && report.modelEffects.length > 0,
      'With and without the model is measured against the library’s labels as imported, which may be wrong themselves.',
    ],
    [
      'reference-is-settled',
      reference === 'settled' && report.modelEffects.length > 0,
      `With and without the model is measured against what was settled in this session, by somebody who saw these reads; films that nobody settled are left out.${
        own === 0 ? '' : ` In ${own} of them the adjudicator added or changed what no reader had said.`
      }`,
    ],
    [
      'not-all-signed',
      report.signed.some((count) => count < listed),
      'Not every reader has signed every film; a figure is of the films that its readers signed.',
    ],
    [
      'time-after-reveal-is-added',
      blinding === 'after-read' && (report.times?.some((of) => of.with.films > 0) ?? false),
      'Time with the model is what the revision took after the first read of the same film: it is not the time of a read that had the model from the start.',
    ],
  ];
  return said.flatMap(([code, holds, sentence]) => (holds ? [{ code, sentence }] : []));
}
