/** @file Maps against boxes in a real library: film pixels to the model's square, a prior of training films alone, kept figures. */
import { describe, expect, it } from 'vitest';

import { createLocaliser } from '../../../main/services/evaluation/localisation.ts';
import type { OpenLibrary } from '../../../main/services/library/open-library.ts';
import type { InferenceService } from '../../../main/services/service-types.ts';
import type { AttentionMap } from '../../../shared/contract/inference.ts';
import { labelVersionRequest } from '../../../shared/contract/label-version.ts';
import { reviewPlan } from '../../../shared/contract/review.ts';
import type { FilmId, LabelVersionId, ReaderId, ReviewId, SplitId } from '../../../shared/domain/ids.ts';
import type { VersionBox } from '../../../main/store/label-versions.ts';
import { call, tempLibrary, testClock } from '../../helpers/temp-library.ts';
import { goldenLibrary } from './golden.ts';
import { addSplit } from './scored-runs.ts';

const GRID = 14;

/** A map whose only cell is `column`, `row`. */
function mapOf(column: number, row: number, target: string | null): AttentionMap {
  const values = Array.from({ length: GRID * GRID }, (_, at) => Number(at === row * GRID + column));
  return { method: 'relevance', head: null, target, grid: GRID, values, peak: 1 };
}

/** Draws a box over the cells from `column`, `row` on, in pixels of the film. */
function draw(
  library: OpenLibrary,
  id: FilmId,
  finding: string,
  column: number,
  row: number,
  cells = 2,
): void {
  const film = library.store.films.find(id);
  if (film === null) throw new Error(`no film ${id}`);
  const [cellWidth, cellHeight] = [film.cols / GRID, film.rows / GRID];
  const place = { x: column * cellWidth, y: row * cellHeight };
  const size = { width: cells * cellWidth, height: cells * cellHeight };
  library.store.transaction(() =>
    library.store.readings.setBoxes(film.no, [{ finding, reader: 'R1', ...place, ...size }]),
  );
}

async function opened() {
  const { library } = await tempLibrary();
  const { add } = goldenLibrary(library);
  const parts = ['train', 'validation', 'test'] as const;
  const partOf = ({ patientNo }: { readonly patientNo: number }) => parts[patientNo % 3] ?? 'train';
  const splitId = addSplit(library, partOf, 'split-00000002' as SplitId);
  const run = library.store.runs.get(add('none', { splitId }));
  const films = library.store.splits.dataset(run.splitId, []);
  const of = (part: string) => films.filter((film) => film.part === part).map(({ filmId }) => filmId);
  const asked: { filmId: string; targets: (string | null)[] }[] = [];
  /** The model looks at cell (3, 10) of every film. */
  const predict: InferenceService['predict'] = ({ runId: by, filmId, attention }) => {
    asked.push({ filmId, targets: attention.map(({ target }) => target) });
    const t2 = { name: 'abnormal', score: 0.5, threshold: null, uncertain: false, kept: null, band: null };
    return {
      runId: by,
      filmId,
      runName: run.name,
      resolution: 224,
      t2,
      t1: [],
      suitability: { suitable: true, reasons: [], likeness: { state: 'not-fitted', reason: 'Not fitted.' } },
      attention: attention.map(({ target }) => mapOf(3, 10, target)),
      inputHref: '/input',
      seconds: 0,
      cached: false,
    };
  };
  const localise = createLocaliser({ library, predict, clock: testClock() });
  const [finding = ''] = run.config.findings;
  return { library, run, of, asked, localise, finding };
}

describe('localisation of a run', () => {
  it('finds hit and miss in film pixels, and asks for maps of films with boxes alone', async () => {
    const { library, run, of, asked, localise, finding } = await opened();
    const [hit, miss] = of('test');
    if (hit === undefined || miss === undefined) throw new Error('two test films');
    draw(library, hit, finding, 3, 10);
    draw(library, miss, finding, 10, 2);
    const found = await localise(run, 'test', 'relevance', call);
    expect(found).toMatchObject({ films: 2, boxes: 2 });
    expect(found.perFinding).toMatchObject([
      { name: finding, films: 2, unstable: true, pointing: { map: { value: 0.5 }, prior: null } },
    ]);
    expect(found.perFinding[0]?.energy.map.value).toBeGreaterThan(0.25);
    expect(found.perFinding[0]?.energy.map.value).toBeLessThan(0.5);
    expect(asked.map(({ filmId }) => filmId).sort()).toEqual([hit, miss].sort());
    expect(asked.every(({ targets }) => targets.join() === finding)).toBe(true);
  });

  it('has a prior of the training films alone, kept until something changes', async () => {
    const { library, run, of, asked, localise, finding } = await opened();
    const [test] = of('test');
    const [validation] = of('validation');
    const [train] = of('train');
    if (test === undefined || validation === undefined || train === undefined) throw new Error('all parts');
    draw(library, test, finding, 3, 10);
    draw(library, validation, finding, 3, 10);
    draw(library, train, finding, 10, 2);
    const found = await localise(run, 'test', 'relevance', call);
    expect(found.perFinding).toMatchObject([
      {
        priorFilms: 1,
        pointing: { map: { value: 1 }, prior: { value: 0 } },
        energy: { prior: { value: 0 } },
      },
    ]);
    const times = asked.length;
    expect(await localise(run, 'test', 'relevance', call)).toEqual(found);
    expect(asked.length).toBe(times);
  });

  it('measures a run that learned labels of a review by the places that the review settled', async () => {
    const { library, run, of, localise, finding } = await opened();
    const [hit, moved, absent] = of('test');
    if (hit === undefined || moved === undefined || absent === undefined) throw new Error('three test films');
    for (const film of [hit, moved, absent]) draw(library, film, finding, 3, 10);
    const version = 'labels-0000000000000001' as LabelVersionId;
    const { store } = library;
    const film = store.films.find(moved);
    const cell = (film?.cols ?? 0) / GRID;
    const reader = 'reader-000000000001' as ReaderId;
    store.readers.add({ id: reader, name: 'Jo', role: 'owner', pinHash: null, createdAt: 1 });
    const review = {
      id: 'review-000000000001' as ReviewId,
      name: 'Round',
      plan: reviewPlan.parse({
        findings: [finding],
        questions: [],
        blinding: 'hidden',
        runId: null,
        timed: false,
        seed: 1,
      }),
      createdAt: 1,
    };
    store.sessionMerge.addReview(review);
    const says = (value: 0 | 1, boxes: readonly VersionBox[]) => ({
      labels: new Map([[finding, value]]),
      abnormal: undefined,
      boxes,
    });
    store.labelVersions.add(
      {
        id: version,
        name: 'Settled',
        reviewId: review.id,
        request: labelVersionRequest.parse({ name: 'Settled' }),
        madeBy: reader,
        createdAt: 2,
      },
      new Map([
        [moved, says(1, [{ finding, x: 10 * cell, y: 2 * cell, width: 2 * cell, height: 2 * cell }])],
        [absent, says(0, [])],
      ]),
    );
    const learned = { ...run, config: { ...run.config, labelVersionId: version } };
    const found = await localise(learned, 'test', 'relevance', call);
    // the absent finding has no place, and the moved one is where the model does not look
    expect(found).toMatchObject({ films: 2, boxes: 2 });
    expect(found.perFinding).toMatchObject([{ pointing: { map: { value: 0.5 } } }]);
    expect(found.notes.join(' ')).toContain('Where the review “Round” settled a place, that place counts');
  });

  it('says so where no film has a box, and stops when it is left', async () => {
    const { library, run, of, localise, finding } = await opened();
    const none = await localise(run, 'validation', 'rollout', call);
    expect(none).toMatchObject({ films: 0, perFinding: [], macro: { findings: 0 } });
    expect(none.notes.join()).toMatch(/No film of this part has a box/);
    const [test] = of('test');
    if (test === undefined) throw new Error('a test film');
    draw(library, test, finding, 3, 10);
    await expect(localise(run, 'test', 'last', { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
  });
});
