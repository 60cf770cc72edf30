/** @file Takes a model from elsewhere into the library, whole or not at all: its signer accepted, its answers compared with the bundle's. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { BundleView, TakenModel } from '../../../../shared/contract/exchange.ts';
import type { RunConfig } from '../../../../shared/contract/training.ts';
import { translateDiskError } from '../../../../shared/domain/disk-error.ts';
import type { RunId } from '../../../../shared/domain/ids.ts';
import { ServiceError } from '../../../../shared/domain/service-error.ts';
import { SPLIT_ELSEWHERE } from '../../../../shared/domain/split-elsewhere.ts';
import { sweep } from '../../../files/leftovers.ts';
import { hashOf } from '../../../files/vault.ts';
import type { OpenLibrary } from '../../library/open-library.ts';
import { isTrusted, trust as trustSigner } from '../../library/trusted-signers.ts';
import { unusedName, waitingProgress } from '../../training/run-views.ts';
import { refuseStranger } from '../package/package-service.ts';
import { checkImages, MOST_APART } from './check-images.ts';
import { COMPANIONS } from './companions.ts';
import { openBundle, type OpenBundle } from './open-bundle.ts';
import { overlapNotes } from './overlap.ts';
import type { Score } from './pack-model.ts';

const FINAL = 'final.safetensors';

/** Checks everything, changes nothing. @throws ServiceError as `openBundle` */
export async function viewBundle(
  library: OpenLibrary,
  path: string,
  passphrase: string | null,
): Promise<BundleView> {
  const opened = await openBundle(path, passphrase, library.files.vault);
  const { signer, card, encrypted, createdAt, app } = opened;
  return {
    card,
    encrypted,
    createdAt,
    app,
    signer: {
      name: signer.name,
      fingerprint: signer.fingerprint,
      isKnown: await isTrusted(library, signer.publicKey),
    },
    isHere: library.store.runs.find(card.model.runId) !== null,
    notes: await overlapNotes(library, card, signer.publicKey),
  };
}

export interface Taking {
  readonly passphrase: string | null;
  /** Fingerprint of a signer that a person compared and accepts from now on. */
  readonly trust: string | null;
  /** Blank = as it was called. */
  readonly name: string;
  readonly now: number;
  readonly score: Score;
}

/**
 * @throws ServiceError as `openBundle`; NOT_ALLOWED the signer is not known here; CONFLICT the model is here; INCOMPATIBLE it answers
 * otherwise here than where it was made
 */
export async function takeModel(library: OpenLibrary, path: string, taking: Taking): Promise<TakenModel> {
  const { store, files } = library;
  files.refuseIfReadOnly();
  const opened = await openBundle(path, taking.passphrase, files.vault);
  const { signer, card } = opened;
  const { runId } = card.model;
  await refuseStranger(library, signer, taking.trust);
  refuseKnown(library, runId);
  await files.ensureSpace(opened.weights.byteLength);
  const bundleSha256 = await hashOf(files.vault, path);
  const staging = join(files.tmpDir, `model-${randomBytes(6).toString('hex')}`);
  const dir = join(files.runsDir, runId);
  let placed = false;
  try {
    await mkdir(staging, { mode: 0o700 });
    await files.vault.write(join(staging, FINAL), opened.weights);
    for (const { kind, bytes } of opened.companions) {
      const file = COMPANIONS.find((rule) => rule.kind === kind)?.file;
      if (file !== undefined) await files.vault.write(join(staging, file), bytes);
    }
    const apart = await largestDifference(opened, join(staging, FINAL), taking.score);
    refuseKnown(library, runId);
    await rm(dir, { recursive: true, force: true }); // of a cut-off import: no row speaks of it
    await rename(staging, dir);
    placed = true;
    const name = keep(library, opened, bundleSha256, taking);
    library.audit.record('import', runId, { what: 'model bundle', signer: signer.fingerprint });
    return {
      runId,
      name,
      check:
        apart === 0
          ? `Asked about ${opened.model.check.images} generated images: it answers as where it was made, to the last bit.`
          : `Asked about ${opened.model.check.images} generated images: its answers differ from those where it was made by ${apart.toExponential(1)} at most, as machines do.`,
      notes: await overlapNotes(library, card, signer.publicKey),
    };
  } catch (error) {
    if (placed && store.runs.find(runId) === null) await sweep(dir);
    throw translateDiskError(error);
  } finally {
    await sweep(staging);
  }
}

function refuseKnown({ store }: OpenLibrary, runId: RunId): void {
  const here = store.runs.find(runId);
  if (here === null) return;
  throw new ServiceError(
    'CONFLICT',
    `This model is in the library already, as “${here.name}”. Nothing was changed; remove it first to take it anew.`,
    { runId },
  );
}

const configOf = ({ model }: OpenBundle): RunConfig => ({
  ...model.config,
  teacherRunId: null,
  splitId: SPLIT_ELSEWHERE,
  init: null,
  labelVersionId: null,
});

/** Of all answers to the generated images. @throws ServiceError INCOMPATIBLE */
async function largestDifference(opened: OpenBundle, weightsPath: string, score: Score): Promise<number> {
  const { check } = opened.model;
  const { weightsSha256 } = opened.card.model;
  const answers = await score(
    { config: configOf(opened), weightsPath, weightsSha256 },
    checkImages(check.images),
  );
  const differences = answers.flatMap(({ t1, t2 }, image) => [
    Math.abs(t2 - (check.t2[image] ?? Number.NaN)),
    ...t1.map((value, index) => Math.abs(value - (check.t1[image]?.[index] ?? Number.NaN))),
  ]);
  const apart = Math.max(...differences);
  if (apart <= MOST_APART) return apart;
  throw new ServiceError(
    'INCOMPATIBLE',
    `The model answers otherwise here than where it was made (by ${apart.toFixed(4)}), so its figures and thresholds do not hold. Nothing was changed; run the doctor (Settings), and ask for the bundle again.`,
    { apart },
  );
}

/** Rows, all or none. @returns the name that the run has here */
function keep(
  { store, ...library }: OpenLibrary,
  opened: OpenBundle,
  bundleSha256: string,
  taking: Taking,
): string {
  const { card, signer, weights } = opened;
  const { runId, weightsSha256 } = card.model;
  const config = configOf(opened);
  const { now } = taking;
  return store.transaction(() => {
    const name = unusedName(
      (taking.name.trim() === '' ? card.model.name : taking.name.trim()).slice(0, 74),
      store.runs.list(),
    );
    store.runs.insertFinished(
      {
        id: runId,
        name,
        config,
        configHash: createHash('sha256').update(`from elsewhere ${runId} ${weightsSha256}`).digest('hex'),
        createdAt: now,
        progress: { ...waitingProgress(config, 0), phase: 'done', epoch: config.recipe.epochs, fraction: 1 },
      },
      now,
    );
    store.runs.putCheckpoint(runId, {
      kind: 'final',
      epoch: config.recipe.epochs,
      step: 0,
      file: FINAL,
      sha256: weightsSha256,
      bytes: weights.byteLength,
      createdAt: now,
    });
    const { publicKey, name: signerName } = signer;
    store.importedModels.add({
      runId,
      bundleSha256,
      signerName,
      signerKey: publicKey,
      card,
      importedAt: now,
    });
    for (const companion of opened.companions) {
      COMPANIONS.find(({ kind }) => kind === companion.kind)?.keep(
        { store, ...library },
        runId,
        companion,
        now,
      );
    }
    trustSigner({ store }, { publicKey, name: signerName, since: now });
    return name;
  });
}
