/**
 * @file One case for every procedure of the contract. The type asks for each of them, and so does a test: a procedure without
 * a case fails the suite.
 */
import { randomUUID } from 'node:crypto';

import { expect } from 'vitest';

import { vitConfig } from '../../main/numeric/vit/config.ts';
import { initParameters } from '../../main/numeric/vit/init.ts';
import { exportWeights } from '../../main/numeric/weights/export-weights.ts';
import { importStart } from '../../main/services/training/start-weights.ts';

import type { Contract, ContractClient } from '../../shared/contract/index.ts';
import type { ErrorCode } from '../../shared/domain/service-error.ts';
import type { World } from './world.ts';

export interface At {
  readonly client: ContractClient;
  readonly world: World;
}

export interface Refusal {
  /** The input, or a promise of it. */
  readonly input: (world: World) => unknown;
  readonly code: ErrorCode;
}

export interface Case {
  /** Calls the procedure as the window does. Resolves with what it answered; of a stream, with its events. */
  readonly valid: (at: At) => Promise<unknown>;
  /** Reads only: both transports must give the same. */
  readonly reads?: boolean;
  /** Inputs that the contract does not allow, beside those that no procedure allows. */
  readonly bad: readonly unknown[];
  /** Inputs that it allows and the app refuses. */
  readonly refused: readonly Refusal[];
}

export type Cases = { readonly [C in keyof Contract]: { readonly [P in keyof Contract[C]]: Case } };

/** Events of a stream until `enough` says so; then the caller goes, as a page does that needs no more. */
export async function take<Event>(
  stream: Promise<AsyncIterable<Event>>,
  enough: (events: readonly Event[]) => boolean = () => false,
): Promise<Event[]> {
  const events: Event[] = [];
  for await (const event of await stream) {
    events.push(event);
    if (enough(events)) break;
  }
  return events;
}

const NOBODY = { film: 'film-00000000', run: 'run-00000000', split: 'split-00000000' } as const;
const noRun: Refusal = { input: () => ({ runId: NOBODY.run }), code: 'NOT_FOUND' };
const badRunIds = [{}, { runId: 7 }, { runId: '../etc' }, { runId: 'x'.repeat(65) }];
const badFilmIds = [{}, { filmId: null }, { filmId: 'FILM-1' }];
/** A request that starts a run which waits behind the one at work. */
const waiting = {
  method: 'none',
  model: 'tiny',
  resolution: 28,
  preset: 'quick',
  recipe: { epochs: 1, batch: 4 },
} as const;

/** A run that waits, for the one case that asks for it. */
async function queued({ client, world }: At): Promise<{ readonly runId: string }> {
  await world.atWork();
  return await client.training.start(waiting);
}

const stateOf = async ({ client }: At, runId: string) => (await client.training.run({ runId })).state;

function expectState(state: string, wanted: string): void {
  if (state !== wanted) throw new Error(`the run is ${state}, not ${wanted}`);
}

/** Two cells that wait behind the run at work. */
const planned = {
  name: 'Plan',
  models: ['tiny' as const],
  systems: [{ name: 'none', title: 'No distillation', method: 'none' as const }],
  resolutions: [28 as const, 56 as const],
  preset: 'quick' as const,
  recipe: { epochs: 1, batch: 4 },
};
const CELL = 'none-tiny-56-1';

/** What `use` makes of a study under way; afterwards there is none. */
async function withStudy<Answer>(
  { client, world }: At,
  use: (studyId: string) => Promise<Answer>,
): Promise<Answer> {
  await world.atWork();
  const { studyId } = await client.studies.start(planned);
  try {
    return await use(studyId);
  } finally {
    for (const study of await client.studies.list({})) {
      if (study.state === 'running') await client.studies.pause({ studyId: study.id });
      await client.studies.remove({ studyId: study.id });
    }
  }
}

const badStudyIds = [{}, { studyId: 7 }, { studyId: '../etc' }];
const noStudy: Refusal = { input: () => ({ studyId: 'study-00000000' }), code: 'NOT_FOUND' };
const noCell: Refusal = { input: () => ({ studyId: 'study-00000000', key: CELL }), code: 'NOT_FOUND' };

export const CASES: Cases = {
  library: {
    overview: { valid: ({ client }) => client.library.overview({}), reads: true, bad: [], refused: [] },
    films: {
      valid: ({ client }) => client.library.films({ abnormal: 'abnormal', limit: 5 }),
      reads: true,
      bad: [{ limit: 0 }, { limit: 501 }, { sort: 'size' }, { offset: -1 }, { text: 'x'.repeat(201) }],
      refused: [],
    },
    film: {
      valid: ({ client, world }) => client.library.film({ filmId: world.filmId }),
      reads: true,
      bad: badFilmIds,
      refused: [{ input: () => ({ filmId: NOBODY.film }), code: 'NOT_FOUND' }],
    },
    viewerImage: {
      valid: ({ client, world }) => client.library.viewerImage({ filmId: world.filmId }),
      reads: true,
      bad: [...badFilmIds, { filmId: NOBODY.film, frame: -1 }],
      refused: [
        { input: () => ({ filmId: NOBODY.film }), code: 'NOT_FOUND' },
        { input: ({ filmId }) => ({ filmId, frame: 5 }), code: 'NOT_FOUND' },
      ],
    },
    tags: {
      valid: ({ client, world }) => client.library.tags({ filmId: world.filmId }),
      reads: true,
      bad: badFilmIds,
      refused: [{ input: () => ({ filmId: NOBODY.film }), code: 'NOT_FOUND' }],
    },
    previewCsv: {
      valid: ({ client, world }) => client.library.previewCsv({ path: world.labels, uploadId: null }),
      reads: true,
      bad: [{}, { path: 1, uploadId: null }],
      refused: [
        { input: () => ({ path: null, uploadId: null }), code: 'BAD_INPUT' },
        { input: () => ({ path: 'labels.csv', uploadId: 'upload-absent' }), code: 'NOT_FOUND' },
        { input: ({ folder }) => ({ path: `${folder}/no.csv`, uploadId: null }), code: 'NOT_FOUND' },
      ],
    },
    import: {
      async valid({ client, world }) {
        const answer = await client.library.import({ paths: [world.films], labels: world.labels });
        const events = await take(client.library.watchImport(answer));
        const { summary } = events.at(-1) ?? {};
        if (summary?.duplicates !== 24) throw new Error('importing again counts every film');
        return answer;
      },
      bad: [{ paths: 'folder' }, { paths: [''] }, { mapping: { file: 1 } }, { uploadId: 'x'.repeat(65) }],
      refused: [
        { input: () => ({}), code: 'BAD_INPUT' },
        { input: () => ({ uploadId: 'upload-absent' }), code: 'NOT_FOUND' },
        {
          input: ({ films, folder }) => ({ paths: [films], labels: `${folder}/no.csv` }),
          code: 'NOT_FOUND',
        },
      ],
    },
    openSample: {
      async valid({ client }) {
        const answer = await client.library.openSample({});
        await client.library.cancelImport(answer);
        await take(client.library.watchImport(answer));
        return answer;
      },
      bad: [],
      refused: [],
    },
    cancelImport: {
      valid: ({ client, world }) => client.library.cancelImport({ importId: world.importId }),
      reads: true,
      bad: [{}, { importId: 5 }],
      refused: [{ input: () => ({ importId: 'import-00000000' }), code: 'NOT_FOUND' }],
    },
    currentImport: {
      valid: ({ client }) => client.library.currentImport({}),
      reads: true,
      bad: [],
      refused: [],
    },
    watchImport: {
      async valid({ client, world }) {
        const events = await take(client.library.watchImport({ importId: world.importId }));
        if (events.at(-1)?.state !== 'finished') throw new Error('the stream ends with the import');
        return events;
      },
      bad: [{}, { importId: '' }],
      refused: [{ input: () => ({ importId: 'import-00000000' }), code: 'NOT_FOUND' }],
    },
    createSplit: {
      valid: ({ client }) => client.library.createSplit({ name: 'Of a window', seed: 7 }),
      bad: [{ name: '' }, { seed: 1.5 }, { validation: 0.5 }, { test: 0 }],
      refused: [],
    },
    splits: { valid: ({ client }) => client.library.splits({}), reads: true, bad: [], refused: [] },
  },
  training: {
    presets: {
      valid: ({ client }) => client.training.presets({ model: 'small' }),
      reads: true,
      bad: [{}, { model: 'huge' }],
      refused: [],
    },
    importStart: {
      async valid({ client, world }) {
        const vit = vitConfig('tiny', { t1Units: 1 });
        const bytes = exportWeights(initParameters(vit, 1), vit, 'timm');
        const uploadId = `up-${randomUUID()}`;
        const body = (async function* () {
          yield await Promise.resolve(bytes);
        })();
        await world.parts.library.files.uploads.save(uploadId, 'start.safetensors', body, bytes.length);
        return await client.training.importStart({ uploadId, file: 'start.safetensors', title: 'A start' });
      },
      bad: [
        {},
        { uploadId: 'up-00000000', file: '', title: 'T' },
        { uploadId: 'up-00000000', file: 'a', title: 'T'.repeat(121) },
      ],
      refused: [
        {
          input: () => ({ uploadId: 'up-00000000', file: 'start.safetensors', title: 'T' }),
          code: 'NOT_FOUND',
        },
        {
          input: () => ({ uploadId: 'up-00000000', file: 'pytorch_model.bin', title: 'T' }),
          code: 'INCOMPATIBLE',
        },
      ],
    },
    removeStart: {
      async valid({ client, world }) {
        const vit = vitConfig('tiny', { t1Units: 1 });
        const bytes = exportWeights(initParameters(vit, 2), vit, 'timm');
        const about = { title: 'To go', licence: '' };
        const { id } = await importStart(world.parts.library, Date, bytes, about);
        return await client.training.removeStart({ id });
      },
      bad: [{}, { id: 'x'.repeat(65) }],
      refused: [
        { input: () => ({ id: 'start-0123456789abcdef' }), code: 'NOT_FOUND' },
        { input: () => ({ id: 'bundled-vit-tiny-cxr' }), code: 'CONFLICT' },
      ],
    },
    starts: {
      valid: ({ client }) => client.training.starts({ model: 'tiny' }),
      reads: true,
      bad: [{ model: null }],
      refused: [],
    },
    estimate: {
      valid: ({ client }) => client.training.estimate(waiting),
      bad: [{}, { ...waiting, resolution: 100 }, { ...waiting, recipe: { epochs: 0 } }],
      refused: [],
    },
    start: {
      async valid(at) {
        const answer = await queued(at);
        expectState(await stateOf(at, answer.runId), 'queued');
        await at.client.training.cancel(answer);
        return answer;
      },
      bad: [
        {},
        { ...waiting, method: 'magic' },
        { ...waiting, loss: { alpha: -1 } },
        { ...waiting, seed: -1 },
      ],
      refused: [
        { input: () => ({ ...waiting, method: 'mlcak' }), code: 'BAD_INPUT' },
        { input: () => ({ ...waiting, splitId: NOBODY.split }), code: 'NOT_FOUND' },
        { input: () => ({ ...waiting, findings: ['Nothing of the kind'] }), code: 'UNKNOWN_LABELS' },
        { input: () => ({ ...waiting, init: '/no/such.safetensors' }), code: 'UNREADABLE_FILE' },
      ],
    },
    pause: {
      async valid(at) {
        const run = await queued(at);
        const answer = await at.client.training.pause(run);
        expectState(await stateOf(at, run.runId), 'paused');
        await at.client.training.cancel(run);
        return answer;
      },
      bad: badRunIds,
      refused: [noRun, { input: ({ runId }) => ({ runId }), code: 'CONFLICT' }],
    },
    resume: {
      async valid(at) {
        const run = await queued(at);
        await at.client.training.pause(run);
        const answer = await at.client.training.resume(run);
        expectState(await stateOf(at, run.runId), 'queued');
        await at.client.training.cancel(run);
        return answer;
      },
      bad: badRunIds,
      refused: [noRun, { input: ({ runId }) => ({ runId }), code: 'CONFLICT' }],
    },
    stopKeepBest: {
      valid: async ({ client, world }) => client.training.stopKeepBest({ runId: await world.atWork() }),
      bad: badRunIds,
      refused: [{ input: ({ runId }) => ({ runId }), code: 'CONFLICT' }],
    },
    cancel: {
      async valid(at) {
        const run = await queued(at);
        const answer = await at.client.training.cancel(run);
        expectState(await stateOf(at, run.runId), 'cancelled');
        return answer;
      },
      bad: badRunIds,
      refused: [noRun, { input: ({ runId }) => ({ runId }), code: 'CONFLICT' }],
    },
    remove: {
      async valid(at) {
        const run = await queued(at);
        await at.client.training.cancel(run);
        return await at.client.training.remove(run);
      },
      bad: badRunIds,
      refused: [noRun],
    },
    rename: {
      async valid({ client, world }) {
        const answer = await client.training.rename({ runId: world.runId, name: 'Done again' });
        await client.training.rename({ runId: world.runId, name: 'Done' });
        return answer;
      },
      bad: [...badRunIds, { runId: NOBODY.run, name: '' }, { runId: NOBODY.run, name: 'x'.repeat(81) }],
      refused: [{ input: () => ({ runId: NOBODY.run, name: 'x' }), code: 'NOT_FOUND' }],
    },
    runs: { valid: ({ client }) => client.training.runs({}), bad: [], refused: [] },
    run: {
      valid: ({ client, world }) => client.training.run({ runId: world.runId }),
      reads: true,
      bad: badRunIds,
      refused: [noRun],
    },
    watch: {
      async valid({ client, world }) {
        const leave = new AbortController();
        const stream = await client.training.watch({ afterSeq: 0 }, { signal: leave.signal });
        const first = stream.next();
        await client.training.rename({ runId: world.runId, name: 'Done' });
        const { value } = await first;
        leave.abort();
        return [value];
      },
      bad: [{ afterSeq: 'all' }, { afterSeq: 0.5 }],
      refused: [],
    },
    dropKnowledge: {
      valid: ({ client, world }) => client.training.dropKnowledge({ key: world.knowledgeKey() }),
      bad: [{ key: 7 }],
      refused: [{ input: () => ({ key: 'none' }), code: 'NOT_FOUND' }],
    },
    knowledge: { valid: ({ client }) => client.training.knowledge({}), reads: true, bad: [], refused: [] },
  },
  evaluation: {
    table: { valid: ({ client }) => client.evaluation.table({}), reads: true, bad: [], refused: [] },
    run: {
      valid: ({ client, world }) => client.evaluation.run({ runId: world.runId }),
      bad: [...badRunIds, { runId: NOBODY.run, part: 'all' }],
      refused: [
        noRun,
        { input: ({ runId }) => ({ runId, part: 'train' }), code: 'BAD_INPUT' },
        { input: async (world) => ({ runId: await world.atWork() }), code: 'CONFLICT' },
      ],
    },
    compare: {
      valid: ({ client, world }) => client.evaluation.compare({ a: world.runId, b: world.otherRunId }),
      reads: true,
      bad: [{ a: NOBODY.run }, { a: NOBODY.run, b: 7 }, { a: NOBODY.run, b: NOBODY.run, part: 'all' }],
      refused: [
        { input: ({ runId }) => ({ a: runId, b: NOBODY.run }), code: 'NOT_FOUND' },
        { input: ({ runId }) => ({ a: runId, b: runId }), code: 'BAD_INPUT' },
        { input: ({ runId, otherRunId }) => ({ a: runId, b: otherRunId, part: 'train' }), code: 'BAD_INPUT' },
        { input: async (world) => ({ a: world.runId, b: await world.atWork() }), code: 'CONFLICT' },
      ],
    },
    localisation: {
      valid: ({ client, world }) => client.evaluation.localisation({ runId: world.runId }),
      bad: [...badRunIds, { runId: NOBODY.run, method: 'guess' }],
      refused: [noRun, { input: ({ runId }) => ({ runId, part: 'train' }), code: 'BAD_INPUT' }],
    },
    cases: {
      valid: ({ client, world }) => client.evaluation.cases({ runId: world.runId, kind: 'worst' }),
      reads: true,
      bad: [
        { runId: NOBODY.run, kind: 'odd' },
        { runId: NOBODY.run, kind: 'best', limit: 101 },
      ],
      refused: [{ input: () => ({ runId: NOBODY.run, kind: 'best' }), code: 'NOT_FOUND' }],
    },
    report: {
      valid: ({ client, world }) => client.evaluation.report({ runIds: [world.runId] }),
      bad: [{ runIds: 'all' }, { runIds: ['x'] }],
      refused: [{ input: () => ({ runIds: [NOBODY.run] }), code: 'NOT_FOUND' }],
    },
    studyTable: {
      valid: ({ client, world }) => client.evaluation.studyTable({ runIds: [world.runId] }),
      bad: [{ runIds: 'all' }, { withPaper: 'yes' }, { systems: [{ runId: NOBODY.run }] }],
      refused: [
        { input: () => ({ runIds: [NOBODY.run] }), code: 'NOT_FOUND' },
        { input: async (world) => ({ runIds: [await world.atWork()] }), code: 'CONFLICT' },
      ],
    },
    exportStudy: {
      valid: ({ client, world }) => client.evaluation.exportStudy({ runIds: [world.runId], format: 'csv' }),
      bad: [{ runIds: 'all' }, { format: 'doc' }],
      refused: [{ input: () => ({ runIds: [NOBODY.run] }), code: 'NOT_FOUND' }],
    },
  },
  studies: {
    estimate: {
      valid: ({ client }) => client.studies.estimate(planned),
      bad: [
        {},
        { ...planned, systems: [] },
        { ...planned, resolutions: [224] },
        { ...planned, seeds: [0.5] },
        { ...planned, systems: [{ name: 'teacher', title: 'T', method: 'none' }] },
      ],
      refused: [],
    },
    start: {
      valid: (at) => withStudy(at, (studyId) => Promise.resolve({ studyId })),
      bad: [{}, { ...planned, models: [] }, { ...planned, preset: 'slow' }],
      refused: [
        { input: () => ({ ...planned, without: ['none-base-28-1'] }), code: 'BAD_INPUT' },
        { input: () => ({ ...planned, resolutions: [28, 28] }), code: 'BAD_INPUT' },
        { input: () => ({ ...planned, splitId: NOBODY.split }), code: 'NOT_FOUND' },
        { input: () => ({ ...planned, labelSet: 'vindr-22' }), code: 'UNKNOWN_LABELS' },
      ],
    },
    list: { valid: (at) => withStudy(at, () => at.client.studies.list({})), bad: [], refused: [] },
    watch: {
      valid: (at) =>
        withStudy(at, (studyId) => take(at.client.studies.watch({ studyId }), (seen) => seen.length > 0)),
      bad: badStudyIds,
      refused: [noStudy],
    },
    pause: {
      valid: (at) => withStudy(at, (studyId) => at.client.studies.pause({ studyId })),
      bad: badStudyIds,
      refused: [noStudy],
    },
    resume: {
      valid: (at) =>
        withStudy(at, async (studyId) => {
          await at.client.studies.pause({ studyId });
          return await at.client.studies.resume({ studyId });
        }),
      bad: badStudyIds,
      refused: [noStudy],
    },
    reorder: {
      valid: (at) => withStudy(at, (studyId) => at.client.studies.reorder({ studyId, keys: [CELL] })),
      bad: [...badStudyIds, { studyId: 'study-00000000', keys: CELL }],
      refused: [{ input: () => ({ studyId: 'study-00000000', keys: [CELL] }), code: 'NOT_FOUND' }],
    },
    leaveOut: {
      valid: (at) => withStudy(at, (studyId) => at.client.studies.leaveOut({ studyId, key: CELL })),
      bad: [...badStudyIds, { studyId: 'study-00000000', key: '' }],
      refused: [noCell],
    },
    takeIn: {
      valid: (at) => withStudy(at, (studyId) => at.client.studies.takeIn({ studyId, key: CELL })),
      bad: badStudyIds,
      refused: [noCell],
    },
    remove: {
      valid: (at) =>
        withStudy(at, async (studyId) => {
          await at.client.studies.pause({ studyId });
          return await at.client.studies.remove({ studyId });
        }),
      bad: badStudyIds,
      refused: [noStudy],
    },
  },
  sample: {
    run: {
      async valid(at) {
        await at.world.atWork(); // its runs wait behind this one
        const answer = await at.client.sample.run({});
        await endStudy(at, answer.studyId);
        return answer;
      },
      bad: [],
      refused: [],
    },
    current: {
      async valid(at) {
        await at.world.atWork();
        const { studyId } = await at.client.sample.run({});
        const answer = await at.client.sample.current({});
        if (answer?.id !== studyId) throw new Error('the study at work is the current one');
        await endStudy(at, studyId);
        return answer;
      },
      bad: [],
      refused: [],
    },
    cancel: {
      async valid(at) {
        await at.world.atWork();
        const { studyId } = await at.client.sample.run({});
        return await endStudy(at, studyId);
      },
      bad: [{}, { studyId: 1 }],
      refused: [{ input: () => ({ studyId: 'study-00000000' }), code: 'NOT_FOUND' }],
    },
  },
  inference: {
    figure: {
      valid: ({ client, world }) =>
        client.inference.figure({ films: [world.filmId], runIds: [world.runId], format: 'pdf' }),
      bad: [
        { films: [] },
        { films: Array(9).fill(NOBODY.film) },
        { films: [NOBODY.film], runIds: [] },
        { films: [NOBODY.film], format: 'svg' },
        { films: [NOBODY.film], opacity: 2 },
      ],
      refused: [
        { input: ({ filmId }) => ({ films: [filmId], runIds: [NOBODY.run] }), code: 'NOT_FOUND' },
        { input: ({ filmId }) => ({ films: [filmId], runIds: [null] }), code: 'CONFLICT' },
        { input: ({ runId }) => ({ films: [NOBODY.film], runIds: [runId] }), code: 'NOT_FOUND' },
      ],
    },
    predict: {
      valid: ({ client, world }) =>
        client.inference.predict({
          runId: world.runId,
          filmId: world.filmId,
          attention: [{ method: 'rollout' }, { method: 'last', head: 1 }],
        }),
      bad: [
        ...badRunIds,
        { runId: NOBODY.run, filmId: NOBODY.film, attention: [{ method: 'guess' }] },
        { runId: NOBODY.run, filmId: NOBODY.film, attention: Array(17).fill({ method: 'last' }) },
      ],
      refused: [
        { input: ({ filmId }) => ({ runId: NOBODY.run, filmId }), code: 'NOT_FOUND' },
        { input: ({ runId }) => ({ runId, filmId: NOBODY.film }), code: 'NOT_FOUND' },
        {
          input: async (world) => ({ runId: await world.atWork(), filmId: world.filmId }),
          code: 'CONFLICT',
        },
      ],
    },
  },
  system: {
    status: { valid: ({ client }) => client.system.status({}), bad: [], refused: [] },
    watch: {
      valid: ({ client }) => take(client.system.watch({}), (events) => events.length === 1),
      bad: [],
      refused: [],
    },
    doctor: { valid: ({ client }) => client.system.doctor({}), bad: [], refused: [] },
    attributions: {
      valid: ({ client }) => client.system.attributions({}),
      reads: true,
      bad: [],
      refused: [],
    },
  },
};

/** Cancels the study and waits until it has come to rest. */
async function endStudy({ client }: At, studyId: string): Promise<unknown> {
  const answer = await client.sample.cancel({ studyId });
  await expect
    .poll(async () => (await client.sample.current({}))?.state, { timeout: 20_000 })
    .toBe('cancelled');
  return answer;
}
