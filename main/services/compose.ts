/** @file Opens the whole app on one library: every service, wired once. Hosts and the demo start here. */
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { ServiceError } from '../../shared/domain/service-error.ts';
import { createAnnotationsService } from './annotations/annotations-service.ts';
import type { App, ByteAnswer, ByteSources } from './app.ts';
import { createAuditService } from './audit/audit-service.ts';
import {
  auditedBytes,
  auditedEvaluation,
  auditedExchange,
  auditedInference,
  auditedStudies,
  auditedTraining,
} from './audit/audited.ts';
import { createCopiesService } from './copies/copies-service.ts';
import { createDeidentifyService } from './deidentify/deidentify-service.ts';
import { createEvaluationService, type EvaluationParts } from './evaluation/evaluation-service.ts';
import { createExchangeService, type ExchangeParts } from './exchange/exchange-service.ts';
import { readFigure } from './inference/figure/figure.ts';
import { createInferenceService, type InferenceParts } from './inference/inference-service.ts';
import { openLibrary, type OpenLibrary } from './library/open-library.ts';
import { openReopening } from './reopening.ts';
import { createLockService, lockedBytes } from './lock/lock-service.ts';
import type { Clock, Log, WorkerHost } from './service-types.ts';
import { createReadersService } from './review/readers-service.ts';
import { createReviewService } from './review/review-service.ts';
import { createSignIn } from './review/sign-in.ts';
import { createSampleService } from './sample/sample-service.ts';
import { createStudiesService, type StudiesParts } from './studies/studies-service.ts';
import { supportBundle } from './system/support-bundle.ts';
import { createSystemService, type EngineInfo, type UpdateOptions } from './system/system-service.ts';
import { updatesFolder } from './update/keep-update.ts';
import { ownUpdateKeys } from './update/update-keys.ts';
import { createMachineRates } from './training/machine-rate.ts';
import { signedRunWeights } from './training/run-weights.ts';
import { createTrainingService, type TrainingParts } from './training/training-service.ts';

export interface AppOptions {
  readonly libraryDir: string;
  readonly host: 'electron' | 'browser';
  readonly workerHost: WorkerHost;
  readonly log: Log;
  readonly clock: Clock;
  /** Default: the keys of this build, the data folder. */
  readonly updates?: UpdateOptions;
  /** Only look: nothing is queued, trained or kept. */
  readonly readOnly?: boolean;
  /** False: runs that waited and a study that was at work when the library was closed wait until they are asked for. */
  readonly goOn?: boolean;
  /** Id of a copy of the database to go back to. */
  readonly goBackTo?: string | null;
  /** Closes the app and opens it on a copy of its database; absent where nobody can (verbs). */
  readonly goBack?: (copyId: string) => Promise<void>;
  /** Measures how fast this machine trains when a window first asks what a run costs. */
  readonly measures?: boolean;
  /** How often the status is looked at, in ms. */
  readonly statusEveryMs?: number;
}

const STATUS_EVERY_MS = 500;

function answer(
  bytes: Uint8Array,
  contentType: ByteAnswer['contentType'],
  keep: ByteAnswer['keep'],
): ByteAnswer {
  return { bytes, contentType, keep };
}

function byteSources(
  library: OpenLibrary,
  evaluation: EvaluationParts,
  inference: InferenceParts,
  exchange: ExchangeParts,
): ByteSources {
  const { filmBytes, files } = library;
  return {
    support: async () => answer(await supportBundle(library), 'application/zip', 'never'),
    frame: async (filmId, frame) =>
      answer(await filmBytes.frame(filmId, frame), 'application/octet-stream', 'never'),
    colour: async (filmId, frame) =>
      answer(await filmBytes.colour(filmId, frame), 'application/octet-stream', 'never'),
    overlay: async (filmId, frame, plane) =>
      answer(await filmBytes.overlay(filmId, frame, plane), 'application/octet-stream', 'never'),
    thumbnail: async (filmId) => answer(await filmBytes.thumbnail(filmId), 'image/png', 'for good'),
    preview: async (filmId) => answer(await filmBytes.previewPicture(filmId), 'image/jpeg', 'never'),
    input: async (filmId, resolution) =>
      answer(await filmBytes.input(filmId, resolution), 'image/png', 'for good'),
    firstBatch: async (runId) => {
      const path = join(files.runsDir, runId, 'first-batch.png');
      const bytes = await files.vault.read(path).catch(() => {
        throw new ServiceError('NOT_FOUND', 'This run has no picture of its first batch.');
      });
      return answer(bytes, 'image/png', 'ask again');
    },
    weights: async (runId, layout) =>
      answer((await signedRunWeights(library, runId, layout)).bytes, 'application/octet-stream', 'ask again'),
    attention: async (runId, filmId, query) =>
      answer(await inference.attentionPng(runId, filmId, query), 'image/png', 'ask again'),
    report: async (sha256) => ({ ...(await evaluation.reportBytes(sha256)), keep: 'for good' }),
    figure: async (sha256, format) =>
      answer(
        await readFigure(files, sha256, format),
        format === 'pdf' ? 'application/pdf' : 'image/png',
        'for good',
      ),
    export: async (exportId, name) =>
      answer(await exchange.exportBytes(exportId, name), 'application/octet-stream', 'never'),
    upload: async (uploadId, relativePath, body, declaredBytes) => {
      await files.uploads.save(uploadId, relativePath, body, declaredBytes);
    },
  };
}

/** The opened app with the parts behind its services, for programs without a window. */
export interface AppParts {
  readonly app: App;
  readonly library: OpenLibrary;
  readonly training: TrainingParts;
  readonly inference: InferenceParts;
  readonly evaluation: EvaluationParts;
  readonly studies: StudiesParts;
  readonly exchange: ExchangeParts;
}

/** @throws ServiceError NEWER_LIBRARY, CORRUPT_LIBRARY, DISK_FULL */
export async function openParts(options: AppOptions): Promise<AppParts> {
  const { log, clock, workerHost, goOn = true } = options;
  const library = await openLibrary(options.libraryDir, {
    clock,
    log,
    readOnly: options.readOnly ?? false,
    goBackTo: options.goBackTo ?? null,
  });
  const { audit } = library;
  const predictor = createInferenceService({ library, workerHost, clock, log });
  const inference = { ...predictor, service: auditedInference(predictor.service, audit) };
  const { predict } = predictor.service; // films that the app itself looks at are no one's reading
  const signIn = createSignIn(library.store, audit, clock);
  const evaluator = createEvaluationService({
    ...{ library, predict, clock, log, signIn },
    tellRun: (id) => trainer.tell(id),
  });
  const evaluation = { ...evaluator, service: auditedEvaluation(evaluator.service, audit) };
  let engineInfo: Promise<EngineInfo> | null = null;
  const engine = (): Promise<EngineInfo> => (engineInfo ??= inference.engineInfo());
  const rates = options.measures === true ? createMachineRates({ library, log }) : undefined;
  const trainer = createTrainingService({
    library,
    rates,
    workerHost,
    engine,
    clock,
    log,
    onFinished: (runId) => evaluation.evaluateRun(runId),
    goOn,
  });
  const training = { ...trainer, service: auditedTraining(trainer.service, audit) };
  const sample = createSampleService({ library, training, evaluation, inference, clock, log });
  const conductor = createStudiesService({
    library,
    training,
    engine,
    clock,
    log,
    goOn,
  });
  const studies = { ...conductor, service: auditedStudies(conductor.service, audit) };
  const lock = createLockService(library, signIn);
  const readers = createReadersService(library, signIn, clock);
  const review = createReviewService({ library, clock, signIn, predict: inference.service.predict });
  const exporter = createExchangeService({
    library,
    predict: inference.service.predict,
    score: predictor.scoreAfresh,
    clock,
    log,
    signIn,
    tellRun: trainer.tell,
  });
  const exchange = { ...exporter, service: auditedExchange(exporter.service, audit) };
  const copies = createCopiesService(library, options.goBack);
  const deidentifier = createDeidentifyService({ library, clock, log });
  const every = options.statusEveryMs ?? STATUS_EVERY_MS;
  const system = createSystemService({
    library,
    clock,
    sample: sample.service,
    studies,
    training: trainer,
    engine,
    host: options.host,
    updates: options.updates ?? { keys: ownUpdateKeys(), folder: updatesFolder() },
    tick: (signal) => wait(every, undefined, { signal, ref: false }).catch(() => undefined),
  });
  let closing: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    rates?.close();
    await exchange.close();
    await deidentifier.close();
    await sample.close();
    const studiesEnd = studies.close();
    await training.close();
    await studiesEnd;
    await inference.close();
    await library.close();
  };
  const app: App = {
    services: {
      library: library.service,
      annotations: createAnnotationsService(library, clock),
      training: training.service,
      evaluation: evaluation.service,
      sample: sample.service,
      studies: studies.service,
      readers,
      review,
      inference: inference.service,
      exchange: exchange.service,
      copies,
      deidentify: deidentifier.service,
      audit: createAuditService(library, clock),
      lock: lock.service,
      system,
    },
    bytes: lockedBytes(auditedBytes(byteSources(library, evaluation, inference, exchange), audit), lock),
    isBusy: () =>
      exchange.isBusy() ||
      deidentifier.isBusy() ||
      library.imports.isBusy() ||
      training.isBusy() ||
      sample.isBusy() ||
      studies.isBusy(),
    close: () => (closing ??= close()),
  };
  return { app, library, training, inference, evaluation, studies, exchange };
}

/** The app of a host: it can go back to a copy of its database while its windows stay. @throws as openParts */
export async function openApp(options: AppOptions): Promise<App> {
  return await openReopening(async (goBackTo, goBack) => {
    return (await openParts({ ...options, goBackTo, goBack })).app;
  });
}
