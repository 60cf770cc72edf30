/** @file A weights file that a window sent: checked, kept as a start of the library, the upload thrown away. */
import { basename, extname, join } from 'node:path';

import type { StartNormalisation } from '../../../shared/domain/recipe.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { confinedSegments } from '../../files/uploads.ts';
import { WeightsError } from '../../numeric/weights/weights-error.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { Clock } from '../service-types.ts';
import { startFile } from './known-wheel.ts';
import { chosenNormalisation, importStart, type ImportedStart } from './start-weights.ts';

/** Files of weights that are not read, by their ending: what they are. */
const OTHER_KINDS: Readonly<Record<string, string>> = {
  '.bin': 'a PyTorch file, which may hold programs as well as numbers',
  '.pt': 'a PyTorch file, which may hold programs as well as numbers',
  '.pth': 'a PyTorch file, which may hold programs as well as numbers',
  '.ckpt': 'a training checkpoint, which may hold programs as well as numbers',
  '.pkl': 'a Python pickle, which may hold programs as well as numbers',
  '.onnx': 'an ONNX model',
  '.h5': 'a Keras file',
  '.npz': 'a NumPy archive',
};

export interface UploadedStart {
  readonly uploadId: string;
  readonly file: string;
  readonly title: string;
  readonly licence: string;
  readonly normalisation: StartNormalisation;
}

/** @throws ServiceError READ_ONLY, NOT_FOUND, INCOMPATIBLE saying what is wrong and what to do, DISK_FULL */
export async function importUploadedStart(
  library: OpenLibrary,
  clock: Clock,
  { uploadId, file, title, licence, normalisation }: UploadedStart,
): Promise<Pick<ImportedStart, 'id' | 'model' | 'layout'>> {
  const { files } = library;
  files.refuseIfReadOnly();
  try {
    const other = OTHER_KINDS[extname(file).toLowerCase()];
    if (other !== undefined) {
      throw new ServiceError(
        'INCOMPATIBLE',
        `${basename(file)} is ${other}. It was not opened. Convert it to safetensors, or fetch the model's .safetensors file.`,
      );
    }
    const folder = await files.uploads.folder(uploadId);
    const bytes = await files.vault.read(join(folder, ...confinedSegments(file))).catch(() => {
      throw new ServiceError('NOT_FOUND', 'The file is not among the uploaded ones. Choose it again.');
    });
    const start = startFile(bytes);
    const about = {
      title: title === '' ? (start.title ?? basename(file, extname(file))) : title,
      licence: start.licence ?? (licence === '' ? null : licence),
      normalisation: chosenNormalisation(normalisation),
    };
    const { id, model, layout } = await importStart(library, clock, start.bytes, about);
    return { id, model, layout };
  } catch (error) {
    if (error instanceof WeightsError) {
      throw new ServiceError('INCOMPATIBLE', `${error.message} Nothing was kept.`);
    }
    throw error;
  } finally {
    await files.uploads.discard(uploadId).catch(() => undefined);
  }
}
