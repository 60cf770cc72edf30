/** @file Any file that the pixel pipeline reads → the file that may leave, with a name that says nothing. */
import { plainFormat } from '../plain-picture.ts';
import { hasDicomMark } from '../part10.ts';
import { readFilm } from '../film.ts';
import { pixelHash } from '../render.ts';
import type { Action } from './action.ts';
import { deidentifyFilm, type DeidentifyRequest } from './deidentify.ts';
import type { MethodCode } from './options.ts';
import { cleanPicture } from './picture.ts';

export interface CleanFile {
  readonly bytes: Uint8Array;
  /** The patient's code as a folder, and the new UID: `P-0123456789AB/2.25.17.dcm`. */
  readonly path: string;
  readonly methods: readonly MethodCode[];
  /** Empty for a plain picture, which has no header. */
  readonly actions: readonly Action[];
}

/** @throws FilmError as reading the film does; NOT_CLEAN */
export async function cleanFile(bytes: Uint8Array, request: DeidentifyRequest): Promise<CleanFile> {
  if (hasDicomMark(bytes) || plainFormat(bytes) === null) {
    const film = await deidentifyFilm(bytes, request);
    const { methods, actions } = film;
    return { bytes: film.bytes, path: `${film.patientCode}/${film.sopInstanceUid}.dcm`, methods, actions };
  }
  const { pseudonyms, boxes } = request;
  const hash = pixelHash(await readFilm(bytes, ''));
  const code = pseudonyms.patientCode(request.patient ?? JSON.stringify(['film', hash]));
  const png = await cleanPicture(bytes, boxes);
  return { bytes: png, path: `${code}/${pseudonyms.uid(hash)}.png`, methods: [], actions: [] };
}
