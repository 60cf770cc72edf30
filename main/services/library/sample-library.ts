/** @file The sample library that comes with the app: where it lies and how it is imported. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import { errorCode } from '../../../shared/domain/disk-error.ts';
import { importSource, type ImportSource } from '../../../shared/contract/library.ts';
import { attribution } from '../../../shared/contract/system.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';

export const SAMPLES_DIR = fileURLToPath(new URL('../../../resources/samples/', import.meta.url));

/** @throws ServiceError NOT_FOUND when the sample films are not installed */
export async function sampleSource(dir: string): Promise<ImportSource> {
  const labels = join(dir, 'labels.csv');
  try {
    await readFile(labels);
  } catch (error) {
    throw new ServiceError(
      'NOT_FOUND',
      'The sample films are not part of this installation. Import films of your own.',
      {
        cause: errorCode(error),
      },
    );
  }
  return importSource.parse({ paths: [join(dir, 'images')], labels });
}

/** Sources and licences of the sample films, for the app's licence page. */
export async function sampleAttributions(dir = SAMPLES_DIR): Promise<z.infer<typeof attribution>[]> {
  return z.array(attribution).parse(JSON.parse(await readFile(join(dir, 'attribution.json'), 'utf8')));
}
