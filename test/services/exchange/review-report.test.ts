/** @file Key images of a session as one page: the film as displayed with its marks, nothing from outside, every text escaped. */
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import sharp from 'sharp';
import { expect, it } from 'vitest';

import { runExport } from '../../../main/services/exchange/export-job.ts';
import { exportRequest } from '../../../shared/contract/exchange.ts';
import type { OpenLibrary } from '../../../main/services/library/open-library.ts';
import type { DecisionId, FilmId, ReaderId, ReadingId, ReviewId } from '../../../shared/domain/ids.ts';
import { importAll, tempFolder, tempLibrary } from '../../helpers/temp-library.ts';
import { box, PLAN, refusal, said } from '../review/review-desk.ts';

const REVIEW = 'review-000000000001' as ReviewId;
const AMINA = 'reader-000000000001' as ReaderId;
const FIXTURES = join(import.meta.dirname, '../../fixtures/dicom');
const predict = () => Promise.reject(new Error('no scores are asked for'));
const quiet = { signal: new AbortController().signal, report: () => undefined };

async function report(
  keyFrames: readonly number[],
  isSigned = true,
  more: (library: OpenLibrary, filmId: FilmId) => void = () => undefined,
): Promise<string> {
  const dir = tempFolder();
  copyFileSync(join(FIXTURES, 'good/multiframe2.dcm'), join(dir, '<b>film.dcm'));
  const { library } = await tempLibrary();
  await importAll(library, { paths: [dir] });
  const { store } = library;
  const films = store.films.names().map(({ id }) => id);
  const [filmId] = films;
  if (filmId === undefined) throw new Error('no film');
  store.readers.add({ id: AMINA, name: 'Amina <script>', role: 'reader', pinHash: null, createdAt: 1 });
  store.reviews.begin(
    { id: REVIEW, name: 'Round & round', plan: PLAN, createdAt: 1 },
    new Map([[AMINA, films]]),
  );
  const content = said({
    marks: [box('Edema')],
    answers: { quality: 2 },
    note: '"quoted" <i>',
    keyFrames: [...keyFrames],
  });
  const version = { reviewId: REVIEW, readerId: AMINA, filmId, createdAt: 5, content };
  store.reviews.append({ ...version, id: 'reading-000000000001' as ReadingId, stage: 'reading', after: 0 });
  if (isSigned)
    store.reviews.append({ ...version, id: 'reading-000000000002' as ReadingId, stage: 'read', after: 1 });
  more(library, filmId);
  const folder = join(tempFolder(), 'out');
  const request = exportRequest.parse({ what: 'report', reviewId: REVIEW });
  await runExport({ library, predict, score: predict, clock: Date }, request, { folder }, quiet);
  return readFileSync(join(folder, 'report.html'), 'utf8');
}

it('shows each flagged frame with the marks that are on it', async () => {
  const page = await report([0, 1]);
  expect(page.match(/<figure/g)).toHaveLength(2);
  expect(page.match(/<rect /g)).toHaveLength(1); // the mark is on the first frame
  expect(page).toContain('frame 2 of 2');
  expect(page).toContain('How good? good');
  const [first, second] = [...page.matchAll(/href="data:image\/jpeg;base64,([^"]+)"/g)].map(
    ([, data = '']) => data,
  );
  const { width, height, channels } = await sharp(Buffer.from(first ?? '', 'base64')).metadata();
  expect(width && height && channels).toBe(1);
  expect(first).not.toBe(second);
});

it('has nothing from outside, and no text of a person as markup', async () => {
  const page = await report([0]);
  expect(page).not.toMatch(/<script|<i>|<b>film|(src|href)="(?!data:)/);
  expect(page).toContain('Amina &lt;script&gt;');
  expect(page).toContain('&quot;quoted&quot; &lt;i&gt;');
  expect(page).toContain('Round &amp; round');
});

it('counts what each reader found and answered, and says where no frame was flagged', async () => {
  const page = await report([]);
  expect(page).not.toContain('<figure');
  expect(page).toContain('No key image was chosen in a signed read.');
  const rows = [...page.matchAll(/<tr>\s*<th>([^<]*)<\/th>\s*<td class="n">([^<]*)<\/td>\s*<\/tr>/g)].map(
    ([, name, count]) => [name, count],
  );
  expect(rows).toContainEqual(['Films signed', '1']);
  expect(rows).toContainEqual(['Edema', '1']);
  expect(rows).toContainEqual(['Hernia', '0']);
  expect(rows).toContainEqual(['good', '1']);
  expect(rows).toContainEqual(['Not answered', '0']);
});

it('is refused where nothing is signed', async () => {
  expect((await refusal(() => report([], false))).message).toMatch(/No read of the session is signed/);
});

it('tells what was settled, how, why and by whom', async () => {
  const page = await report([0], true, ({ store }, filmId) => {
    store.decisions.append({
      id: 'decision-000000000001' as DecisionId,
      reviewId: REVIEW,
      filmId,
      adjudicator: AMINA,
      basis: 'merge',
      sources: ['reading-000000000002' as ReadingId],
      settled: {
        findings: ['Edema'],
        answers: {},
        marks: [],
        own: { findings: [], answers: [], marks: [] },
        compared: ['reading-000000000002' as ReadingId],
      },
      reason: 'Seen on <the> lateral.',
      createdAt: 7,
      after: 0,
    });
  });
  expect(page).toContain('<h2>Settled</h2>');
  expect(page).toContain('Put together: Seen on &lt;the&gt; lateral.');
});
