/** @file Start weights: those of the app, and files imported as immutable artifacts; listed for a model, found again by their id. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

import { z } from 'zod';

import { VIT_VARIANTS, type StartNormalisation, type VitVariant } from '../../../shared/domain/recipe.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { sha256Of } from '../../files/artifacts.ts';
import { sweepNow } from '../../files/leftovers.ts';
import { fingerprintOf } from '../../files/signing-key.ts';
import { importWeights, NORMALISATIONS } from '../../numeric/weights/import-weights.ts';
import { LAYOUTS, type Layout } from '../../numeric/weights/layouts.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import { isTrusted } from '../library/trusted-signers.ts';
import type { Clock } from '../service-types.ts';
import { bundledStarts, findBundled, isBundled, type BundledStart } from './bundled-starts.ts';
import { signerOf } from './weights-signature.ts';

const SETTING = 'starts';
const ARTIFACT_KIND = 'start-weights';
const NOT_STATED = 'not stated';
const ID = /^start-[0-9a-f]{16}$/;

const normalisation = z.object({
  mean: z.array(z.number()).length(3),
  std: z.array(z.number().positive()).length(3),
});

const importedStart = z.object({
  id: z.string().regex(ID),
  title: z.string(),
  licence: z.string(),
  model: z.enum(VIT_VARIANTS),
  layout: z.enum(LAYOUTS),
  sha256: z.string(),
  bytes: z.number().int(),
  /** How the model wants its greys where the person knew better; null = as the file or its layout says. */
  normalisation: normalisation.nullable().default(null),
  /** Who signed the file, SPKI in DER, base64; null = nobody. */
  signedBy: z.string().nullable().default(null),
});
export type ImportedStart = z.infer<typeof importedStart>;

/** What is kept of a choice; null = as the file or its layout says. */
export function chosenNormalisation(choice: StartNormalisation): ImportedStart['normalisation'] {
  if (choice === 'file') return null;
  const { mean, std } = NORMALISATIONS[choice];
  return { mean: [...mean], std: [...std] };
}

/** What a weights file is, as the command line and the list tell it. */
export interface WeightsFacts {
  readonly layout: Layout;
  /** Null for shapes that are none of the three variants. */
  readonly variant: VitVariant | null;
  readonly tensors: number;
  readonly sha256: string;
}

/** Reads and checks a weights file of any layout. @throws WeightsError */
export function describeWeights(bytes: Uint8Array): WeightsFacts {
  const { layout, config, tensors } = importWeights(bytes);
  const { variant } = config;
  return { layout, variant: variant === 'custom' ? null : variant, tensors, sha256: sha256Of(bytes) };
}

/** How a run names imported weights of this content. */
export function startId(sha256: string): string {
  return `start-${sha256.slice(0, 16)}`;
}

function allStarts(library: OpenLibrary): ImportedStart[] {
  return z.array(importedStart).parse(library.store.settings.get(SETTING) ?? []);
}

/** A start as lists show it. */
export interface ListedStart extends Pick<
  ImportedStart,
  'id' | 'title' | 'licence' | 'model' | 'sha256' | 'bytes'
> {
  /** Comes with the app: the same in every library, and cannot be removed. */
  readonly bundled: boolean;
  readonly normalisation: ImportedStart['normalisation'];
  /** Who signed the file; null = nobody. */
  readonly signer: { readonly fingerprint: string; readonly isKnown: boolean } | null;
}

async function signerAsListed(library: OpenLibrary, signedBy: string | null): Promise<ListedStart['signer']> {
  if (signedBy === null) return null;
  return { fingerprint: fingerprintOf(signedBy), isKnown: await isTrusted(library, signedBy) };
}

/** Those of the app and those of this library, in this order. */
export async function listStarts(library: OpenLibrary): Promise<ListedStart[]> {
  const listed = ({ id, title, licence, model, sha256, bytes }: BundledStart | ImportedStart) => ({
    id,
    title,
    licence,
    model,
    sha256,
    bytes,
  });
  return [
    ...bundledStarts().map((start) => ({
      ...listed(start),
      bundled: true,
      normalisation: null,
      signer: null,
    })),
    ...(await Promise.all(
      allStarts(library).map(async (start) => ({
        ...listed(start),
        bundled: false,
        normalisation: start.normalisation,
        signer: await signerAsListed(library, start.signedBy),
      })),
    )),
  ];
}

/** How the model of a start wants its greys where that was said at its import; null = as its file or layout says. */
export function startNormalisation(library: OpenLibrary, init: string): ImportedStart['normalisation'] {
  return allStarts(library).find(({ id }) => id === init)?.normalisation ?? null;
}

/** Runs and studies that name a start, in words. */
function usersOf({ store }: OpenLibrary, id: string): string[] {
  const runs = store.runs.list().filter(({ config }) => config.init === id);
  const studies = store.studies.list().filter(({ plan }) => Object.values(plan.init).includes(id));
  return [...runs, ...studies].map(({ name }) => `"${name}"`);
}

/**
 * Removes an imported start and its file. @throws ServiceError NOT_FOUND, READ_ONLY, CONFLICT for one that comes with the app, and
 * for one that a run or study began with: it could not be resumed or made again
 */
export function removeStart(library: OpenLibrary, id: string): void {
  const { store, files } = library;
  files.refuseIfReadOnly();
  if (isBundled(id)) {
    throw new ServiceError('CONFLICT', 'These start weights come with Chestlight and stay.');
  }
  const start = allStarts(library).find((one) => one.id === id);
  if (start === undefined) throw new ServiceError('NOT_FOUND', `This library has no start weights ${id}.`);
  const users = usersOf(library, id);
  if (users.length > 0) {
    const named = users.slice(0, 3).join(', ');
    const more = users.length > 3 ? ` and ${users.length - 3} more` : '';
    throw new ServiceError(
      'CONFLICT',
      `"${start.title}" is what ${named}${more} began with. Nothing was removed; remove those first.`,
      { users },
    );
  }
  store.transaction(() => {
    store.settings.set(
      SETTING,
      allStarts(library).filter((one) => one.id !== id),
    );
    store.artifacts.remove(start.sha256);
  });
  // Nothing is awaited in between: an import of the same file sees both or neither.
  sweepNow(files.artifacts.path(start.sha256));
}

export interface AboutStart {
  readonly title: string;
  /** Null = nobody said; what was said at an earlier import of the same file stays. */
  readonly licence: string | null;
  readonly normalisation?: ImportedStart['normalisation'];
}

/**
 * Copies a weights file into the library as it is, once. The same file again only changes what is said about it.
 * @throws WeightsError, ServiceError INCOMPATIBLE, UNREADABLE_FILE (changed since it was signed), READ_ONLY, DISK_FULL
 */
export async function importStart(
  library: OpenLibrary,
  clock: Clock,
  file: Uint8Array,
  { title, licence, normalisation = null }: AboutStart,
): Promise<ImportedStart> {
  const { store, files } = library;
  const { variant, layout, sha256 } = describeWeights(file);
  const signedBy = signerOf(file)?.publicKey ?? null;
  if (variant === null) {
    throw new ServiceError(
      'INCOMPATIBLE',
      'These weights are a plain ViT, but neither Tiny nor Small nor Base, so no run can start from them.',
    );
  }
  await files.ensureSpace(file.length);
  for (;;) {
    const { bytes } = await files.artifacts.put(file);
    const start = store.transaction((): ImportedStart | null => {
      // Removed since it was put: it is put once more.
      if (!existsSync(files.artifacts.path(sha256))) return null;
      store.artifacts.add({ sha256, kind: ARTIFACT_KIND, bytes }, clock.now());
      const id = startId(sha256);
      const starts = allStarts(library);
      const said = licence ?? starts.find((one) => one.id === id)?.licence ?? NOT_STATED;
      const own = {
        id,
        title,
        licence: said,
        model: variant,
        layout,
        sha256,
        bytes,
        normalisation,
        signedBy,
      };
      store.settings.set(SETTING, [...starts.filter((one) => one.id !== id), own]);
      return own;
    });
    if (start !== null) return start;
  }
}

/** True for the id of start weights, the app's or imported; a run's start is else a path. */
export function isStartId(init: string): boolean {
  return ID.test(init) || isBundled(init);
}

/** Where the weights lie that a run names as its start: the id of a start, or a file. @throws ServiceError NOT_FOUND */
export function startPath(library: OpenLibrary, init: string): string {
  if (isBundled(init)) return findBundled(init).path;
  if (!isStartId(init)) return resolve(init);
  const start = allStarts(library).find(({ id }) => id === init);
  if (start === undefined) {
    throw new ServiceError(
      'NOT_FOUND',
      `This library has no start weights ${init}. Import the file again or choose another start.`,
    );
  }
  return library.files.artifacts.path(start.sha256);
}

/** A run keeps the id of a start; a file is kept by its whole path, so that a resume elsewhere finds it. */
export function keptInit(init: string): string {
  return isStartId(init) ? init : resolve(init);
}

/** Licence of the weights that a run names as its start. */
export function startLicence(library: OpenLibrary, init: string): string {
  return [...bundledStarts(), ...allStarts(library)].find(({ id }) => id === init)?.licence ?? NOT_STATED;
}
