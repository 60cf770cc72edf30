/**
 * @file Films of the library without their patients, into one folder: written beside their place, moved there when all are done.
 * A film that cannot be de-identified is left out and named; a run that is cut off leaves nothing.
 */
import { mkdir, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { DeidentifyRequest, DeidentifyResult } from '../../../shared/contract/deidentify.ts';
import { translateDiskError } from '../../../shared/domain/disk-error.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { CleanFile } from '../../dicom/deidentify/clean-file.ts';
import { TEMP_SUFFIX, writeFileAtomic } from '../../files/atomic-write.ts';
import { realDisk, type Disk } from '../../files/disk.ts';
import { sweep } from '../../files/leftovers.ts';
import { DecodeFailure } from '../import/decode-pool.ts';

type Asked = DeidentifyRequest['films'][number];

export interface FilmsToWrite {
  readonly films: readonly Asked[];
  /** Absolute path of the folder to make; it must not be there. */
  readonly target: string;
  readonly signal: AbortSignal;
  readonly disk?: Disk;
  readonly clean: (film: Asked) => Promise<CleanFile>;
  readonly report: (done: number, total: number) => void;
  /** Called for each film that is in the folder, before that is in place. */
  readonly written: (film: Asked, file: CleanFile) => void;
}

/** The name of a file is made of the new UID, and whoever receives two films of one UID keeps one. */
export const SAME_UID = {
  code: 'SAME_UID',
  message:
    'Another of these films has the same SOP Instance UID, and was written. Write this one into a folder of its own.',
};

/** @throws ServiceError DISK_FULL, READ_ONLY, NOT_FOUND; the signal's reason when it aborts. Then nothing is left. */
export async function writeFilms(job: FilmsToWrite): Promise<DeidentifyResult> {
  const { films, target, signal, disk = realDisk } = job;
  const staging = `${target}${TEMP_SUFFIX}`;
  const left: DeidentifyResult['left'] = [];
  const done: { readonly film: Asked; readonly file: CleanFile }[] = [];
  const patients = new Set<string>();
  const taken = new Set<string>();
  let bytes = 0;
  try {
    await mkdir(staging, { mode: 0o700 });
    for (const [index, film] of films.entries()) {
      signal.throwIfAborted();
      try {
        const file = await job.clean(film);
        if (taken.has(file.path)) {
          left.push({ filmId: film.filmId, ...SAME_UID });
          continue;
        }
        taken.add(file.path);
        const path = join(staging, ...file.path.split('/'));
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        await writeFileAtomic(path, file.bytes, { disk });
        await checkOnDisk(path, file.bytes);
        patients.add(dirname(file.path));
        bytes += file.bytes.length;
        done.push({ film, file: { ...file, bytes: new Uint8Array(0), actions: [] } });
      } catch (error) {
        if (!(error instanceof DecodeFailure) || error.code === 'CLOSED') throw error;
        left.push({ filmId: film.filmId, code: error.code, message: error.message });
      } finally {
        job.report(index + 1, films.length);
      }
    }
    signal.throwIfAborted();
    if (done.length === 0) {
      throw new ServiceError('UNREADABLE_FILE', `No film could be de-identified. ${left[0]?.message ?? ''}`, {
        left,
      });
    }
    // What leaves is in the trail before it can be taken.
    for (const { film, file } of done) job.written(film, file);
    await rename(staging, target);
    return { folder: target, films: done.length, patients: patients.size, bytes, left };
  } catch (error) {
    await sweep(staging);
    throw signal.aborted ? error : translateDiskError(error);
  }
}

/** What was checked is what lies on the disk. @throws ServiceError UNREADABLE_FILE */
async function checkOnDisk(path: string, bytes: Uint8Array): Promise<void> {
  if ((await readFile(path)).equals(bytes)) return;
  throw new ServiceError(
    'UNREADABLE_FILE',
    'A de-identified film was read back from the disk and is not what was written. All of them were thrown away and the library is as it was; check the disk and try again.',
  );
}
