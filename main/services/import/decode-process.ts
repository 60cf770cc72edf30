/** @file Entry of a decoding process (see decode-pool.ts): file → film ready to store, frame to view, or tags. */
import { errorCode } from '../../../shared/domain/disk-error.ts';
import { parentPort } from '../../../shared/worker/parent-port.ts';
import { FilmError } from '../../dicom/film-error.ts';
import { cleanFile } from '../../dicom/deidentify/clean-file.ts';
import { definedTerm } from '../../dicom/deidentify/kept-attributes.ts';
import { createPseudonyms } from '../../dicom/deidentify/pseudonyms.ts';
import { findTextRegions } from '../../dicom/deidentify/text-regions.ts';
import { readFilm, type DecodedFilm } from '../../dicom/film.ts';
import { previewPicture, wantsPreview } from '../../dicom/preview.ts';
import {
  describeFilm,
  displayImage,
  encodePng,
  modelImage,
  pixelHash,
  thumbnail,
} from '../../dicom/render.ts';
import { listTags } from '../../dicom/tag-list.ts';
import { viewerFrame, type ViewerFrame } from '../../dicom/viewer-frame.ts';
import { openVault } from '../../files/sealed-vault.ts';
import type { LibraryVault } from '../../files/vault.ts';
import type {
  DecodeAnswers,
  DecodeReply,
  DecodeRequest,
  DescribedFilm,
  FoundWriting,
  ModelView,
  PreparedFilm,
  ViewedFrame,
} from './decode-messages.ts';
import { factsOf, headerFacts } from './header-facts.ts';
import { guardMemory } from './memory-guard.ts';
import { PIXEL_PIPELINE } from './pipeline-version.ts';
import { packPreview } from './preview-file.ts';

const MAX_FILE_BYTES = 1024 * 1024 * 1024;
const THUMBNAIL_SIDE = 160;

async function readLimited(vault: LibraryVault, path: string): Promise<Uint8Array> {
  const size = await vault.size(path);
  if (size > MAX_FILE_BYTES) {
    throw new FilmError('TOO_LARGE', 'The file is larger than 1 GB; no film is. It was not opened.', {
      size,
    });
  }
  return new Uint8Array(await vault.read(path));
}

async function prepare(bytes: Uint8Array, name: string): Promise<PreparedFilm> {
  const film = await readFilm(bytes, name);
  const { attributes } = film;
  return {
    header: {
      format: film.format,
      // Rows of the database: only words of the standard, as a header may hold anything.
      modality: definedTerm(0x00080060, film.modality),
      transferSyntax: film.transferSyntax,
      photometric: film.photometric,
      rows: film.rows,
      cols: film.cols,
      frames: film.frames,
      bitsStored: film.bitsStored,
      view: definedTerm(0x00185101, attributes.viewPosition),
      sex: attributes.sex,
      ageYears: attributes.ageYears,
      bodyPart: attributes.bodyPart,
      aspect: film.aspect,
    },
    patientId: film.identity.patientId,
    pixelSha256: pixelHash(film),
    model: modelImage(film),
    thumbnail: await thumbnail(film, THUMBNAIL_SIDE),
    preview: wantsPreview(film) ? await preview(film, viewerFrame(film, 0)) : null,
    original: bytes,
    pipeline: PIXEL_PIPELINE,
    warnings: film.warnings.map(({ message }) => message),
  };
}

async function preview(film: DecodedFilm, frame: ViewerFrame): Promise<Uint8Array> {
  return packPreview(frame, film, await previewPicture(film));
}

async function view(
  bytes: Uint8Array,
  name: string,
  frame: number,
  withPreview: boolean,
): Promise<ViewedFrame> {
  const film = await readFilm(bytes, name);
  const viewed = viewerFrame(film, frame);
  const { rows, cols, frames } = film;
  const made = withPreview && frame === 0 && wantsPreview(film) ? await preview(film, viewed) : null;
  return { ...viewed, rows, cols, frames, preview: made };
}

async function writing(bytes: Uint8Array, name: string): Promise<FoundWriting> {
  const film = await readFilm(bytes, name);
  const { rows, cols, frames } = film;
  return { regions: findTextRegions(displayImage(film), rows, cols), rows, cols, frames };
}

async function describe(bytes: Uint8Array, name: string, withPng: boolean): Promise<DescribedFilm> {
  const film = await readFilm(bytes, name);
  const png = withPng ? await encodePng(displayImage(film), film.cols, film.rows) : null;
  return { description: describeFilm(film), png };
}

async function forModel(bytes: Uint8Array, name: string): Promise<ModelView> {
  const film = await readFilm(bytes, name);
  const { modality, attributes, rows, cols, aspect } = film;
  const { bodyPart } = factsOf(attributes.bodyPart, aspect);
  const facts = { modality, bodyPart, view: attributes.viewPosition, rows, cols, aspect };
  return { pixelSha256: pixelHash(film), image: modelImage(film), facts };
}

async function answer({ task, access }: DecodeRequest): Promise<DecodeAnswers[keyof DecodeAnswers]> {
  const bytes = await readLimited(openVault(access), task.path);
  switch (task.kind) {
    case 'prepare':
      return await prepare(bytes, task.name);
    case 'view':
      return await view(bytes, task.name, task.frame, task.preview);
    case 'tags':
      return listTags(bytes);
    case 'facts':
      return headerFacts(bytes, task.format);
    case 'writing':
      return await writing(bytes, task.name);
    case 'describe':
      return await describe(bytes, task.name, task.png);
    case 'model':
      return await forModel(bytes, task.name);
    case 'deidentify':
      return await cleanFile(bytes, { ...task, pseudonyms: createPseudonyms(task.key) });
  }
}

function refusal(job: number, error: unknown): DecodeReply {
  if (error instanceof FilmError) {
    const { code, message, detail } = error;
    return { job, ok: false, code, message, detail };
  }
  const cause = errorCode(error);
  if (cause !== null && /^E[A-Z]+$/.test(cause)) {
    return {
      job,
      ok: false,
      code: 'UNREADABLE',
      message: `The file may not be read (${cause}). Check it and its permissions.`,
    };
  }
  // The stack's first line may name the file; the others name our code only.
  const fault =
    error instanceof Error ? [error.name, ...(error.stack?.split('\n').slice(1, 8) ?? [])].join('\n') : '?';
  const message = 'Reading the file met a fault in the app; the file was left out.';
  return { job, ok: false, code: 'READER_FAULT', message, fault };
}

const port = parentPort();
let guarded = false;

async function work(request: DecodeRequest): Promise<void> {
  const { job } = request;
  let reply: DecodeReply;
  try {
    reply = { job, ok: true, answer: await answer(request) };
  } catch (error) {
    reply = refusal(job, error);
  }
  port.send(reply);
}

port.onMessage((raw) => {
  const request = raw as DecodeRequest;
  if (!guarded) guardMemory(request.maxBytes);
  guarded = true;
  void work(request);
});
