/** @file Reports on real films: self-contained, with every run, true figures, overlays checked pixel by pixel; refusals. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';

import { createNodeWorkerHost } from '../../../main/node/worker-host-node.ts';
import { createEvaluationService } from '../../../main/services/evaluation/evaluation-service.ts';
import { openLibrary, type OpenLibrary } from '../../../main/services/library/open-library.ts';
import { sha256Of } from '../../../main/files/artifacts.ts';
import type { EvaluationService, InferenceService } from '../../../main/services/service-types.ts';
import { evaluationContract } from '../../../shared/contract/evaluation.ts';
import { splitRequest } from '../../../shared/contract/library.ts';
import { colourTable } from '../../../shared/domain/colour-map.ts';
import type {
  FilmId,
  LabelVersionId,
  ReaderId,
  ReviewId,
  RunId,
  SplitId,
} from '../../../shared/domain/ids.ts';
import { labelVersionRequest } from '../../../shared/contract/label-version.ts';
import { reviewPlan } from '../../../shared/contract/review.ts';
import { formatInterval } from '../../../shared/domain/numbers.ts';
import { presetRecipe } from '../../../shared/domain/recipe.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { call, endOf, keptLog, tempLibrary, testClock } from '../../helpers/temp-library.ts';
import { addRun, type Score } from './scored-runs.ts';

const FINDINGS = ['Edema', 'Pneumonia', 'Atelectasis'];
const HOSTILE = '<script>alert("x")</script> & co';
const GRID = 14;
/** Every map is .25 but for one cell. */
const HOT = { row: 3, column: 9 };

const signIn = { reader: () => expect.fail('nobody signs in here') };

/** Answers as the inference service does, with a map that is known; scores play no part in overlays. */
const predict: InferenceService['predict'] = ({ runId, filmId }) => ({
  runId,
  filmId,
  runName: 'run',
  resolution: 28,
  t2: { name: 'abnormal', score: 0.5, threshold: null, uncertain: false, kept: null, band: null },
  t1: [],
  suitability: { suitable: true, reasons: [], likeness: { state: 'not-fitted', reason: 'Not fitted.' } },
  attention: [
    {
      method: 'last' as const,
      head: null,
      target: null,
      grid: GRID,
      peak: 0.02,
      values: Array.from({ length: GRID * GRID }, (_, cell) =>
        cell === HOT.row * GRID + HOT.column ? 1 : 0.25,
      ),
    },
  ],
  inputHref: '',
  seconds: 0.1,
  cached: false,
});

/** Scores that follow the labels by `skill`, with a seeded wobble. */
function scoresOf({ store }: OpenLibrary, splitId: SplitId, skill: number, seed: number): Score[] {
  let state = seed;
  const wobble = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32 - 0.5) * 4;
  };
  const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));
  return store.splits.dataset(splitId, FINDINGS).flatMap(({ filmId, part, labels, abnormal }) =>
    part === 'train'
      ? []
      : [
          {
            filmId,
            part,
            t1: labels.map((label) => sigmoid(skill * ((label ?? 0) * 2 - 1) + wobble())),
            t2: sigmoid(skill * ((abnormal ?? 0) * 2 - 1) + wobble()),
          },
        ],
  );
}

function addHistory({ store }: OpenLibrary, runId: RunId): void {
  for (let epoch = 0; epoch < 4; epoch++) {
    store.runs.putEpoch(runId, {
      epoch,
      step: epoch * 6,
      loss: 2 / (epoch + 1),
      terms: [],
      learningRate: 1e-4,
      gradNorm: 1,
      validation: { loss: 1, t1: 0.6 + epoch / 50, k: 3, of: 3, t2: 0.7 + epoch / 50 },
      imagesPerSecond: 9,
      seconds: 9,
      waitedSeconds: null,
      rssBytes: 1,
    });
  }
  store.runs.setBest(runId, { epoch: 3, t1: 0.66, t2: 0.76 });
}

const pictures = (page: string): Buffer[] =>
  [...page.matchAll(/src="data:image\/png;base64,([^"]+)"/g)].map(([, data = '']) =>
    Buffer.from(data, 'base64'),
  );

describe('a report on the sample films', () => {
  let dir: string;
  let library: OpenLibrary;
  let splitId: SplitId;
  let runs: { teacher: RunId; none: RunId; mlcak: RunId };
  let rows: Awaited<ReturnType<EvaluationService['table']>>;
  let page: string;
  let written: { href: string; path: string | null; sha256: string };
  const service = () =>
    createEvaluationService({ library, predict, clock: testClock(), log: keptLog(), signIn });

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'chestlight-test-'));
    library = await openLibrary(dir, {
      workerHost: createNodeWorkerHost(),
      clock: testClock(),
      log: keptLog(),
      pool: { size: 2 },
    });
    const { importId } = await library.service.openSample({}, call);
    await endOf(library, importId as never);
    const split = await library.service.createSplit(splitRequest.parse({}), call);
    splitId = split.id as SplitId;
    const wanted = { splitId, findings: FINDINGS };
    const add = (
      more: Pick<Parameters<typeof addRun>[1], 'method' | 'resolution'>,
      skill: number,
      teacher?: RunId,
    ) =>
      addRun(
        library,
        { ...wanted, ...more, teacherRunId: teacher ?? null },
        scoresOf(library, splitId, skill, more.resolution + skill * 100),
      );
    const teacher = add({ method: 'teacher', resolution: 224 }, 1.5);
    const none = add({ method: 'none', resolution: 28 }, 0.2);
    const mlcak = add({ method: 'mlcak', resolution: 28 }, 1.2, teacher);
    runs = { teacher, none, mlcak };
    for (const id of Object.values(runs)) addHistory(library, id);
    library.store.runs.rename(mlcak, HOSTILE);
    rows = await service().service.table({}, call);
    written = await service().service.report({ runIds: [] }, call);
    page = readFileSync(written.path ?? '', 'utf8');
    return async () => {
      await library.close();
      rmSync(dir, { recursive: true, force: true });
    };
  });

  it('lies whole in the library under its hash and is found by it', async () => {
    evaluationContract.report['~orpc'].outputSchema?.parse(written);
    expect(written.path).toBe(join(library.files.reportsDir, `${written.sha256}.html`));
    expect(written.href).toBe(`bytes/report/${written.sha256}`);
    expect(sha256Of(readFileSync(written.path ?? ''))).toBe(written.sha256);
    expect(new TextDecoder().decode((await service().reportBytes(written.sha256)).bytes)).toBe(page);
    expect(readdirSync(library.files.reportsDir).every((name) => name.endsWith('.html'))).toBe(true);
    for (const unknown of ['0'.repeat(64), '../library', '']) {
      await expect(service().reportBytes(unknown)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
    const damaged = join(library.files.reportsDir, `${'1'.repeat(64)}.html`);
    writeFileSync(damaged, 'half a page');
    await expect(service().reportBytes('1'.repeat(64))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('needs nothing from outside: no script, no address but the links of licences', () => {
    expect(page.startsWith('<!doctype html>')).toBe(true);
    expect(page).not.toMatch(/<(script|link|iframe|object|embed|base|form)\b/i);
    expect(page).not.toMatch(/\son[a-z]+=|javascript:|@import|@font-face/i);
    expect([...page.matchAll(/url\(([^)]*)\)/g)].map(([, target]) => target)).toEqual(['#attention']);
    expect(
      [...page.matchAll(/\ssrc="([^"]{0,22})/g)].every(([, start]) => start === 'data:image/png;base64,'),
    ).toBe(true);
    const addresses = [...page.matchAll(/https?:\/\/[^"<\s]+/g)].map(([address]) => address);
    expect(new Set(addresses)).toEqual(new Set(['https://nihcc.app.box.com/v/ChestXray-NIHCC']));
    expect([...page.matchAll(/\shref="([^"]*)"/g)].map(([, target]) => target)).toEqual([addresses[0]]);
  });

  it('names every run with its settings and hashes, and text stays text', () => {
    for (const id of Object.values(runs)) {
      const { configHash } = library.store.runs.get(id);
      expect(page).toContain(id);
      expect(page).toContain(configHash);
    }
    for (const label of ['Teacher 224\u00a0px', 'No distillation 28\u00a0px', 'MLCAK 28\u00a0px'])
      expect(page).toContain(label);
    expect(page).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; co');
    expect(page.split('Research use, not a medical device.')).toHaveLength(2);
    expect(page).toContain('NIH Clinical Center');
  });

  it('shows the figures of the table, and a difference in words that its interval bears out', () => {
    for (const { t1, t2 } of rows) {
      expect(page).toContain(formatInterval(t1.value, t1.ci, 3));
      expect(page).toContain(formatInterval(t2.value, t2.ci, 3));
    }
    const gain = rows.find(({ runId }) => runId === runs.mlcak)?.differenceToNone;
    expect(gain?.t2.ci?.[0]).toBeGreaterThan(0);
    expect(page).toContain('excludes 0: better');
    expect(rows.find(({ runId }) => runId === runs.none)?.differenceToNone).toBeNull();
  });

  it('counts the films and patients of each part', () => {
    const parts = library.store.splits.parts(splitId);
    const text = page.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
    expect(text).toContain(`Films ${parts.train.films} ${parts.validation.films} ${parts.test.films}`);
    expect(text).toContain(
      `Patients ${parts.train.patients} ${parts.validation.patients} ${parts.test.patients}`,
    );
    expect(text).toContain('No patient is in two parts');
    expect(text).toContain(`tested on ${parts.test.films} films of ${parts.test.patients} patients`);
  });

  it('tells no file name and no identity', () => {
    expect(page).not.toMatch(/nih-0/);
    expect(page).not.toContain(dir);
  });

  it('holds pictures that decode: the film, what 28 pixels leave of it, one overlay a run', async () => {
    const decoded = await Promise.all(pictures(page).map((png) => sharp(png).metadata()));
    const films = decoded.length / 5;
    expect(Number.isInteger(films) && films >= 3).toBe(true);
    decoded.forEach(({ format, width, height, channels }, index) => {
      const side = index % 5 === 1 ? 28 : 224;
      expect({ format, width, height }).toEqual({ format: 'png', width: side, height: side });
      expect(channels).toBe(index % 5 < 2 ? 1 : 3);
    });
  });

  it('lays the map over the film where its cells are', async () => {
    const ids = [...page.matchAll(/(film-[0-9a-f]{8}), P-/g)].map(([, id = '']) => id);
    const names = library.store.films.names();
    const all = pictures(page);
    expect(ids.length).toBe(all.length / 5);
    const inferno = colourTable('inferno');
    for (const [index, id] of ids.entries()) {
      const filmId = names.find((film) => film.id.startsWith(id))?.id as FilmId;
      const film = await library.filmBytes.modelImage(filmId);
      const overlay = await sharp(all[index * 5 + 2])
        .raw()
        .toBuffer();
      const at = (x: number, y: number): number[] => [
        ...overlay.subarray((y * 224 + x) * 3, (y * 224 + x) * 3 + 3),
      ];
      // Far from the hot cell the map is at its weakest: the film itself.
      for (const [x, y] of [
        [3, 3],
        [220, 220],
        [20, 200],
        [100, 56],
      ] as const) {
        const grey = film[y * 224 + x] ?? -1;
        expect(at(x, y)).toEqual([grey, grey, grey]);
      }
      // A cell is 16 pixels: its centre lies between pixels 7 and 8 of them, 1/32 of a cell from each.
      const [x, y] = [HOT.column * 16 + 8, HOT.row * 16 + 8];
      const share = (1 - 1 / 32) ** 2;
      const alpha = 0.6 * share ** 0.75;
      const grey = film[y * 224 + x] ?? 0;
      const entry = Math.round(share * 255) * 3;
      at(x, y).forEach((channel, colour) => {
        expect(
          Math.abs(channel - (grey * (1 - alpha) + (inferno[entry + colour] ?? 0) * alpha)),
        ).toBeLessThanOrEqual(1);
      });
    }
    const multiples = [0.25 * 0.02 * 197, 0.02 * 197].map((value) => value.toFixed(1)).join('–');
    expect(page).toContain(`${multiples} × equal`);
  });

  it('is written without overlays where there is no engine, and says so', async () => {
    const reason = 'Nothing on this machine can run the networks. Run the set-up again.';
    const without = createEvaluationService({
      library,
      predict: () => Promise.reject(new ServiceError('ENGINE_UNAVAILABLE', reason)),
      clock: testClock(),
      log: keptLog(),
      signIn,
    });
    const { path } = await without.service.report({ runIds: [runs.teacher] }, call);
    const alone = readFileSync(path ?? '', 'utf8');
    expect(alone).toContain(`Attention overlays are missing: ${reason}`);
    expect(alone).toContain('no overlay');
    expect(alone).not.toContain('MLCAK 28');
    expect(pictures(alone).length).toBeGreaterThan(0);
  });

  it('is not begun for a caller who has gone away', async () => {
    const signal = AbortSignal.abort();
    await expect(service().service.report({ runIds: [] }, { signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
  });

  it('names operating points that were set by hand, and from where on a film is called unlike', async () => {
    const { store } = library;
    const by = { readerId: null, byName: 'Ana', reason: HOSTILE, createdAt: Date.UTC(2026, 2, 1) };
    const run = addRun(
      library,
      { method: 'none', resolution: 28, splitId, findings: [...FINDINGS] },
      scoresOf(library, splitId, 1, 8),
    );
    addHistory(library, run);
    const facts = { weightsSha256: 'a'.repeat(64), trainFilms: 400, validationFilms: 99 };
    const file = { file: 'likeness.safetensors', sha256: 'b'.repeat(64), bytes: 9, reason: null };
    store.likeness.put(run, { ...facts, ...file, limit: 23.4, quantile: 0.99 }, 1);
    store.thresholds.add(run, { task: 't2', threshold: 0.4, fitted: 0.371, ...by });
    const { path } = await service().service.report({ runIds: [run] }, call);
    const own = readFileSync(path ?? '', 'utf8');
    expect(own).toContain('set by hand on 2026-03-01 by Ana, fitted was .371');
    expect(own).toContain('&lt;script&gt;');
    expect(own).not.toContain('<script>alert');
    expect(own).toContain(
      'unlike the training films beyond distance 23, under which 99 % of films like the 99 validation films lie',
    );
    expect(page).not.toContain('set by hand on');
    expect(page).toContain('distance to the training films not fitted for this model');
  });

  it('says as what a run ran where that is not what was asked for, and what its process had to say', async () => {
    const recipe = { ...presetRecipe('quick', 'tiny'), precision: 'mixed' } as const;
    const wanted = { splitId, findings: FINDINGS, method: 'none', resolution: 28, recipe } as const;
    const id = addRun(library, wanted, scoresOf(library, splitId, 0.2, 5));
    const { runs: store } = library.store;
    store.setSteps(id, { precision: 'single', engine: 'eager', why: 'its loss is off by 0.07' });
    store.addNote(id, 'The checkpoint was passed over.', 1);
    const { path } = await service().service.report({ runIds: [id] }, call);
    const said = readFileSync(path ?? '', 'utf8').replaceAll(/\s+/g, ' ');
    expect(said).toContain(
      'mixed precision (bfloat16) asked for, ran in single precision (float32): its loss is off by 0.07',
    );
    expect(said).toContain('one operation after another');
    expect(said).toContain('<li>The checkpoint was passed over.</li>');
    store.remove(id);
  });

  it('says whose labels a run learned', async () => {
    const { store } = library;
    const owner = 'reader-000000000001' as ReaderId;
    const reviewId = 'review-000000000001' as ReviewId;
    const labelVersionId = 'labels-000000000001' as LabelVersionId;
    const films = store.splits.dataset(splitId, FINDINGS).map(({ filmId }) => filmId);
    const plan = { questions: [], blinding: 'hidden', runId: null, timed: false, seed: 1 };
    const review = { id: reviewId, name: HOSTILE, createdAt: 1 };
    store.readers.add({ id: owner, name: 'Olga', role: 'owner', pinHash: null, createdAt: 1 });
    store.reviews.begin(
      { ...review, plan: reviewPlan.parse({ ...plan, findings: FINDINGS }) },
      new Map([[owner, films]]),
    );
    const request = labelVersionRequest.parse({ name: 'Reviewed' });
    store.labelVersions.add(
      { id: labelVersionId, name: 'Reviewed', reviewId, request, madeBy: owner, createdAt: 1 },
      new Map(
        films.slice(0, 5).map((film) => [film, { labels: new Map(), abnormal: 1 as const, boxes: [] }]),
      ),
    );
    const wanted = { method: 'none', resolution: 28, splitId, findings: FINDINGS, labelVersionId } as const;
    const run = addRun(library, { ...wanted, findings: [...FINDINGS] }, scoresOf(library, splitId, 1, 7));
    addHistory(library, run);
    const { path } = await service().service.report({ runIds: [run] }, call);
    const own = readFileSync(path ?? '', 'utf8');
    expect(own).toContain('“Reviewed”, of the review “&lt;script&gt;');
    expect(own).toContain('(5 films), else as imported');
    expect(own).toContain('These counts are of the imported labels.');
    expect(page).toContain('as imported');
    expect(page).not.toContain('These counts are of the imported labels.');
    store.runs.remove(run);
  });
});

describe('refusals', () => {
  const reporter = (library: OpenLibrary) =>
    createEvaluationService({ library, predict, clock: testClock(), log: keptLog(), signIn }).service;

  it('nothing finished, a run that is not, a run that is not there, a library that is read-only', async () => {
    const { dir, library } = await tempLibrary();
    const service = reporter(library);
    const refused =
      (runIds: RunId[], by = service) =>
      async () =>
        await by.report({ runIds }, call);
    await expect(refused([])).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('Train a teacher') as string,
    });
    await expect(refused(['run-99999999' as RunId])).rejects.toMatchObject({ code: 'NOT_FOUND' });
    library.store.splits.insert(
      { id: 'split-00000001' as SplitId, name: 'Split', seed: 1, createdAt: 1, request: {}, warnings: [] },
      new Map(),
      [],
    );
    const wanted = {
      method: 'none',
      resolution: 28,
      splitId: 'split-00000001' as SplitId,
      findings: FINDINGS,
    } as const;
    const paused = addRun(library, { ...wanted, findings: [...FINDINGS] }, null, 'paused');
    await expect(refused([paused])).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('Resume') as string,
    });
    const second = await tempLibrary({ dir });
    await expect(refused([], reporter(second.library))).rejects.toMatchObject({ code: 'READ_ONLY' });
  });
});
