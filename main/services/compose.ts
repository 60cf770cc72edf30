/** @file Opens the whole app on one library: every service, wired once. Hosts and the demo start here. */
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { ServiceError } from '../../shared/domain/service-error.ts';
import { idOf, unlockTyped } from '../files/key-slots.ts';
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
import { createEncryptionService, type Reopen } from './encryption/encryption-service.ts';
import type { KeptKeys } from './encryption/kept-keys.ts';
import { createEvaluationService, type EvaluationParts } from './evaluation/evaluation-service.ts';
import { createExchangeService, type ExchangeParts } from './exchange/exchange-service.ts';
import { readFigure } from './inference/figure/figure.ts';
import { createInferenceService, type InferenceParts } from './inference/inference-service.ts';
import { openLibrary, type OpenLibrary } from './library/open-library.ts';
import { readKeyFile } from './library/encryption.ts';
import { openReopening } from './reopening.ts';
import { shutApp } from './shut-app.ts';
import { createLockService, lockedBytes } from './lock/lock-service.ts';
import type { Clock, Log, WorkerHost } from './service-types.ts';
import { createReadersService } from './review/readers-service.ts';
import {
  blindedEvaluation,
  blindedExchange,
  blindedInference,
  createModelBlinding,
  type ModelBlinding,
} from './review/model-blinding.ts';
import { createReviewService } from './review/review-service.ts';
import { createSignIn } from './review/sign-in.ts';
import { createSampleService } from './sample/sample-service.ts';
import { createStudiesService, type StudiesParts } from './studies/studies-service.ts';
import { supportBundle } from './system/support-bundle.ts';
import { createSystemService, type UpdateOptions } from './system/system-service.ts';
import { updatesFolder } from './update/keep-update.ts';
import { ownUpdateKeys } from './update/update-keys.ts';
import type { TrainingEngine } from './training/machine.ts';
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
  /** Passphrase or recovery key of an encrypted library, as it was typed. */
  readonly secret?: string | null;
  /** Instead of that: its key, of who has had it before. */
  readonly key?: Uint8Array | null;
  /** Keeps keys of libraries where a person wants that; absent where the host has no key store. */
  readonly keptKeys?: KeptKeys | undefined;
  /** Closes the app and opens it with another key; absent where nobody can (verbs). */
  readonly reopen?: Reopen;
  /** Told how far the encryption of the library's files is while that is changed. */
  readonly onConvert?: (done: number, total: number) => void;
  /** Only look: nothing is queued, trained or kept. */
  readonly readOnly?: boolean;
  /** False: runs that waited and a study that was at work when the library was closed wait until they are asked for. */
  readonly goOn?: boolean;
  /** Id of a copy of the database to go back to. */
  readonly goBackTo?: string | null;
  /** Closes the app and opens it on a copy of its database; absent where nobody can (verbs). */
  readonly goBack?: (copyId: string) => Promise<void>;
  /** A person is to look at it: measures how fast this machine trains when first asked what a run costs, and has the newest model ready. */
  readonly forWindow?: boolean;
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
  blinding: ModelBlinding,
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
    attention: async (runId, filmId, query) => {
      blinding.refuse(filmId, null);
      return answer(await inference.attentionPng(runId, filmId, query), 'image/png', 'ask again');
    },
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
    workerHost,
    readOnly: options.readOnly ?? false,
    goBackTo: options.goBackTo ?? null,
    secret: options.secret ?? null,
    key: options.key ?? null,
    ...(options.onConvert !== undefined && { onConvert: options.onConvert }),
  });
  const { audit } = library;
  const predictor = createInferenceService({ library, workerHost, clock, log });
  const inference = { ...predictor, service: auditedInference(predictor.service, audit) };
  const { predict } = predictor.service; // films that the app itself looks at are no one's reading
  const signIn = createSignIn(library.store, audit, clock);
  const blinding = createModelBlinding(library, signIn);
  const evaluator = createEvaluationService({
    ...{ library, predict, clock, log, signIn },
    tellRun: (id) => trainer.tell(id),
  });
  const evaluation = { ...evaluator, service: auditedEvaluation(evaluator.service, audit) };
  let engineInfo: Promise<TrainingEngine> | null = null;
  const engine = (): Promise<TrainingEngine> => (engineInfo ??= startEngine());
  const startEngine = async (): Promise<TrainingEngine> => {
    const info = await inference.engineInfo();
    if (options.forWindow === true) {
      void inference
        .warmUp()
        .catch((error: unknown) => log.warn('no model could be made ready', { error: String(error) }));
    }
    return info;
  };
  const rates = options.forWindow === true ? createMachineRates({ library, log }) : undefined;
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
    blinding,
    clock,
    log,
    signIn,
    tellRun: trainer.tell,
  });
  const exchange = { ...exporter, service: auditedExchange(exporter.service, audit) };
  const copies = createCopiesService(library, signIn, options.goBack);
  const deidentifier = createDeidentifyService({ library, clock, log });
  const every = options.statusEveryMs ?? STATUS_EVERY_MS;
  const system = createSystemService({
    library,
    clock,
    sample: sample.service,
    studies,
    writing: [exporter, deidentifier],
    training: trainer,
    engine,
    host: options.host,
    signIn,
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
      evaluation: blindedEvaluation(evaluation.service, blinding),
      sample: sample.service,
      studies: studies.service,
      readers,
      review,
      inference: blindedInference(inference.service, blinding),
      exchange: blindedExchange(exchange.service, blinding),
      copies,
      deidentify: deidentifier.service,
      encryption: createEncryptionService({
        ...{ library, signIn, clock },
        reopen: options.reopen,
        keptKeys: options.keptKeys,
      }),
      audit: createAuditService(library, clock),
      lock: lock.service,
      system,
    },
    bytes: lockedBytes(
      auditedBytes(byteSources(library, evaluation, inference, exchange, blinding), audit),
      lock,
    ),
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

/**
 * The app of a host: it can go back to a copy of its database, and change its encryption, while its windows stay. One of an encrypted
 * library opens without a passphrase too, and waits for it. @throws as openParts
 */
export async function openApp({ secret = null, ...options }: AppOptions): Promise<App> {
  const dir = resolve(options.libraryDir);
  const file = readKeyFile(dir);
  const kept = async (id: string) => (await options.keptKeys?.read(id)) ?? null;
  const first =
    file === null ? null : secret === null ? await kept(idOf(file)) : await unlockTyped(file, secret);
  let converting: { readonly done: number; readonly total: number } | null = null;
  const onConvert = (done: number, total: number): void => void (converting = { done, total });
  const reopening = await openReopening(async ({ goBackTo, key }, change) => {
    if (key === null && readKeyFile(dir) !== null) return shutApp(dir, change);
    try {
      const goBack = (copyId: string) => change(() => Promise.resolve({ goBackTo: copyId }));
      return (await openParts({ ...options, goBackTo, key, goBack, reopen: change, onConvert })).app;
    } finally {
      converting = null;
    }
  }, first);
  const { encryption } = reopening.services;
  return {
    ...reopening,
    services: {
      ...reopening.services,
      encryption: {
        ...encryption,
        // Asked while everything else waits.
        status: (input, context) =>
          reopening.isSwapping()
            ? {
                shut: false,
                encrypted: true,
                keyStore: 'none',
                recoveryKept: true,
                converting: converting ?? { done: 0, total: 0 },
              }
            : encryption.status(input, context),
      },
    },
  };
}
