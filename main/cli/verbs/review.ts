/**
 * @file `review`: sessions of a library listed, set up from a plan file, their agreement and the labels that come out of them as
 * a table or JSON. It acts for the account of the computer and asks for no PIN; the audit trail says so.
 */
import { randomBytes } from 'node:crypto';

import { z } from 'zod';

import { agreementRequest, type AgreementReportView } from '../../../shared/contract/review-agreement.ts';
import type { ReviewSummary } from '../../../shared/contract/review-session.ts';
import { readerName } from '../../../shared/contract/review.ts';
import { definedOnly } from '../../../shared/domain/defined-only.ts';
import type { ReaderId, ReviewId } from '../../../shared/domain/ids.ts';
import { READER_ROLES } from '../../../shared/domain/review.ts';
import { agreementView } from '../../services/review/agreement-view.ts';
import { summaryView } from '../../services/review/review-views.ts';
import { startReview } from '../../services/review/start-review.ts';
import { columns } from '../columns.ts';
import { withLibrary } from '../library-option.ts';
import { numberOption, textOption } from '../options.ts';
import { parsed } from '../parsed.ts';
import { LABEL_OPTIONS, labelVersions, reviewLabels } from '../review-labels.ts';
import { readReviewPlan, requestFrom } from '../review-plan-file.ts';
import { lockOff, resetPin } from '../way-back.ts';
import { Refusal, type Verb, type VerbArguments, type VerbResult } from '../verb.ts';

type Options = VerbArguments['options'];

const BY = 'command line';

function sessionsInWords(reviews: readonly ReviewSummary[]): string {
  if (reviews.length === 0) return 'There are no review sessions in this library.';
  const rows = reviews.flatMap(({ id, name, films, closedAt, readers }) =>
    readers.map(({ reader, progress }) => [
      id,
      name,
      closedAt === null ? 'open' : 'closed',
      reader.name,
      `${progress.done} of ${films} done`,
      progress.missing === 0 ? '' : `${progress.missing} films missing`,
    ]),
  );
  return columns([['Session', 'Name', 'State', 'Reader', 'Progress', ''], ...rows]);
}

function list(options: Options): Promise<VerbResult> {
  return withLibrary(options, false, ({ store }) => {
    const reviews = store.reviews.all().map((row) => summaryView(store, row, null));
    return Promise.resolve({ json: { reviews }, text: sessionsInWords(reviews) });
  });
}

function readers(options: Options): Promise<VerbResult> {
  return withLibrary(options, false, ({ store }) => {
    const all = store.readers.all().map(({ id, name, role, createdAt, pinHash }) => ({
      readerId: id,
      name,
      role,
      createdAt,
      canSignIn: pinHash !== null,
    }));
    const rows = all.map(({ readerId, name, role, canSignIn }) => [
      readerId,
      name,
      role,
      canSignIn ? '' : 'without a PIN',
    ]);
    const text =
      all.length === 0
        ? 'There are no readers in this library.'
        : columns([['Reader', 'Name', 'Role', ''], ...rows]);
    return Promise.resolve({ json: { readers: all }, text });
  });
}

function addReader(options: Options, given: string | undefined): Promise<VerbResult> {
  const name = parsed(readerName, given ?? '');
  const role = parsed(z.enum(READER_ROLES), textOption(options, 'role') ?? 'reader');
  return withLibrary(options, true, ({ store, audit }) => {
    const readerId = `reader-${randomBytes(8).toString('hex')}` as ReaderId;
    store.readers.add({ id: readerId, name, role, pinHash: null, createdAt: Date.now() });
    audit.record('review', readerId, { what: 'reader added', role, by: BY });
    const text = `${name} is known as ${role} and has no PIN yet: an owner sets it in the window, under Review.`;
    return Promise.resolve({ json: { readerId, name, role, canSignIn: false }, text });
  });
}

async function create(options: Options): Promise<VerbResult> {
  const file = textOption(options, 'plan');
  if (file === undefined) {
    throw new Refusal('BAD_INPUT', 'Name the plan: chestlight review create --plan FILE --library DIR');
  }
  const plan = await readReviewPlan(file);
  return await withLibrary(options, true, ({ store, audit }) => {
    const made = startReview(store, Date, requestFrom(store, plan));
    audit.record('review', made.id, { what: 'created', by: BY });
    const json = summaryView(store, store.reviews.find(made.id), null);
    const text = `${json.name} [${json.id}]: ${json.films} films for ${json.readers.length} readers.`;
    return Promise.resolve({ json, text });
  });
}

type Kappa = AgreementReportView['findings'][number]['fleiss'];

const fixed = (value: number | null): string => (value === null ? '–' : value.toFixed(3));

function kappaCells({ films, observed, kappa, ci }: Kappa): readonly string[] {
  return [
    String(films),
    fixed(observed),
    fixed(kappa),
    ci === null ? 'none' : `${fixed(ci[0])} to ${fixed(ci[1])}`,
  ];
}

function agreementInWords(report: AgreementReportView): string {
  const names = new Map(report.readers.map(({ id, name }) => [id, name]));
  const pairName = ({ a, b }: { a: ReaderId; b: ReaderId }): string =>
    `${names.get(a) ?? a}, ${names.get(b) ?? b}`;
  const all = `all ${report.readers.length}`;
  const rows = [
    ...report.findings.flatMap(({ finding, pairs, fleiss }) => [
      ...pairs.map((pair) => [
        finding,
        pairName(pair),
        'Cohen',
        ...kappaCells(pair.kappa),
        boxesInWords(pair.boxes),
      ]),
      [finding, all, 'Fleiss', ...kappaCells(fleiss), ''],
    ]),
    ...report.questions.flatMap(({ questionId, weights, pairs, fleiss }) => [
      ...pairs.map((pair) => [
        questionId,
        pairName(pair),
        weights === 'none' ? 'Cohen' : `Cohen, ${weights}`,
        ...kappaCells(pair.kappa),
        '',
      ]),
      [questionId, all, 'Fleiss', ...kappaCells(fleiss), ''],
    ]),
  ];
  const head = ['What', 'Readers', 'Kappa of', 'Films', 'Agreed', 'Kappa', '95 %', 'Boxes'];
  const effects = report.modelEffects.map(({ reader, finding, change }) => [
    names.get(reader) ?? reader,
    finding,
    String(change.films),
    String(change.better),
    String(change.worse),
    fixed(change.p),
  ]);
  return [
    report.readers.map(({ name }, at) => `${name}: ${report.signed[at] ?? 0} signed`).join(', '),
    '',
    columns([head, ...rows]),
    ...(effects.length === 0
      ? []
      : ['', columns([['With the model', 'Finding', 'Films', 'Better', 'Worse', 'p'], ...effects])]),
    ...(report.times === null
      ? []
      : [
          '',
          columns([
            ['Median seconds', 'Without', 'Films', 'With the model', 'Films'],
            ...report.times.map(({ reader, without, with: seen }) => [
              names.get(reader) ?? reader,
              without.median === null ? 'none' : without.median.toFixed(1),
              String(without.films),
              seen.median === null ? 'none' : seen.median.toFixed(1),
              String(seen.films),
            ]),
          ]),
        ]),
    '',
    ...report.limits.map(({ sentence }) => sentence),
  ].join('\n');
}

function boxesInWords(boxes: AgreementReportView['findings'][number]['pairs'][number]['boxes']): string {
  const drawn = boxes.paired + boxes.onlyA + boxes.onlyB;
  return drawn === 0 ? '' : `${boxes.paired} of ${drawn} shared, mean overlap ${fixed(boxes.meanIou)}`;
}

function agreement(options: Options, id: string | undefined): Promise<VerbResult> {
  if (id === undefined) {
    throw new Refusal('BAD_INPUT', 'Name the session: chestlight review agreement SESSION --library DIR');
  }
  const request = parsed(
    agreementRequest,
    definedOnly({
      phase: textOption(options, 'phase'),
      leastIou: numberOption(options, 'least-iou'),
      reference: textOption(options, 'reference'),
    }),
  );
  return withLibrary(options, false, ({ store }) => {
    const report = agreementView(store, Date, id as ReviewId, request);
    return Promise.resolve({ json: report, text: agreementInWords(report) });
  });
}

export const review: Verb = {
  name: 'review',
  usage:
    'review list|readers|add-reader NAME|create|agreement SESSION|labels SESSION|label-versions|reset-pin NAME|lock-off --library DIR [--plan FILE] [--role ROLE] [--phase first|revised] [--least-iou X] [--reference labels|settled] [--name NAME] [--where-open as-imported|unknown|majority] [--least-readers N] [--abnormal findings|imported|QUESTION=ANSWERS] [--by OWNER]',
  words: 2,
  summary:
    'review sessions: their progress, a new one from a plan file, how far readers agree (kappa with intervals, boxes, with and without the model); labels out of a session as a version that train and study learn, told before it is named and kept; a new PIN for who forgot it and the lock of the window off, for the owner of the files',
  options: {
    ...LABEL_OPTIONS,
    plan: { type: 'string' },
    role: { type: 'string' },
    phase: { type: 'string' },
    'least-iou': { type: 'string' },
    reference: { type: 'string' },
  },
  run: async ({ options, positionals: [what, subject] }) => {
    switch (what) {
      case 'list':
        return await list(options);
      case 'readers':
        return await readers(options);
      case 'add-reader':
        return await addReader(options, subject);
      case 'create':
        return await create(options);
      case 'reset-pin':
        if (subject === undefined) {
          throw new Refusal('BAD_INPUT', 'Name the reader: chestlight review reset-pin NAME --library DIR');
        }
        return await withLibrary(options, true, (library) => resetPin(library, subject));
      case 'lock-off':
        return await withLibrary(options, true, lockOff);
      case 'agreement':
        return await agreement(options, subject);
      case 'labels':
        return await reviewLabels(options, subject);
      case 'label-versions':
        return await labelVersions(options);
      case undefined:
      default:
        throw new Refusal(
          'BAD_INPUT',
          'Say what: chestlight review list|readers|add-reader|create|agreement|labels|label-versions|reset-pin|lock-off.',
        );
    }
  },
};
