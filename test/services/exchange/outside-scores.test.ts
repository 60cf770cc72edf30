/**
 * @file Scores back in: of a run that is here compared and not kept; of any other an outside model's, measured against the library's
 * labels and shown with the film; whatever is wrong is named row by row, and then nothing is taken.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it, vi } from 'vitest';

import { createMeasure } from '../../../main/services/evaluation/measure.ts';
import { measureOutside } from '../../../main/services/evaluation/outside-models.ts';
import { looksLikeScores } from '../../../main/services/exchange/outside-scores/read-scores.ts';
import { scoresOfFilm, takeScores } from '../../../main/services/exchange/outside-scores/take-scores.ts';
import { writePredictions } from '../../../main/services/exchange/prediction-formats.ts';
import type { OpenLibrary } from '../../../main/services/library/open-library.ts';
import { auroc } from '../../../main/numeric/metrics/auroc.ts';
import type { ColumnMapping } from '../../../shared/contract/library.ts';
import type { FilmId, ReaderId, ReviewId } from '../../../shared/domain/ids.ts';
import { TABLE_FORMATS } from '../../../shared/domain/exchange.ts';
import { addModelRun } from '../../helpers/bundles.ts';
import { openAppWithFilms } from '../../helpers/open-app.ts';
import { addFilms } from '../../helpers/synthetic-rows.ts';
import { call, importAll, tempFolder, tempLibrary } from '../../helpers/temp-library.ts';
import { pattern, tinyDicom } from '../../helpers/tiny-dicom.ts';
import { PLAN, refusal } from '../review/review-desk.ts';

const noPredictions = () => Promise.reject(new Error('no model is asked'));
const at = { now: 3, signal: call.signal, onFound: () => undefined };

const take = (library: OpenLibrary, path: string, more: { mapping?: ColumnMapping; name?: string } = {}) =>
  takeScores(
    { library, predict: noPredictions, ...at },
    { path, mapping: more.mapping ?? null, name: more.name ?? '' },
  );

const noColumns = {
  patient: null,
  view: null,
  sex: null,
  age: null,
  source: null,
  licence: null,
  part: null,
};
const bare = { uploadId: null, mapping: null, name: '' };

function table(rows: readonly string[], name = 'scores.csv'): string {
  const path = join(tempFolder(), name);
  writeFileSync(path, rows.join('\n'));
  return path;
}

async function withFilms(): Promise<{ library: OpenLibrary; ids: readonly FilmId[] }> {
  const { library } = await tempLibrary();
  const ids = addFilms(
    library.store,
    Array.from({ length: 12 }, (_, index) => ({
      patient: index,
      name: `film-${index}.dcm`,
      abnormal: index % 2 === 0,
      labels: { Edema: index % 3 === 0, ...(index < 6 && { Hernia: index === 0 }) },
    })),
  );
  return { library, ids };
}

const RUN = {
  id: 'run-00000000000000aa',
  name: 'Afar',
  method: 'none',
  model: 'tiny',
  resolution: 28,
  weightsSha256: 'a'.repeat(64),
  operatingPoints: [],
  likeness: { limit: 20, quantile: 0.99, trainFilms: 512, validationFilms: 99 },
};

describe.each(TABLE_FORMATS)('scores that were exported as %s', (format) => {
  it('come into a library without their run as those of an outside model, once', async () => {
    const { library, ids } = await withFilms();
    const films = ids.slice(0, 4).map((filmId, index) => ({
      ...{ filmId, file: `film-${index}.dcm`, width: 10, height: 10 },
      ...{ abnormal: 0.1 + index / 7, scores: [0.2 + index / 9, 1 / 3] },
      likeness: { state: 'like' as const, distance: 5 + index },
    }));
    const [file] = writePredictions({ run: RUN, findings: ['Edema', 'Hernia'], films }, format);
    const path = join(tempFolder(), file?.name ?? '');
    writeFileSync(path, file?.bytes ?? '');
    expect(await looksLikeScores(path)).toBe(format !== 'vindr');
    const taken = await take(library, path);
    expect(taken).toMatchObject({ runId: null, films: 4, added: 4, known: 0, missingCount: 0 });
    const [said] = scoresOfFilm(library, ids[2] as FilmId);
    expect(said).toMatchObject({ source: file?.name, t2: 0.1 + 2 / 7 });
    expect(said?.t1).toEqual([
      { name: 'Edema', score: 0.2 + 2 / 9 },
      { name: 'Hernia', score: 1 / 3 },
    ]);
    expect(await take(library, path)).toMatchObject({ added: 0, known: 4, modelId: taken.modelId });
    expect(library.store.outsideScores.models()).toHaveLength(1);
    expect(library.store.check()).toEqual([]);
  });
});

it('of a table from before likeness was exported are taken as those of one with it', async () => {
  const { library, ids } = await withFilms();
  const sha256 = 'a'.repeat(64);
  const old = table(
    [
      'film_id,file,run_id,weights_sha256,abnormal,Edema',
      `${ids[0]},a.dcm,run-00000000000000aa,${sha256},0.5,0.25`,
    ],
    'predictions.csv',
  );
  const taken = await take(library, old);
  expect(taken).toMatchObject({ added: 1, findings: ['Edema'] });
  const now = table(
    [
      'film_id,file,run_id,weights_sha256,abnormal,Edema,likeness,likeness_distance,likeness_limit',
      `${ids[0]},a.dcm,run-00000000000000aa,${sha256},0.5,0.25,unlike,33.5,20`,
    ],
    'predictions.csv',
  );
  expect(await take(library, now)).toMatchObject({ added: 0, known: 1, modelId: taken.modelId });
});

it('of a run that is here are compared with what it says, and not kept', async () => {
  const app = await openAppWithFilms();
  const runId = await addModelRun(app);
  const { store } = app.library;
  const { predict } = app.inference.service;
  const weightsSha256 = store.runs.checkpoints(runId).find(({ kind }) => kind === 'final')?.sha256 ?? '';
  const films = [];
  for (const { id, name } of store.films.names().slice(0, 5)) {
    const { t1, t2 } = await predict({ runId, filmId: id, attention: [] }, call);
    films.push({
      filmId: id as string,
      file: name,
      width: 1,
      height: 1,
      abnormal: t2.score,
      scores: t1.map(({ score }) => score),
      likeness: null,
    });
  }
  films.push({ ...(films[0] as (typeof films)[number]), filmId: `film-${'0'.repeat(32)}` });
  const findings = store.runs.get(runId).config.findings;
  const changed = films.map((film, index) => (index === 3 ? { ...film, abnormal: film.abnormal / 2 } : film));
  const [file] = writePredictions(
    { run: { ...RUN, id: runId, weightsSha256 }, findings, films: changed },
    'json',
  );
  const path = join(tempFolder(), 'predictions.json');
  writeFileSync(path, file?.bytes ?? '');
  // While a reader is still to read one of the films without a model, nobody is told how far the file is from it.
  const reader = 'reader-000000000001' as ReaderId;
  const review = 'review-000000000001' as ReviewId;
  store.readers.add({ id: reader, name: 'Amina', role: 'reader', pinHash: null, createdAt: 1 });
  const unread = store.films.names()[0]?.id as FilmId;
  store.reviews.begin({ id: review, name: 'Round', plan: PLAN, createdAt: 1 }, new Map([[reader, [unread]]]));
  const asked = vi.fn(predict);
  const blinded = { library: app.library, predict: asked, ...at };
  const { exchange } = app.app.services;
  const hidden = await refusal(() => exchange.takeScores({ path, token: null, ...bare }, call));
  expect(hidden).toMatchObject({ code: 'NOT_ALLOWED', detail: { reviewId: review, films: 1 } });
  expect(hidden.message).toMatch(
    /"Round" has 1 of these films read without a model, and one reader has not done so yet\. Nothing was compared/,
  );
  const stop = () => {
    throw new Error('stopped before anything is scored');
  };
  await expect(takeScores({ ...blinded, onFound: stop }, { path, mapping: null, name: '' })).rejects.toThrow(
    'stopped before',
  );
  expect(asked).not.toHaveBeenCalled();
  // Of any other model they are kept, told so, and stay away from the film until it is read.
  const theirs = table(['film_id,abnormal', `${unread},0.25`], 'theirs.csv');
  const mapping = { ...noColumns, file: 'film_id', abnormal: 'abnormal', findings: [] };
  const kept = await exchange.takeScores({ path: theirs, token: null, ...bare, mapping }, call);
  expect(kept).toMatchObject({ added: 1, runId: null });
  expect(kept.notes).toEqual([
    '1 film is still to be read without a model in "Round": keep these scores from its readers.',
  ]);
  const ofFilm = () => exchange.filmScores({ filmId: unread, token: null }, call);
  expect(await ofFilm()).toEqual([]);
  store.reviews.setClosed(review, 2);
  expect(await ofFilm()).toMatchObject([{ t2: 0.25 }]);
  await exchange.removeScores({ modelId: kept.modelId ?? '' }, call);

  const taken = await exchange.takeScores({ path, token: null, ...bare }, call);
  expect(taken.notes).toEqual([]);
  expect(taken).toMatchObject({
    runId,
    modelId: null,
    films: 5,
    same: 4,
    added: 0,
    missing: [`film-${'0'.repeat(32)}`],
  });
  expect(taken.differing).toEqual([{ film: films[3]?.file, apart: (films[3]?.abnormal ?? 0) / 2 }]);
  expect(store.outsideScores.models()).toEqual([]);
});

it('from elsewhere name their film by id, SHA-256, SOP instance UID or name, and go through the column mapper', async () => {
  const { library } = await tempLibrary();
  const dir = tempFolder();
  for (let index = 0; index < 4; index++) {
    writeFileSync(
      join(dir, `x${index}.dcm`),
      tinyDicom({ pixel: pattern(index + 1), sopUid: `1.2.840.99.${index}` }),
    );
  }
  await importAll(library, { paths: [dir] });
  const films = library.store.outsideScores.films();
  const named = (index: number) => films.find(({ name }) => name === `x${index}.dcm`);
  const path = table([
    'image,prob_oedema,prob_abn,site',
    `${named(0)?.id},0.5,0.1,A`,
    `${named(1)?.pixelSha256},0.25,0.2,A`,
    '1.2.840.99.2,,0.3,A',
    'x3.png,1,0.4,A',
    'nobody.png,1,0.4,A',
  ]);
  expect(await refusal(() => take(library, path))).toMatchObject({ code: 'MISSING_COLUMNS' });
  const half = table(['file,abnormal,prob_oedema', `${named(0)?.id},0.5,0.25`]);
  expect(await refusal(() => take(library, half))).toMatchObject({
    code: 'UNKNOWN_LABELS',
    detail: { unknown: ['prob_oedema'] },
  });
  const findings = [{ column: 'prob_oedema', finding: 'Edema' }];
  const mapping = { ...noColumns, file: 'image', abnormal: 'prob_abn', findings };
  const taken = await take(library, path, { mapping, name: 'Theirs' });
  expect(taken).toMatchObject({ model: 'Theirs', added: 4, missing: ['nobody.png'], findings: ['Edema'] });
  expect(films.map(({ id, name }) => [name, scoresOfFilm(library, id)[0]?.t2]).sort()).toEqual([
    ['x0.dcm', 0.1],
    ['x1.dcm', 0.2],
    ['x2.dcm', 0.3],
    ['x3.dcm', 0.4],
  ]);
  const twice = table(['image,abnormal', `${named(0)?.id},0.1`, 'x0.dcm,0.1']);
  expect((await refusal(() => take(library, twice))).message).toMatch(
    /line 3 and line 2 are about the same film/,
  );
});

it('are measured against the library’s labels, films without a score left out', async () => {
  const { library, ids } = await withFilms();
  const scores = ids.map((_, index) => ((index * 7) % 12) / 12);
  const rows = ids.map((id, index) => `${id},${scores[index]},${index === 5 ? '' : scores[11 - index]}`);
  await take(
    library,
    table(
      ['film_id,abnormal,Edema', ...rows].map((row, index) =>
        index === 0 ? row.replace('film_id', 'file') : row,
      ),
    ),
  );
  const [model] = await measureOutside(library, createMeasure());
  const kept = ids.map((_, index) => index).filter((index) => index !== 5);
  const wanted = auroc({
    labels: Uint8Array.from(kept, (index) => Number(index % 3 === 0)),
    scores: Float64Array.from(kept, (index) => scores[11 - index] ?? 0),
  });
  expect(model).toMatchObject({ films: 12, patients: 12, t2: { n: 12, positives: 6 }, t1: { k: 1, of: 1 } });
  expect(model?.perFinding[0]).toMatchObject({ name: 'Edema', n: 11, auroc: { value: wanted } });
  expect(model?.t2.auroc.ci).not.toBeNull();
  expect(library.store.runs.list()).toEqual([]);
});

describe('a file that is wrong', () => {
  it.each([
    [
      'a score above 1',
      ['file,abnormal', 'ID0,0.5', 'ID1,1.5', 'ID2,-1'],
      /2 rows.*line 3 has no probability.*line 4 has no probability/,
    ],
    [
      'a word for a score',
      ['file,abnormal', 'ID0,high'],
      /A row.*line 2 has no probability of 0…1 for abnormal/,
    ],
    ['a film twice', ['file,abnormal', 'ID0,0.5', 'ID0,0.5'], /line 3 is about film-0+ as line 2 is/],
    ['no film', ['file,abnormal', ',0.5'], /line 2 names no film/],
    ['no score', ['file,abnormal', 'ID0,'], /line 2 has no score/],
    [
      'no film of the library',
      ['file,abnormal', 'x,0.5'],
      /None of the 1 films of the file is in this library/,
    ],
    ['no column of scores', ['file,patient_id', 'ID0,1'], /No column of the file holds scores/],
    [
      'two runs',
      [
        'film_id,file,run_id,weights_sha256,abnormal',
        `ID0,x,a,${'a'.repeat(64)},0.5`,
        `ID1,x,b,${'a'.repeat(64)},0.5`,
      ],
      /scores of 2 runs/,
    ],
  ])('has %s', async (_, rows, words) => {
    const { library, ids } = await withFilms();
    const path = table(
      rows.map((row) => row.replace(/ID(\d)/g, (__, index: string) => ids[Number(index)] ?? '')),
    );
    expect((await refusal(() => take(library, path))).message).toMatch(words);
    expect(library.store.outsideScores.models()).toEqual([]);
  });

  it('or a newer one, or JSON of something else, or other scores of the same films', async () => {
    const { library, ids } = await withFilms();
    const json = (value: object) => table([JSON.stringify(value)], 'x.json');
    expect(
      (await refusal(() => take(library, json({ format: 'chestlight-predictions', version: 2 })))).code,
    ).toBe('INCOMPATIBLE');
    expect((await refusal(() => take(library, json({ x: 1 })))).message).toMatch(/holds no scores/);
    const wrong = {
      format: 'chestlight-predictions',
      version: 1,
      run: RUN,
      findings: [],
      films: [{ filmId: ids[0], abnormal: 'x' }],
    };
    expect((await refusal(() => take(library, json(wrong)))).message).toMatch(/films\.0\.abnormal/);
    const path = table(['file,abnormal', `${ids[0]},0.5`, `${ids[1]},0.5`], 'theirs.csv');
    await take(library, path);
    writeFileSync(path, readFileSync(path, 'utf8').replace('0.5', '0.6'));
    expect((await refusal(() => take(library, path))).message).toMatch(
      /other scores of 1 of the films: line 2/,
    );
    expect(await take(library, path, { name: 'Other' })).toMatchObject({ model: 'Other', added: 2 });
  });
});
