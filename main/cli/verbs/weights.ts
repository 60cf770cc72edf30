/** @file `weights verify|import FILE`, `weights export RUN OUT`: safetensors in and out, checked, never half written. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';

import { z } from 'zod';

import type { RunId } from '../../../shared/domain/ids.ts';
import { START_NORMALISATIONS } from '../../../shared/domain/recipe.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { writeFileAtomic } from '../../files/atomic-write.ts';
import { LAYOUTS, type Layout } from '../../numeric/weights/layouts.ts';
import { WeightsError } from '../../numeric/weights/weights-error.ts';
import { startFile, type StartFile } from '../../services/training/known-wheel.ts';
import { signedRunWeights } from '../../services/training/run-weights.ts';
import {
  chosenNormalisation,
  describeWeights,
  importStart,
  listStarts,
  type ListedStart,
  removeStart,
  type ImportedStart,
  type WeightsFacts,
} from '../../services/training/start-weights.ts';
import { signerOf } from '../../services/training/weights-signature.ts';
import { columns } from '../columns.ts';
import { LIBRARY_OPTION, withLibrary } from '../library-option.ts';
import { refuseInEncrypted, refuseUnlessWritable, tellPlain } from '../out-file.ts';
import { Refusal, type Verb, type VerbArguments, type VerbResult } from '../verb.ts';

const USAGE = [
  'weights verify FILE',
  'weights import FILE [--library DIR] [--title TEXT] [--licence TEXT] [--normalisation file|half|imagenet]',
  'weights list [--library DIR]',
  'weights remove START [--library DIR]',
  'weights export RUN OUT --layout hf|timm|app [--library DIR] [--force]',
];

type Options = VerbArguments['options'];

const text = (value: string | boolean | undefined): string | null =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : null;

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new Refusal('UNREADABLE_FILE', `${file} could not be read: ${(error as Error).message}`, { file });
  }
}

function unpacked(bytes: Uint8Array, file: string): StartFile {
  try {
    return startFile(bytes);
  } catch (error) {
    if (error instanceof WeightsError) throw new Refusal(error.code, error.message, { file });
    throw error;
  }
}

function described(bytes: Uint8Array, file: string): WeightsFacts & { readonly signer: string | null } {
  try {
    return { ...describeWeights(bytes), signer: signerOf(bytes)?.fingerprint ?? null };
  } catch (error) {
    if (error instanceof WeightsError || error instanceof ServiceError)
      throw new Refusal(error.code, error.message, { file });
    throw error;
  }
}

function result(json: Readonly<Record<string, unknown>>): VerbResult {
  const lines = Object.entries(json).map(([name, value]) => `${name}: ${String(value)}`);
  return { json, text: lines.join('\n') };
}

/** With a library named, the file becomes a start of it: `train --init ID`. */
async function importFile(file: string, options: Options): Promise<VerbResult> {
  const { bytes, licence, title } = unpacked(await readBytes(file), file);
  const facts = described(bytes, file);
  if (options.library === undefined) return result({ ...facts, start: null });
  const about = {
    normalisation: await normalisationOption(options, file),
    title: text(options.title) ?? title ?? basename(file, extname(file)),
    licence: licence ?? text(options.licence),
  };
  const start = await withLibrary(options, true, (library) => importStart(library, Date, bytes, about));
  return result({ ...facts, start: start.id });
}

const preprocessor = z.object({
  image_mean: z.array(z.number()).length(3),
  image_std: z.array(z.number().positive()).length(3),
});

/** As the option says; else as preprocessor_config.json beside the file does; null = as the file or its layout says. */
async function normalisationOption(options: Options, file: string): Promise<ImportedStart['normalisation']> {
  const choice = text(options.normalisation);
  if (choice === 'half' || choice === 'imagenet') return chosenNormalisation(choice);
  if (choice !== null && choice !== 'file') {
    throw new Refusal('BAD_INPUT', `--normalisation takes ${START_NORMALISATIONS.join(', ')}.`);
  }
  const beside = join(dirname(resolve(file)), 'preprocessor_config.json');
  if (!existsSync(beside)) return null;
  const parsed = preprocessor.safeParse(readJson(await readFile(beside, 'utf8')));
  if (!parsed.success) {
    throw new Refusal(
      'UNREADABLE_FILE',
      `${beside} names no image_mean and image_std. Say --normalisation half or imagenet, or move it away.`,
      { file: beside },
    );
  }
  return { mean: parsed.data.image_mean, std: parsed.data.image_std };
}

function readJson(content: string): unknown {
  try {
    return JSON.parse(content) as unknown;
  } catch {
    return null;
  }
}

/** Who signed a start, for the list. */
function signed(signer: ListedStart['signer']): string {
  if (signer === null) return '–';
  return `${signer.fingerprint}${signer.isKnown ? '' : ' (unknown)'}`;
}

async function list(options: Options): Promise<VerbResult> {
  const starts = await withLibrary(options, false, (library) => listStarts(library));
  const head = ['Start', 'Model', 'Title', 'Licence', 'Signed by'];
  const rows = starts.map(({ id, model, title, licence, signer }) => [
    id,
    model,
    title,
    licence,
    signed(signer),
  ]);
  return { json: { starts }, text: columns([head, ...rows]) };
}

async function remove(start: string, options: Options): Promise<VerbResult> {
  await withLibrary(options, true, (library) => Promise.resolve(removeStart(library, start)));
  return result({ removed: start });
}

function layoutOption(value: string | boolean | undefined): Layout {
  const layout = LAYOUTS.find((one) => one === value);
  if (layout === undefined) throw new Refusal('BAD_INPUT', `--layout takes ${LAYOUTS.join(', ')}.`);
  return layout;
}

async function exportRun(run: string, out: string, options: Options): Promise<VerbResult> {
  const layout = layoutOption(options.layout);
  refuseUnlessWritable(out, options);
  return await withLibrary(options, false, async (library) => {
    refuseInEncrypted(library.files, out);
    const { bytes, kind } = await signedRunWeights(library, run as RunId, layout);
    await writeFileAtomic(out, bytes);
    library.audit.record('export', run, { what: 'weights', layout });
    tellPlain(library.files, out);
    return result({ ...described(bytes, out), checkpoint: kind });
  });
}

export const weights: Verb = {
  name: 'weights',
  usage:
    'weights verify|import FILE · weights list · weights remove START · weights export RUN OUT --layout hf|timm|app',
  words: 3,
  summary: 'checks safetensors files, keeps them as starts of a library, writes weights of a run',
  options: {
    ...LIBRARY_OPTION,
    layout: { type: 'string' },
    title: { type: 'string' },
    licence: { type: 'string' },
    normalisation: { type: 'string' },
    force: { type: 'boolean' },
  },
  run: async ({ positionals, options }) => {
    const [action, first, second] = positionals;
    if (action === 'list' && first === undefined) return await list(options);
    if (first !== undefined) {
      if (action === 'export' && second !== undefined) return await exportRun(first, second, options);
      if (action === 'remove' && second === undefined) return await remove(first, options);
      if (action === 'import' && second === undefined) return await importFile(first, options);
      if (action === 'verify' && second === undefined) {
        return result({ ...described(unpacked(await readBytes(first), first).bytes, first) });
      }
    }
    throw new Refusal('BAD_INPUT', `Use one of:\n${USAGE.map((line) => `  chestlight ${line}`).join('\n')}`);
  },
};
