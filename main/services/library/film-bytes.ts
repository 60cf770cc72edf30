/** @file A film's bytes and views: stored frames for the viewer, thumbnail, model input, tags. Decoding runs in processes of its own. */
import type { FilmDetail, FilmPreview, Tag, ViewerImage } from '../../../shared/contract/library.ts';
import { byteRoutes } from '../../../shared/contract/bytes.ts';
import type { FilmId } from '../../../shared/domain/ids.ts';
import type { ModalityLut, VoiLut } from '../../../shared/domain/lut.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { LibraryFiles } from '../../files/library-files.ts';
import type { FilmRecord } from '../../store/films.ts';
import type { Store } from '../../store/store.ts';
import type { HeaderFacts, ViewedFrame } from '../import/decode-messages.ts';
import { DecodeFailure, type DecodePool } from '../import/decode-pool.ts';
import { unpackPreview, type Preview } from '../import/preview-file.ts';
import { createModelInput } from '../preprocess/model-input.ts';
import type { Log } from '../service-types.ts';
import { createFrameCache } from './frame-cache.ts';

const TAG_STUDY_DATE = '(0008,0020)';

export interface FilmBytes {
  viewerImage(filmId: FilmId, frame: number): Promise<ViewerImage>;
  /** Stored values of a frame as `viewerImage` describes them. */
  frame(filmId: FilmId, frame: number): Promise<Uint8Array>;
  /** Red, green, blue of a frame of a colour film. @throws ServiceError NOT_FOUND for a film without colour */
  colour(filmId: FilmId, frame: number): Promise<Uint8Array>;
  /** Bits of an overlay plane of a frame. @throws ServiceError NOT_FOUND for a plane that it does not have */
  overlay(filmId: FilmId, frame: number, plane: number): Promise<Uint8Array>;
  /** What is at hand of a large film before it is decoded; null for none. */
  preview(filmId: FilmId): Promise<FilmPreview | null>;
  /** JPEG, long side 1600 px. @throws ServiceError NOT_FOUND for a film without a preview */
  previewPicture(filmId: FilmId): Promise<Uint8Array>;
  /** PNG, long side 160 px. */
  thumbnail(filmId: FilmId): Promise<Uint8Array>;
  /** PNG of what a model sees at `resolution` pixels a side. */
  input(filmId: FilmId, resolution: number): Promise<Uint8Array>;
  /** [224 × 224] grey. */
  modelImage(filmId: FilmId): Promise<Uint8Array>;
  /** Empty for plain pictures, which have none. */
  tags(filmId: FilmId): Promise<Tag[]>;
  /** Shape of its pixels and part of the body; of a film whose file cannot be read square pixels and null. */
  headerFacts(filmId: FilmId): Promise<HeaderFacts>;
  /** YYYY-MM-DD as the film has it; it stands in no table. */
  studyDate(filmId: FilmId): Promise<FilmDetail['studyDate']>;
}

/** Study dates kept in memory: reading one means reading the file. */
const MOST_DATES = 2000;

export function createFilmBytes(store: Store, files: LibraryFiles, pool: DecodePool, log: Log): FilmBytes {
  const cache = createFrameCache();
  const dates = new Map<FilmId, Promise<FilmDetail['studyDate']>>();
  const input = createModelInput(store, files);

  const find = (filmId: FilmId): FilmRecord => {
    const film = store.films.find(filmId);
    if (film === null) throw new ServiceError('NOT_FOUND', 'This film is not in the library.', { filmId });
    return film;
  };
  const source = (film: FilmRecord): { readonly path: string; readonly name: string } => ({
    path: files.artifacts.path(film.originalSha256),
    name: film.name,
  });
  const keptPreview = async (filmId: FilmId): Promise<Preview | null> => {
    find(filmId);
    const file = await files.previews.read(filmId);
    return file === null ? null : unpackPreview(file);
  };
  /** A film that can be shown is shown, also when the disk has no room for its preview. */
  const keepPreview = async (filmId: FilmId, file: Uint8Array): Promise<void> => {
    try {
      await files.previews.write(filmId, file);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      log.warn('a preview could not be kept', { filmId, code: error.code });
    }
  };
  const view = async (filmId: FilmId, frame: number): Promise<ViewedFrame> => {
    const film = find(filmId);
    if (frame >= film.frames) {
      throw new ServiceError('NOT_FOUND', `The film has ${film.frames} frames, counted from 0.`, { frame });
    }
    return await cache.get(`${filmId}/${frame}`, async () => {
      const preview = frame === 0 && !files.readOnly && (await keptPreview(filmId)) === null;
      const task = { kind: 'view', ...source(film), frame, preview } as const;
      const viewed = await readable(filmId, pool.decode(task));
      if (viewed.preview !== null) await keepPreview(filmId, viewed.preview);
      return { ...viewed, preview: null };
    });
  };
  const tags = async (filmId: FilmId): Promise<Tag[]> => {
    const film = find(filmId);
    if (film.format !== 'dicom') return [];
    const rows = await readable(filmId, pool.decode({ kind: 'tags', ...source(film) }));
    return rows.map((row) => ({ ...row }));
  };

  return {
    tags,
    async viewerImage(filmId, frame) {
      return viewerImageOf(filmId, frame, await view(filmId, frame));
    },
    frame: async (filmId, frame) => (await view(filmId, frame)).bytes,
    async colour(filmId, frame) {
      const { colour } = await view(filmId, frame);
      if (colour !== null) return colour;
      throw new ServiceError('NOT_FOUND', 'This film has no colour.', { filmId });
    },
    async overlay(filmId, frame, plane) {
      const found = (await view(filmId, frame)).overlays[plane];
      if (found !== undefined) return found.bits;
      throw new ServiceError('NOT_FOUND', 'This film has no such overlay plane.', { filmId, plane });
    },
    async preview(filmId) {
      const kept = await keptPreview(filmId);
      if (kept === null) return null;
      const place = { filmId, frame: 0, href: byteRoutes.frame(filmId, 0), colour: null, overlays: [] };
      return { image: { ...kept.film, ...place }, href: byteRoutes.preview(filmId) };
    },
    async previewPicture(filmId) {
      const kept = await keptPreview(filmId);
      if (kept !== null) return kept.picture;
      throw new ServiceError('NOT_FOUND', 'This film has no preview.', { filmId });
    },
    thumbnail: (filmId) => files.artifacts.read(find(filmId).thumbnailSha256),
    input: (filmId, resolution) => input.png(filmId, resolution),
    modelImage: (filmId) => input.image(filmId),
    async headerFacts(filmId) {
      const film = find(filmId);
      const { pixelAspect, bodyPart } = film;
      if (pixelAspect !== null) return { pixelAspect, bodyPart };
      // It came in before these were kept.
      const task = { kind: 'facts', path: source(film).path, format: film.format } as const;
      const read = await pool.decode(task).catch((error: unknown) => {
        if (!(error instanceof DecodeFailure)) throw error;
        log.warn('the header of a film could not be read', { filmId, code: error.code });
        return null;
      });
      if (read !== null && !files.readOnly) store.films.setHeader(film.no, read);
      return read ?? { pixelAspect: 1, bodyPart: null };
    },
    studyDate(filmId) {
      const known = dates.get(filmId);
      if (known !== undefined) return known;
      const asked = tags(filmId).then(dateIn);
      const [oldest] = dates.keys();
      if (dates.size >= MOST_DATES && oldest !== undefined) dates.delete(oldest);
      dates.set(filmId, asked);
      asked.catch(() => dates.delete(filmId)); // the next one who asks tries again
      return asked;
    },
  };
}

/** YYYY-MM-DD. */
function dateIn(rows: readonly Tag[]): FilmDetail['studyDate'] {
  const date = rows.find(({ tag, depth }) => tag === TAG_STUDY_DATE && depth === 0)?.value;
  const parts = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(date?.trim() ?? '');
  return parts === null ? null : `${parts[1]}-${parts[2]}-${parts[3]}`;
}

async function readable<Answer>(filmId: FilmId, answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof DecodeFailure)) throw error;
    const why =
      error.code === 'UNREADABLE'
        ? "The library's copy of it is gone or may not be read. Import the film again to restore it."
        : error.message;
    throw new ServiceError('UNREADABLE_FILE', `The film cannot be shown. ${why}`, {
      filmId,
      cause: error.code,
    });
  }
}

function viewerImageOf(filmId: FilmId, frame: number, viewed: ViewedFrame): ViewerImage {
  return {
    filmId,
    frame,
    frames: viewed.frames,
    rows: viewed.rows,
    cols: viewed.cols,
    elementType: viewed.elementType,
    minStored: viewed.minStored,
    maxStored: viewed.maxStored,
    invert: viewed.invert,
    modalityLut: copyModality(viewed.modalityLut),
    voiLuts: viewed.voiLuts.map(copyVoi),
    spacing: viewed.spacing === null ? null : { ...viewed.spacing },
    pixelAspect: viewed.pixelAspect,
    href: byteRoutes.frame(filmId, frame),
    colour:
      viewed.colour === null ? null : { href: byteRoutes.colour(filmId, frame), peak: viewed.colourPeak },
    overlays: viewed.overlays.map(({ rows, cols, left, top, type, label }, plane) => {
      return { rows, cols, left, top, type, label, href: byteRoutes.overlay(filmId, frame, plane) };
    }),
  };
}

type ContractVoi = ViewerImage['voiLuts'][number];
type ContractTable = Extract<ContractVoi, { kind: 'table' }>;

function explained(lut: { readonly explanation?: string | undefined }): { explanation?: string } {
  return lut.explanation === undefined ? {} : { explanation: lut.explanation };
}

function copyTable({ first, bits, entries, ...lut }: Extract<VoiLut, { kind: 'table' }>): ContractTable {
  return { kind: 'table', first, bits, entries: [...entries], ...explained(lut) };
}

function copyModality(lut: ModalityLut): ViewerImage['modalityLut'] {
  return lut.kind === 'rescale' ? { ...lut } : copyTable(lut);
}

function copyVoi(lut: VoiLut): ContractVoi {
  if (lut.kind === 'table') return copyTable(lut);
  return { kind: 'window', center: lut.center, width: lut.width, function: lut.function, ...explained(lut) };
}
