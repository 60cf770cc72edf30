/** @file A report as a file of the library: named by its content, whole or not there, found again by its hash. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { byteRoutes } from '../../../../shared/contract/bytes.ts';
import type { report } from '../../../../shared/contract/evaluation.ts';
import { ServiceError } from '../../../../shared/domain/service-error.ts';
import { sha256Of } from '../../../files/artifacts.ts';
import type { LibraryFiles } from '../../../files/library-files.ts';
import type { z } from 'zod';

const pathOf = ({ reportsDir }: LibraryFiles, sha256: string): string => join(reportsDir, `${sha256}.html`);

/** @throws ServiceError READ_ONLY, DISK_FULL */
export async function writeReport(files: LibraryFiles, page: string): Promise<z.infer<typeof report>> {
  const bytes = new TextEncoder().encode(page);
  const sha256 = sha256Of(bytes);
  const path = pathOf(files, sha256);
  await files.writeAtomic(path, bytes);
  return { href: byteRoutes.report(sha256), path, sha256 };
}

/** @throws ServiceError NOT_FOUND when there is none or it is not what was written */
export async function readReport(files: LibraryFiles, sha256: string): Promise<Uint8Array> {
  const known = /^[0-9a-f]{64}$/.test(sha256);
  const bytes = known ? await readFile(pathOf(files, sha256)).catch(() => null) : null;
  if (bytes !== null && sha256Of(bytes) === sha256) return bytes;
  throw new ServiceError(
    'NOT_FOUND',
    'There is no such report in this library. Make it again on the Evaluate page.',
  );
}
