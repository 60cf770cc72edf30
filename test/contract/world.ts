/** @file The app that the contract suite asks: a real library of small films, a run trained for it, a run at work. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import { newReleaseKey, releaseKeyFrom } from '../../main/files/release-key.ts';
import { createNodeWorkerHost } from '../../main/node/worker-host-node.ts';
import { createKeptKeys } from '../../main/services/encryption/kept-keys.ts';
import { openParts, type AppParts } from '../../main/services/compose.ts';
import type { Services } from '../../main/services/app.ts';
import { requestOf } from '../../main/services/training/training-service.ts';
import { writeUpdate } from '../../main/services/update/update-file.ts';
import { importSource, splitRequest } from '../../shared/contract/library.ts';
import type { RunRequest } from '../../shared/contract/training.ts';
import type { FilmId, ImportId, RunId, SplitId } from '../../shared/domain/ids.ts';
import { isActive } from '../../shared/domain/run-state.ts';
import { plainKeyStore } from '../helpers/plain-key-store.ts';
import { call, keptLog, type KeptLog } from '../helpers/temp-library.ts';
import { pattern, tinyDicom } from '../helpers/tiny-dicom.ts';
import { trackStreams, type StreamTracker } from './track-streams.ts';

const FILMS = 24;

/** Written so that nothing is drawn by chance: every second film is abnormal, every part has both. */
function writeFilms(dir: string): string {
  mkdirSync(dir);
  const rows = Array.from({ length: FILMS }, (_, index) => {
    const abnormal = index % 2 === 1;
    const part = index < 12 ? 'train' : index < 16 ? 'validation' : 'test';
    const name = `film-${String(index).padStart(2, '0')}.dcm`;
    const pixel = pattern(index + 10);
    writeFileSync(
      join(dir, name),
      tinyDicom({ patientId: `MRN-${index}`, view: 'PA', sopUid: `1.2.${index}`, pixel }),
    );
    return `${name},p${index},${abnormal ? 'abnormal' : 'normal'},${Number(abnormal)},${Number(!abnormal)},${part}`;
  });
  const labels = join(dir, 'labels.csv');
  writeFileSync(
    labels,
    ['file,patient_id,normal_abnormal,Infiltration,No finding,split', ...rows].join('\n'),
  );
  return labels;
}

export interface World {
  readonly parts: AppParts;
  readonly services: Services;
  readonly streams: StreamTracker;
  readonly log: KeptLog;
  readonly folder: string;
  /** Folder of the films and their labels file. */
  readonly films: string;
  readonly labels: string;
  readonly rendererDir: string;
  readonly filmId: FilmId;
  readonly splitId: SplitId;
  readonly importId: ImportId;
  /** Finished, evaluated. */
  readonly runId: RunId;
  /** As `runId`, of another seed. */
  readonly otherRunId: RunId;
  /** A run that is training now; others wait behind it. */
  atWork(): Promise<RunId>;
  /** Key of a knowledge cache that no run needs. */
  knowledgeKey(): string;
  /** An uploaded update of that version for this system, signed by a key that the app knows. */
  update(version: string): Promise<{ readonly uploadId: string; readonly file: string }>;
  close(): Promise<void>;
}

/** A student without a teacher: the quickest run there is. */
export function quickRun(request: Partial<RunRequest> = {}): RunRequest {
  const recipe = { epochs: 1, batch: 4, microBatch: 4, warmupEpochs: 0 };
  return requestOf({ method: 'none', model: 'tiny', resolution: 28, preset: 'quick', recipe, ...request });
}

/** Signs the updates that the app of this world takes. */
const updateKey = releaseKeyFrom(newReleaseKey());
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

async function uploadedUpdate({ library }: AppParts, folder: string, version: string) {
  const installer = join(folder, 'installer');
  writeFileSync(installer, `installer of ${version}`);
  const system = `${process.platform}-${process.arch}`;
  const out = join(folder, `${version}.chestlight-update`);
  await writeUpdate(out, installer, { version, system, file: 'Chestlight.AppImage', notes: '' }, updateKey);
  const at = { uploadId: `upload-${version.replaceAll('.', '-')}`, file: 'new.chestlight-update' };
  const bytes = readFileSync(out);
  await library.files.uploads.save(at.uploadId, at.file, Readable.from([bytes]), bytes.length);
  return at;
}

export async function openWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'chestlight-contract-'));
  const films = join(folder, 'films');
  const labels = writeFilms(films);
  const rendererDir = join(folder, 'renderer');
  mkdirSync(rendererDir);
  writeFileSync(join(rendererDir, 'index.html'), '<title>window</title>');
  const log = keptLog();
  const parts = await openParts({
    libraryDir: join(folder, 'library'),
    host: 'browser',
    workerHost: createNodeWorkerHost(),
    log,
    clock: Date,
    statusEveryMs: 50,
    // Nobody here opens the library again under the tests; the answer is what counts.
    goBack: () => Promise.resolve(),
    reopen: () => Promise.resolve(),
    keptKeys: createKeptKeys(plainKeyStore, join(folder, 'keys')),
    updates: {
      keys: [{ name: 'Test', publicKey: hexOf(updateKey.publicKey) }],
      folder: join(folder, 'updates'),
    },
  });
  const { library, training } = parts;
  const { importId } = await library.service.import(importSource.parse({ paths: [films], labels }), call);
  await library.imports.settled();
  const split = await library.service.createSplit(splitRequest.parse({ name: 'World' }), call);
  const [film] = (await library.service.films(filmQueryAll, call)).rows;
  const trained = async (request: Partial<RunRequest>): Promise<RunId> => {
    const { runId } = await training.service.start(quickRun(request), call);
    await training.runToEnd(runId as RunId, () => undefined, call.signal);
    return runId as RunId;
  };
  const otherRunId = await trained({ name: 'Other', seed: 2 });
  const runId = await trained({ name: 'Done' });
  const { services, streams } = trackStreams(parts.app.services);
  return {
    parts,
    services,
    streams,
    log,
    folder,
    films,
    labels,
    rendererDir,
    filmId: film?.id as FilmId,
    splitId: split.id as SplitId,
    importId: importId as ImportId,
    runId,
    otherRunId,
    atWork: () => atWork(parts),
    update: (version) => uploadedUpdate(parts, folder, version),
    knowledgeKey() {
      const key = 'a'.repeat(64);
      const size = { films: 1, views: 1, bytes: 8, complete: true };
      library.store.runs.putKnowledge({ key, teacherRunId: runId, feature: 'none', ...size });
      return key;
    },
    async close() {
      for (const run of await training.service.runs({}, call)) {
        if (run.state === 'queued' || isActive(run.state))
          await training.service.cancel({ runId: run.id as RunId }, call);
      }
      await parts.app.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const filmQueryAll = {
  text: '',
  finding: null,
  abnormal: 'any',
  view: null,
  source: null,
  part: null,
  splitId: null,
  sort: 'name',
  descending: false,
  offset: 0,
  limit: 100,
} as const;

/** The run that trains now; a long one is started when there is none. */
async function atWork({ training }: AppParts): Promise<RunId> {
  const training_ = async () =>
    (await training.service.runs({}, call)).find((run) => run.state === 'training');
  const running = await training_();
  if (running !== undefined) return running.id as RunId;
  const leave = new AbortController();
  const events = await training.service.watch({ afterSeq: 0 }, { signal: leave.signal });
  const next = events.next();
  await training.service.start(
    quickRun({ name: 'Long', recipe: { epochs: 1000, batch: 1, microBatch: 1 } }),
    call,
  );
  for (let event = await next; event.done !== true; event = await events.next()) {
    if (event.value.run?.state !== 'training') continue;
    leave.abort();
    return event.value.run.id as RunId;
  }
  throw new Error('the stream of runs ended');
}
