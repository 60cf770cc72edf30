/** @file Model bundles as tests need them: a run with untrained weights, and bundles that a stranger wrote and signed rightly. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { sha256Of } from '../../main/files/artifacts.ts';
import { vitOfRun } from '../../main/numeric/vit/config.ts';
import { initParameters } from '../../main/numeric/vit/init.ts';
import { exportWeights } from '../../main/numeric/weights/export-weights.ts';
import type { AppParts } from '../../main/services/compose.ts';
import { MODEL_BUNDLE } from '../../main/services/exchange/model-bundle/bundle-format.ts';
import { MARK, type PackageKind } from '../../main/services/exchange/package/package-format.ts';
import { openArchive } from '../../main/services/exchange/package/read-package.ts';
import { length32, signedBytes } from '../../main/services/exchange/package/write-package.ts';
import { PIXEL_PIPELINE } from '../../main/services/import/pipeline-version.ts';
import type { RunConfig } from '../../shared/contract/training.ts';
import type { RunId } from '../../shared/domain/ids.ts';
import { addRun, addSplit, type Score } from '../services/evaluation/scored-runs.ts';

export const FINDINGS = ['Infiltration', 'Pneumonia'];

/** A finished ViT-Tiny that has learned nothing, scored and evaluated like any run; on the library's films. */
export async function addModelRun(app: AppParts, wanted: Partial<RunConfig> = {}): Promise<RunId> {
  const { library, inference, evaluation } = app;
  const { store, files } = library;
  const splitId =
    store.splits.list()[0]?.id ?? addSplit(library, ({ id }) => store.films.find(id)?.givenPart ?? 'test');
  const config = {
    method: 'none',
    resolution: 28,
    splitId,
    findings: FINDINGS,
    preprocessing: PIXEL_PIPELINE,
  } as const;
  const runId = addRun(library, { ...config, ...wanted }, null);
  const run = store.runs.get(runId);
  const vit = vitOfRun(run.config);
  const { normalisation } = run.config;
  const bytes = exportWeights(initParameters(vit, run.config.seed), vit, 'app', { normalisation });
  const dir = join(files.runsDir, runId);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'final.safetensors'), bytes);
  const at = { epoch: 1, step: 1, file: 'final.safetensors', createdAt: 1 };
  store.runs.putCheckpoint(runId, { kind: 'final', sha256: sha256Of(bytes), bytes: bytes.length, ...at });
  const films = store.splits.dataset(splitId, []).filter(({ part }) => part !== 'train');
  if (films.length === 0) return runId;
  const images = await Promise.all(films.map(({ filmId }) => library.filmBytes.modelImage(filmId)));
  const answers = await inference.predictImages(runId, images, []);
  const scores = films.map(({ filmId, part }, index) => ({
    filmId,
    part,
    t1: (answers[index]?.t1 ?? []).map(({ score }) => score),
    t2: answers[index]?.t2.score ?? 0,
  })) as readonly Score[];
  writeFileSync(join(dir, 'scores.json'), JSON.stringify(scores));
  await evaluation.evaluateRun(runId);
  return runId;
}

export interface Forged {
  readonly header?: object;
  readonly manifest?: (manifest: ForgedManifest) => object;
}
export interface ForgedManifest {
  createdAt: number;
  app: string;
  signer: { name: string; publicKey: string };
  files: { name: string; bytes: number; sha256: string }[];
}

/** A bundle (or another package) of these files as a stranger would write it, signed with a key of theirs. */
export function signedBundle(
  contents: ReadonlyMap<string, Uint8Array>,
  { header, manifest }: Forged = {},
  kind: PackageKind = MODEL_BUNDLE,
): Buffer {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const head = Buffer.from(JSON.stringify(header ?? { format: kind.format, version: 1, encryption: null }));
  const plain: ForgedManifest = {
    createdAt: 1,
    app: '1.0.0',
    signer: {
      name: 'elsewhere',
      publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    },
    files: [...contents].map(([name, bytes]) => ({ name, bytes: bytes.length, sha256: sha256Of(bytes) })),
  };
  const list = Buffer.from(JSON.stringify(manifest?.(plain) ?? plain));
  return Buffer.concat([
    MARK,
    length32(head.length),
    head,
    length32(list.length),
    list,
    sign(null, signedBytes(head, list, kind), privateKey),
    ...contents.values(),
  ]);
}

/** Files of a bundle by name, in their order. */
export async function contentsOf(path: string): Promise<Map<string, Uint8Array>> {
  const opened = await openArchive(path, null, MODEL_BUNDLE);
  const contents = new Map<string, Uint8Array>();
  for (const { name } of opened.manifest.files) contents.set(name, await opened.file(name));
  return contents;
}

/** The contents with one of the JSON files changed. */
export function changed(
  contents: ReadonlyMap<string, Uint8Array>,
  name: string,
  change: (value: Record<string, never>) => void,
): Map<string, Uint8Array> {
  const value = JSON.parse(Buffer.from(contents.get(name) ?? []).toString()) as Record<string, never>;
  change(value);
  return new Map([...contents, [name, new Uint8Array(Buffer.from(JSON.stringify(value)))]]);
}
