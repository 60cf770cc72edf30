/** @file Which film of the library a file means: by id, SHA-256 of pixels or file, SOP instance UID, or a name that only one film has. */
import type { OpenLibrary } from '../../library/open-library.ts';
import { readSopInstanceUid } from '../../../dicom/objects/film-reference.ts';
import type { FilmKeys } from '../../../store/outside-scores.ts';
import { stemOf } from '../../import/label-index.ts';

/** UIDs are digits and dots: PS3.5 section 9.1. */
const UID = /^[0-9]+(\.[0-9]+){2,}$/;

export type FilmFinder = (named: string) => FilmKeys | null;

/** Headers are read only where a row names a UID: UIDs of films stand in no table. */
export async function filmFinder(
  { store, files }: OpenLibrary,
  named: readonly string[],
  signal: AbortSignal,
): Promise<FilmFinder> {
  const films = store.outsideScores.films();
  const keys = new Map<string, FilmKeys | null>();
  /** null = several films have it. */
  const add = (key: string, film: FilmKeys): void =>
    void keys.set(key, keys.has(key) && keys.get(key) !== film ? null : film);
  for (const film of films) {
    for (const key of [film.id, film.pixelSha256, film.originalSha256]) add(key, film);
    add(`name ${stemOf(film.name)}`, film);
  }
  if (named.some((name) => UID.test(name))) {
    for (const film of films) {
      signal.throwIfAborted();
      const uid = film.format === 'dicom' ? await uidOf(files, film) : null;
      if (uid !== null) add(`uid ${uid}`, film);
    }
  }
  return (name) => keys.get(name) ?? keys.get(`uid ${name}`) ?? keys.get(`name ${stemOf(name)}`) ?? null;
}

async function uidOf({ artifacts }: OpenLibrary['files'], film: FilmKeys): Promise<string | null> {
  try {
    return readSopInstanceUid(await artifacts.read(film.originalSha256));
  } catch {
    return null; // a film that cannot be read is not the one that is meant
  }
}
