/** @file Model bundles for the fuzzer: a small one, and such as a stranger signs rightly with contents that do not belong there. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { exportWeights } from '../../main/numeric/weights/export-weights.ts';
import { openBundle } from '../../main/services/exchange/model-bundle/open-bundle.ts';
import { PIXEL_PIPELINE } from '../../main/services/import/pipeline-version.ts';
import { sha256Of } from '../../main/files/artifacts.ts';
import { PAPER_INPUT, PAPER_LOSS, presetRecipe } from '../../shared/domain/recipe.ts';
import { signedBundle } from '../helpers/bundles.ts';
import { small, weightsOf } from '../numeric/reference.ts';
import type { Dice } from './mutate.ts';

export const json = (value: unknown): Uint8Array => new Uint8Array(Buffer.from(JSON.stringify(value)));
const half = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
const none = { value: null, ci: null };
const part = { films: 9, patients: 9, abnormal: 4, normal: 5 };

/** Right in every form; its weights are of a smaller model, which is found out last. */
function contents(): Map<string, Uint8Array> {
  const weights = exportWeights(weightsOf(small, 1), small, 'app');
  const findings = ['Edema', 'Hernia'];
  const config = {
    ...{ method: 'none', model: 'tiny', resolution: 28, findings, recipe: presetRecipe('quick', 'tiny') },
    ...{
      loss: PAPER_LOSS,
      seed: 1,
      initSha256: null,
      t2Units: 2,
      layerNormEpsilon: 1e-6,
      normalisation: half,
    },
    ...{ preprocessing: PIXEL_PIPELINE, input: PAPER_INPUT, positiveWeights: null, labelRule: 'majority' },
  };
  const card = {
    version: 1,
    model: {
      ...{ runId: 'run-00000000', name: 'M', method: 'none', variant: 'tiny', resolution: 28, parameters: 9 },
      ...{
        imageSize: 224,
        patch: 16,
        t2Units: 2,
        weightsSha256: sha256Of(weights),
        weightsBytes: weights.length,
      },
    },
    preprocessing: { pipeline: PIXEL_PIPELINE, side: 224, ...PAPER_INPUT, normalisation: half },
    findings,
    thresholds: [{ name: 'abnormal', kind: 'fitted', threshold: 0.5, rule: 'r' }],
    metrics: {
      ...{ films: 9, patients: 9, t1: { ...none, k: 0, of: 2 }, perFinding: [], notes: ['n'] },
      t2: {
        ...{ name: 'abnormal', n: 9, positives: 4, auroc: { value: 0.5, ci: [0.2, 0.8] } },
        ...{ averagePrecision: null, brier: null, ece: null, unstable: true },
      },
      bootstrap: { resamples: 10, seed: 1, unit: 'patient' },
    },
    training: {
      ...{
        trainedAt: 1,
        app: '1',
        preset: 'quick',
        epochs: 1,
        seed: 1,
        labelRule: 'majority',
        reviewedLabels: false,
      },
      parts: { train: part, validation: part, test: part },
      sources: [{ source: 's', licence: 'l', films: 9 }],
      ...{ start: null, teacher: null },
    },
    licences: [],
    notes: [],
  };
  const check = { images: 1, t1: [[0.1, 0.2]], t2: [0.3] };
  return new Map([
    ['model.json', json({ version: 1, config, check, companions: [] })],
    ['card.json', json(card)],
    ['card.html', new Uint8Array(Buffer.from('<p>x</p>'))],
    ['weights.safetensors', weights],
  ]);
}

export const bundleSeeds = (): readonly Uint8Array[] => [new Uint8Array(signedBundle(contents()))];

const VALUES = [-1, 0, 1.5, 2, 1e300, '', 'x', '../../x', '__proto__', null, [], [0], {}, true, NaN];

/** Any value anywhere in it, or a key that is not known. */
export function spoil(value: unknown, roll: Dice): unknown {
  if (typeof value !== 'object' || value === null || roll.below(6) === 0) return roll.of(VALUES);
  if (Array.isArray(value)) {
    const list: unknown[] = [...(value as unknown[])];
    if (list.length === 0 || roll.below(5) === 0) return [...list, ...list, roll.of(VALUES)];
    const at = roll.below(list.length);
    list[at] = spoil(list[at], roll);
    return list;
  }
  const entries = Object.entries(value);
  if (entries.length === 0 || roll.below(8) === 0)
    return Object.fromEntries([...entries, ['another', roll.of(VALUES)]]);
  const at = roll.below(entries.length);
  if (roll.below(8) === 0) return Object.fromEntries(entries.filter((_, index) => index !== at));
  return Object.fromEntries(
    entries.map(([key, inner], index) => [key, index === at ? spoil(inner, roll) : inner]),
  );
}

/** Signed rightly, with wrong contents: what the signature does not keep out. */
export function shapedBundle(roll: Dice): Uint8Array {
  const files = contents();
  for (let count = 1 + roll.below(3); count > 0; count--) {
    const name = roll.of(['model.json', 'card.json', 'card.json', 'weights.safetensors']);
    const bytes = Buffer.from(files.get(name) ?? []);
    if (name === 'weights.safetensors') {
      bytes[roll.below(bytes.length)] = roll.below(256);
      files.set(name, new Uint8Array(bytes));
      const card = JSON.parse(Buffer.from(files.get('card.json') ?? []).toString()) as {
        model?: object;
      } | null;
      if (card?.model) Object.assign(card.model, { weightsSha256: sha256Of(bytes) });
      files.set('card.json', json(card));
    } else files.set(name, json(spoil(JSON.parse(bytes.toString()), roll)));
  }
  if (roll.below(10) === 0)
    files.set(roll.of(['../x', 'run.js', 'likeness.safetensors', 'model.json.']), json(1));
  if (roll.below(10) === 0) files.delete(roll.of([...files.keys()]));
  const manifest = roll.below(4) === 0 ? (list: object) => spoil(list, roll) as object : undefined;
  return new Uint8Array(signedBundle(files, manifest === undefined ? {} : { manifest }));
}

export async function readBundle(bytes: Uint8Array, folder: string): Promise<void> {
  const path = join(folder, 'model.chestlight');
  writeFileSync(path, bytes);
  await openBundle(path, null);
}
