/** @file A run as a bundle: gathered, and after it was written read back, compared bit for bit and asked the same questions. */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { ModelCard } from '../../../../shared/contract/model-card.ts';
import type { FilmId, RunId } from '../../../../shared/domain/ids.ts';
import { ServiceError } from '../../../../shared/domain/service-error.ts';
import { sha256Of } from '../../../files/artifacts.ts';
import { sweep } from '../../../files/leftovers.ts';
import { readVersion } from '../../app-version.ts';
import { finishedRun } from '../../inference/finished-run.ts';
import type { InferenceParts } from '../../inference/inference-service.ts';
import type { OpenLibrary } from '../../library/open-library.ts';
import type { ExportFile } from '../annotation-set.ts';
import { fileInMemory, writeArchive, type PackagedFile } from '../package/write-package.ts';
import { openArchive } from '../package/read-package.ts';
import {
  BUNDLE_VERSION,
  bundledConfig,
  CARD_NAME,
  CARD_PAGE_NAME,
  companionFile,
  MODEL_BUNDLE,
  MODEL_NAME,
  WEIGHTS_NAME,
  type BundledModel,
} from './bundle-format.ts';
import { cardPage } from './card-page.ts';
import { CHECK_IMAGES, checkImages } from './check-images.ts';
import { COMPANIONS, type Companion } from './companions.ts';
import { cardOf } from './gather-card.ts';

export type Score = InferenceParts['scoreAfresh'];
type Answers = Awaited<ReturnType<Score>>;

export interface PackedModel {
  readonly file: ExportFile;
  readonly card: ModelCard;
  readonly contents: readonly PackagedFile[];
  readonly fingerprint: string;
  /** Films of the library that are asked about, and what the run's own weights answer to them and to the generated images. */
  readonly images: readonly Uint8Array[];
  readonly answers: Answers;
  readonly films: number;
}

/** Films of the library that the bundle is asked about before it is called done. */
const FILMS_ASKED = 3;
const json = (value: unknown): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value, null, 1)}\n`);

/** @throws ServiceError NOT_FOUND, CONFLICT without final weights, UNREADABLE_FILE they are not what was stored, ENGINE_UNAVAILABLE */
export async function packModel(
  library: OpenLibrary,
  runId: RunId,
  { passphrase, now, score }: { passphrase: string | null; now: number; score: Score },
): Promise<PackedModel> {
  const { files } = library;
  const finished = finishedRun(library, runId);
  const { run, weightsPath, weightsSha256 } = finished;
  const weights = await files.vault.read(weightsPath).catch(() => null);
  if (weights === null || sha256Of(weights) !== weightsSha256) {
    throw new ServiceError(
      'UNREADABLE_FILE',
      `The weights of "${run.name}" are missing or not what was stored. Nothing was written; train the run again.`,
      { runId },
    );
  }
  const films = someFilms(library, runId);
  const shown = await Promise.all(films.map((id) => library.filmBytes.modelImage(id)));
  const images = [...checkImages(CHECK_IMAGES), ...shown];
  const answers = await score({ config: run.config, weightsPath, weightsSha256 }, images);
  const companions: Companion[] = [];
  for (const rule of COMPANIONS) {
    const companion = await rule.gather(library, runId);
    if (companion !== null) companions.push(companion);
  }
  const { teacherRunId: _t, splitId: _s, init: _i, labelVersionId: _l, ...config } = run.config;
  const model: BundledModel = {
    version: BUNDLE_VERSION,
    config: bundledConfig.parse(config),
    check: {
      images: CHECK_IMAGES,
      t1: answers.slice(0, CHECK_IMAGES).map(({ t1 }) => [...t1]),
      t2: answers.slice(0, CHECK_IMAGES).map(({ t2 }) => t2),
    },
    companions: companions.map(({ kind, row }) => ({ kind, row })),
  };
  const card = await cardOf(library, runId);
  const contents = [
    fileInMemory(MODEL_NAME, json(model)),
    fileInMemory(CARD_NAME, json(card)),
    fileInMemory(CARD_PAGE_NAME, new TextEncoder().encode(cardPage(card))),
    fileInMemory(WEIGHTS_NAME, new Uint8Array(weights)),
    ...companions.map(({ kind, bytes }) => fileInMemory(companionFile(kind), bytes)),
  ];
  const signer = await files.signingKey();
  const about = { signerName: files.name, app: await readVersion(), createdAt: now };
  return {
    file: {
      name: fileNameOf(run.name),
      bytes: writeArchive({ ...about, kind: MODEL_BUNDLE, files: contents }, signer, passphrase),
    },
    card,
    contents,
    fingerprint: signer.fingerprint,
    images,
    answers,
    films: films.length,
  };
}

/** Test films first, which the model has not learned from. */
function someFilms({ store }: OpenLibrary, runId: RunId): readonly FilmId[] {
  const films = store.splits.dataset(store.runs.get(runId).splitId, []);
  const test = films.filter(({ part }) => part === 'test');
  return (test.length > 0 ? test : films).slice(0, FILMS_ASKED).map(({ filmId }) => filmId);
}

function fileNameOf(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  return `${plain === '' ? 'model' : plain}.model.chestlight`;
}

/** Why a written bundle is not what was meant; null = it is. */
export async function bundleProblem(
  { store, files }: OpenLibrary,
  path: string,
  packed: PackedModel,
  { passphrase, score }: { passphrase: string | null; score: Score },
): Promise<string | null> {
  const opened = await openArchive(path, passphrase, MODEL_BUNDLE, files.vault);
  const folder = join(files.tmpDir, `bundle-${randomBytes(6).toString('hex')}`);
  try {
    const names = opened.manifest.files.map(({ name }) => name);
    if (names.join() !== packed.contents.map(({ name }) => name).join()) return 'files are missing in it';
    for (const content of packed.contents) {
      const read = Buffer.from(await opened.file(content.name));
      if (!read.equals(await content.read())) return `${content.name} in it is not what was packed`;
    }
    await mkdir(folder, { mode: 0o700 });
    const weightsPath = join(folder, WEIGHTS_NAME);
    await files.vault.write(weightsPath, await opened.file(WEIGHTS_NAME));
    const { config } = store.runs.get(packed.card.model.runId);
    const { weightsSha256 } = packed.card.model;
    const answers = await score({ config, weightsPath, weightsSha256 }, packed.images);
    return JSON.stringify(answers) === JSON.stringify(packed.answers)
      ? null
      : 'the model in it answers something else than the run';
  } finally {
    await sweep(folder);
  }
}
