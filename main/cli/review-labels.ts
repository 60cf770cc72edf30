/**
 * @file `review labels` and `review label-versions`: what a label version of a session would hold, one that is made, those that
 * are there. Also finds the version that another verb names.
 */
import { labelVersionRequest, type LabelVersionSummary } from '../../shared/contract/label-version.ts';
import type { LabelVersion, LabelVersionRequest } from '../../shared/contract/label-version.ts';
import type { ReviewPlan } from '../../shared/contract/review.ts';
import { definedOnly } from '../../shared/domain/defined-only.ts';
import type { LabelVersionId, ReviewId } from '../../shared/domain/ids.ts';
import { mayAct } from '../../shared/domain/review.ts';
import type { OpenLibrary } from '../services/library/open-library.ts';
import { labelSummary, makeLabelVersion } from '../services/review/reviewed-labels.ts';
import type { ReaderRow } from '../store/readers.ts';
import type { Store } from '../store/store.ts';
import { columns } from './columns.ts';
import { LIBRARY_OPTION, withLibrary } from './library-option.ts';
import { numberOption, textOption } from './options.ts';
import { parsed } from './parsed.ts';
import { Refusal, type VerbArguments, type VerbResult } from './verb.ts';

type Options = VerbArguments['options'];

export const LABEL_OPTIONS = {
  ...LIBRARY_OPTION,
  name: { type: 'string' },
  'where-open': { type: 'string' },
  'least-readers': { type: 'string' },
  abnormal: { type: 'string' },
  by: { type: 'string' },
} as const;

/** `findings`, `imported`, or a question with the answers that mean abnormal: `disease=Yes,Perhaps`, or their places from 1. */
function abnormalOption(
  { questions }: ReviewPlan,
  given: string | undefined,
): LabelVersionRequest['abnormal'] | undefined {
  if (given === undefined) return undefined;
  if (given === 'findings' || given === 'imported') return { by: given };
  const [questionId = '', answers = ''] = given.split(/=(.*)/s);
  const question = questions.find(({ id }) => id === questionId.trim());
  if (question === undefined) {
    const known = questions.map(({ id }) => id).join(', ');
    throw new Refusal(
      'BAD_INPUT',
      `--abnormal takes findings, imported, or QUESTION=ANSWER,…; the session's questions: ${known || 'none'}.`,
    );
  }
  const words = question.answers.map((answer) => answer.trim().toLowerCase());
  const abnormalAnswers = answers.split(',').map((one) => {
    const wanted = one.trim().toLowerCase();
    const byWord = words.indexOf(wanted);
    const at = byWord >= 0 || !/^\d{1,2}$/.test(wanted) ? byWord : Number(wanted) - 1;
    if (at >= 0 && at < words.length) return at;
    throw new Refusal(
      'BAD_INPUT',
      `"${one.trim()}" is no answer to ${question.id}; its answers: ${question.answers.join(', ')}.`,
    );
  });
  return { by: 'question', questionId: question.id, abnormalAnswers };
}

/** The owner whose version it is. @throws Refusal NOT_FOUND, BAD_INPUT where it is not clear who */
function ownerOf({ readers }: Store, named: string | undefined): ReaderRow {
  const owners = readers.all().filter(({ role }) => mayAct(role, 'manage'));
  const wanted = named?.trim().toLowerCase();
  const fitting = owners.filter(({ name }) => wanted === undefined || name.toLowerCase() === wanted);
  const [only, ...others] = fitting;
  if (only !== undefined && others.length === 0) return only;
  if (named !== undefined) {
    throw new Refusal('NOT_FOUND', `There is no owner "${named}" in this library. Nothing was made.`);
  }
  throw new Refusal(
    'BAD_INPUT',
    owners.length === 0
      ? 'A label version belongs to an owner, and this library has none. Add one with `review add-reader NAME --role owner`.'
      : `Say whose version it is: --by ${owners.map(({ name }) => `"${name}"`).join(' or ')}.`,
  );
}

/** What is left out, a reason a line; [] where nothing is. */
function leftOutInWords(
  { leftOut }: LabelVersionSummary,
  { leastReaders }: Pick<LabelVersionRequest, 'leastReaders'>,
): readonly string[] {
  const { unread, tooFew, undecided, gone } = leftOut;
  return [
    unread > 0 && `${unread} left out: nobody signed them`,
    tooFew > 0 && `${tooFew} left out: fewer than ${leastReaders} readers signed them`,
    undecided > 0 && `${undecided} left out: readers differ on all of it, and nobody settled it`,
    gone > 0 && `${gone} left out: not in the library any more`,
  ].filter((line) => line !== false);
}

function summaryInWords(summary: LabelVersionSummary, request: LabelVersionRequest): string {
  const { films, sessionFilms, settled, boxes, findings, abnormal, warnings } = summary;
  const rows = [...findings, abnormal].map(({ finding, positive, negative, unknown, changed, asImported }) =>
    [finding, positive, negative, unknown, changed, asImported].map(String),
  );
  return [
    `${films} of ${sessionFilms} films, ${settled} of them settled; ${boxes} places of findings.`,
    ...leftOutInWords(summary, request),
    '',
    columns([['Finding', 'Present', 'Absent', 'Unknown', 'Changed', 'As imported'], ...rows]),
    ...(warnings.length === 0 ? [] : ['', ...warnings]),
  ].join('\n');
}

/** Without `--name` nothing is made. */
export function reviewLabels(options: Options, id: string | undefined): Promise<VerbResult> {
  if (id === undefined) {
    throw new Refusal(
      'BAD_INPUT',
      'Name the session: chestlight review labels SESSION [--name NAME] --library DIR',
    );
  }
  const name = textOption(options, 'name');
  const reviewId = id as ReviewId;
  return withLibrary(options, name !== undefined, (library) => {
    const { store } = library;
    const { plan } = store.reviews.find(reviewId);
    const request = parsed(
      labelVersionRequest,
      definedOnly({
        name: name ?? 'not kept',
        whereOpen: textOption(options, 'where-open'),
        leastReaders: numberOption(options, 'least-readers'),
        abnormal: abnormalOption(plan, textOption(options, 'abnormal')),
      }),
    );
    const summary = labelSummary(store, reviewId, request);
    const made = name === undefined ? null : make(library, reviewId, request, textOption(options, 'by'));
    const kept =
      made === null
        ? 'Nothing was kept; --name NAME makes the version.'
        : `Made: ${made.name} [${made.id}], for train and study with --label-version.`;
    return Promise.resolve({
      json: { reviewId, summary, made },
      text: `${summaryInWords(summary, request)}\n\n${kept}`,
    });
  });
}

function make(
  { store, audit }: OpenLibrary,
  reviewId: ReviewId,
  request: LabelVersionRequest,
  by: string | undefined,
): LabelVersion {
  const owner = ownerOf(store, by);
  const made = makeLabelVersion(store, Date, reviewId, owner.id, request);
  audit.record('label', made.id, { reviewId, by: 'command line', owner: owner.id, films: made.films });
  return made;
}

export function labelVersions(options: Options): Promise<VerbResult> {
  return withLibrary(options, false, ({ store }) => {
    const versions = store.labelVersions.all();
    const rows = versions.map(({ id, name, reviewName, films, labels, boxes }) =>
      [id, name, reviewName, films, labels, boxes].map(String),
    );
    const text =
      versions.length === 0
        ? 'There are no label versions in this library; `review labels` makes one.'
        : columns([['Version', 'Name', 'Review', 'Films', 'Labels', 'Places'], ...rows]);
    return Promise.resolve({ json: { versions }, text });
  });
}

/** The version that `--label-version` names, by its name or id. @throws Refusal NOT_FOUND naming those that are there */
export function namedLabelVersion({ labelVersions: kept }: Store, named: string): LabelVersionId {
  const all = kept.all();
  const wanted = named.trim().toLowerCase();
  const version = all.find(({ id, name }) => id === named || name.toLowerCase() === wanted);
  if (version !== undefined) return version.id;
  const known = all.length === 0 ? 'it has none' : `it has ${all.map(({ name }) => `"${name}"`).join(', ')}`;
  throw new Refusal(
    'NOT_FOUND',
    `The library has no label version "${named}"; ${known}. Nothing was started.`,
  );
}
