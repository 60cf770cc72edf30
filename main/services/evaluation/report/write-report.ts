/** @file A report as a file of the library: named by its content, whole or not there, found again by its hash. */
import { join } from 'node:path';

import { byteRoutes } from '../../../../shared/contract/bytes.ts';
import type { report } from '../../../../shared/contract/evaluation.ts';
import type { StudyFormat } from '../../../../shared/contract/study-table.ts';
import { ServiceError } from '../../../../shared/domain/service-error.ts';
import { sha256Of } from '../../../files/artifacts.ts';
import type { LibraryFiles } from '../../../files/library-files.ts';
import type { z } from 'zod';

const FILES = {
  html: { ending: 'html', contentType: 'text/html; charset=utf-8' },
  csv: { ending: 'csv', contentType: 'text/csv; charset=utf-8' },
  json: { ending: 'json', contentType: 'application/json' },
  latex: { ending: 'tex', contentType: 'application/x-tex; charset=utf-8' },
} as const satisfies Record<StudyFormat, { ending: string; contentType: string }>;

export interface WrittenReport {
  readonly bytes: Uint8Array;
  readonly contentType: (typeof FILES)[StudyFormat]['contentType'];
}

const pathOf = ({ reportsDir }: LibraryFiles, sha256: string, ending: string): string =>
  join(reportsDir, `${sha256}.${ending}`);

/** What a person can open of a file in the library's folder: nothing where that is encrypted. */
export function openable({ access }: LibraryFiles, path: string): string | null {
  return access === null ? path : null;
}

/** Where a report lies for a person to open it; null where the library is encrypted. */
export function reportPath(files: LibraryFiles, sha256: string, format: StudyFormat = 'html'): string | null {
  return openable(files, pathOf(files, sha256, FILES[format].ending));
}

/** @throws ServiceError READ_ONLY, DISK_FULL */
export async function writeReport(
  files: LibraryFiles,
  text: string,
  format: StudyFormat = 'html',
): Promise<z.infer<typeof report>> {
  const bytes = new TextEncoder().encode(text);
  const sha256 = sha256Of(bytes);
  const path = pathOf(files, sha256, FILES[format].ending);
  await files.writeAtomic(path, bytes);
  return { href: byteRoutes.report(sha256), path: openable(files, path), sha256 };
}

/** @throws ServiceError NOT_FOUND when there is none or it is not what was written */
export async function readReport(files: LibraryFiles, sha256: string): Promise<WrittenReport> {
  const known = /^[0-9a-f]{64}$/.test(sha256);
  for (const { ending, contentType } of known ? Object.values(FILES) : []) {
    const bytes = await files.vault.read(pathOf(files, sha256, ending)).catch(() => null);
    if (bytes !== null && sha256Of(bytes) === sha256) return { bytes, contentType };
  }
  throw new ServiceError(
    'NOT_FOUND',
    'There is no such report in this library. Make it again on the Evaluate page.',
  );
}
