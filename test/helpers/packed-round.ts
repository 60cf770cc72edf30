/** @file A review session of some size and its package, for programs that merge it while they are killed or the disk fails. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { createNodeWorkerHost } from '../../main/node/worker-host-node.ts';
import { runExport } from '../../main/services/exchange/export-job.ts';
import { openLibrary, type OpenLibrary } from '../../main/services/library/open-library.ts';
import { exportRequest } from '../../shared/contract/exchange.ts';
import { importSource } from '../../shared/contract/library.ts';
import { reviewPlan } from '../../shared/contract/review.ts';
import type { DecisionId, FilmId, ImportId, ReaderId, ReadingId, ReviewId } from '../../shared/domain/ids.ts';
import { pattern, tinyDicom } from './tiny-dicom.ts';

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const { signal } = new AbortController();
const nothing = () => Promise.reject(new Error('no scores are asked for'));

export const ROUND = 'review-000000000001' as ReviewId;
export const ROUND_READERS = [
  'reader-000000000001',
  'reader-000000000002',
] as readonly string[] as readonly ReaderId[];

export interface PackedRound {
  /** Of the package. */
  readonly path: string;
  readonly fingerprint: string;
  readonly films: readonly FilmId[];
  readonly versions: number;
}

/** Every film begun and signed by each reader, `steps` versions each, the first one settled. Packed with its films. */
export async function packRound(dir: string, films: number, steps: number): Promise<PackedRound> {
  mkdirSync(join(dir, 'films'), { recursive: true });
  for (let index = 0; index < films; index++) {
    writeFileSync(join(dir, 'films', `${index}.dcm`), tinyDicom({ pixel: pattern(index + 1) }));
  }
  const library = await openLibrary(join(dir, 'site-a'), {
    workerHost: createNodeWorkerHost(),
    clock: Date,
    log: quiet,
    pool: { size: 1 },
  });
  try {
    const source = importSource.parse({ paths: [join(dir, 'films')] });
    const { importId } = await library.service.import(source, { signal });
    for await (const { state } of library.imports.watch(importId as ImportId, signal)) {
      if (state !== 'running') break;
    }
    const ids = library.store.films.names().map(({ id }) => id);
    if (ids.length !== films) throw new Error(`${ids.length} of ${films} films are in`);
    fill(library, ids, steps);
    const { files } = await runExport(
      { library, predict: nothing, score: nothing, clock: Date },
      exportRequest.parse({ what: 'session', reviewId: ROUND, withFilms: true }),
      { folder: join(dir, 'package') },
      { signal, report: () => undefined },
    );
    const { fingerprint } = await library.files.signingKey();
    return { path: files[0]?.path ?? '', fingerprint, films: ids, versions: ids.length * 2 * steps };
  } finally {
    await library.close();
  }
}

function fill({ store }: OpenLibrary, films: readonly FilmId[], steps: number): void {
  const plan = reviewPlan.parse({
    findings: ['Edema'],
    questions: [],
    blinding: 'hidden',
    runId: null,
    timed: false,
    seed: 1,
  });
  for (const [index, id] of ROUND_READERS.entries()) {
    store.readers.add({ id, name: `Reader ${index}`, role: 'adjudicator', pinHash: null, createdAt: 1 });
  }
  store.reviews.begin(
    { id: ROUND, name: 'Round', plan, createdAt: 1 },
    new Map(ROUND_READERS.map((id) => [id, films])),
  );
  let made = 0;
  for (const readerId of ROUND_READERS) {
    for (const filmId of films) {
      for (let step = 1; step <= steps; step++) {
        const id = `reading-${String(++made).padStart(12, '0')}` as ReadingId;
        const said = { answers: {}, marks: [], verdicts: [], keyFrames: [], seconds: null };
        store.reviews.append({
          ...{ id, reviewId: ROUND, readerId, filmId, createdAt: made, after: step - 1 },
          stage: step === steps ? 'read' : 'reading',
          content: { ...said, note: `step ${step}` },
        });
      }
    }
  }
  const [filmId] = films;
  if (filmId === undefined) return;
  store.decisions.append({
    id: 'decision-000000000001' as DecisionId,
    ...{ reviewId: ROUND, filmId, basis: 'accept', reason: 'Seen.', createdAt: 1, after: 0 },
    adjudicator: ROUND_READERS[0] as ReaderId,
    sources: [`reading-${String(steps).padStart(12, '0')}` as ReadingId],
    settled: { findings: [], answers: {}, marks: [], own: { findings: [], answers: [], marks: [] } },
  });
}

/**
 * Whether the session is in. @throws Error when it is there in part, or anything of it twice
 */
export function isMerged({ store }: OpenLibrary, round: PackedRound): boolean {
  const readers = store.readers.all().length;
  if (!store.reviews.all().some(({ id }) => id === ROUND)) {
    if (readers > 0) throw new Error('readers are there without their session');
    return false;
  }
  const versions = ROUND_READERS.flatMap((reader) =>
    round.films.flatMap((film) => store.reviews.versions(ROUND, reader, film)),
  );
  const ids = new Set(versions.map(({ id }) => id));
  const decisions = store.decisions.newest(ROUND);
  const whole =
    readers === ROUND_READERS.length &&
    versions.length === round.versions &&
    ids.size === versions.length &&
    store.sessionMerge.others(ROUND).length === 0 &&
    decisions.size === 1 &&
    round.films.every((film) => store.films.find(film) !== null);
  if (!whole)
    throw new Error(`the session is there in part: ${versions.length} of ${round.versions} versions`);
  return true;
}
