/** @file Start weights that come with the app, the same in every library: what they are, whose they are, where they lie. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import { attribution } from '../../../shared/contract/system.ts';
import { VIT_VARIANTS } from '../../../shared/domain/recipe.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { sha256Of } from '../../files/artifacts.ts';

export const WEIGHTS_DIR = fileURLToPath(new URL('../../../resources/weights/', import.meta.url));

const ID = /^bundled-[a-z0-9-]+$/;

const bundledStart = z.object({
  id: z.string().regex(ID),
  title: z.string(),
  licence: z.string(),
  model: z.enum(VIT_VARIANTS),
  file: z.string().regex(/^[\w.-]+\.safetensors$/),
  sha256: z.string().length(64),
  bytes: z.number().int(),
  /** For the page of licences. */
  attributions: z.array(attribution),
});
export type BundledStart = z.infer<typeof bundledStart>;

/** What a run is named to start from is one of these. */
export function isBundled(init: string): boolean {
  return ID.test(init);
}

export function bundledStarts(dir = WEIGHTS_DIR): readonly BundledStart[] {
  return z.array(bundledStart).parse(JSON.parse(readFileSync(join(dir, 'index.json'), 'utf8')));
}

/** The file of a start, whole as it was delivered. @throws ServiceError NOT_FOUND, UNREADABLE_FILE */
export function findBundled(id: string, dir = WEIGHTS_DIR): BundledStart & { readonly path: string } {
  const start = bundledStarts(dir).find((one) => one.id === id);
  if (start === undefined) {
    throw new ServiceError(
      'NOT_FOUND',
      `This version of Chestlight comes without the start weights ${id}. Choose another start.`,
    );
  }
  const path = join(dir, start.file);
  if (sha256Of(readFileSync(path)) !== start.sha256) {
    throw new ServiceError(
      'UNREADABLE_FILE',
      `The start weights "${start.title}" that came with Chestlight are damaged on this computer. Nothing was started. Install Chestlight again, or choose another start.`,
    );
  }
  return { ...start, path };
}
