/** @file `weights verify|import FILE`, `weights export RUN OUT`: safetensors in and out, checked, never half written. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, resolve } from 'node:path';

import type { RunId } from '../../../shared/domain/ids.ts';
import { writeFileAtomic } from '../../files/atomic-write.ts';
import { LAYOUTS, type Layout } from '../../numeric/weights/layouts.ts';
import { WeightsError } from '../../numeric/weights/weights-error.ts';
import { runWeights } from '../../services/training/run-weights.ts';
import { describeWeights, importStart, type WeightsFacts } from '../../services/training/start-weights.ts';
import { LIBRARY_OPTION, withLibrary } from '../library-option.ts';
import { Refusal, type Verb, type VerbArguments, type VerbResult } from '../verb.ts';

const USAGE = [
  'weights verify FILE',
  'weights import FILE [--library DIR] [--title TEXT] [--licence TEXT]',
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

function described(bytes: Uint8Array, file: string): WeightsFacts {
  try {
    return describeWeights(bytes);
  } catch (error) {
    if (error instanceof WeightsError) throw new Refusal(error.code, error.message, { file });
    throw error;
  }
}

function result(json: Readonly<Record<string, unknown>>): VerbResult {
  const lines = Object.entries(json).map(([name, value]) => `${name}: ${String(value)}`);
  return { json, text: lines.join('\n') };
}

/** With a library named, the file becomes a start of it: `train --init ID`. */
async function importFile(file: string, options: Options): Promise<VerbResult> {
  const bytes = await readBytes(file);
  const facts = described(bytes, file);
  if (options.library === undefined) return result({ ...facts, start: null });
  const about = {
    title: text(options.title) ?? basename(file, extname(file)),
    licence: text(options.licence) ?? 'not stated',
  };
  const start = await withLibrary(options, true, (library) => importStart(library, Date, bytes, about));
  return result({ ...facts, start: start.id });
}

function layoutOption(value: string | boolean | undefined): Layout {
  const layout = LAYOUTS.find((one) => one === value);
  if (layout === undefined) throw new Refusal('BAD_INPUT', `--layout takes ${LAYOUTS.join(', ')}.`);
  return layout;
}

async function exportRun(run: string, out: string, options: Options): Promise<VerbResult> {
  const layout = layoutOption(options.layout);
  if (existsSync(out) && options.force !== true) {
    throw new Refusal('CONFLICT', `${out} is there already. Choose another name or add --force.`, {
      path: out,
    });
  }
  if (!existsSync(dirname(resolve(out)))) {
    throw new Refusal('NOT_FOUND', `There is no folder ${dirname(resolve(out))}. Make it first.`);
  }
  return await withLibrary(options, false, async (library) => {
    const { bytes, kind } = await runWeights(library, run as RunId, layout);
    await writeFileAtomic(out, bytes);
    return result({ ...describeWeights(bytes), checkpoint: kind });
  });
}

export const weights: Verb = {
  name: 'weights',
  usage: 'weights verify|import FILE · weights export RUN OUT --layout hf|timm|app',
  summary: 'checks safetensors files, keeps them as starts of a library, writes weights of a run',
  options: {
    ...LIBRARY_OPTION,
    layout: { type: 'string' },
    title: { type: 'string' },
    licence: { type: 'string' },
    force: { type: 'boolean' },
  },
  run: async ({ positionals, options }) => {
    const [action, first, second, ...more] = positionals;
    if (first !== undefined && more.length === 0) {
      if (action === 'export' && second !== undefined) return await exportRun(first, second, options);
      if (action === 'import' && second === undefined) return await importFile(first, options);
      if (action === 'verify' && second === undefined) {
        return result({ ...described(await readBytes(first), first) });
      }
    }
    throw new Refusal('BAD_INPUT', `Use one of:\n${USAGE.map((line) => `  chestlight ${line}`).join('\n')}`);
  },
};
