/** @file A bundle from elsewhere, read as a stranger's: every byte against the signature, every part by its schema, the model by its weights. */
import { modelCard, type ModelCard } from '../../../../shared/contract/model-card.ts';
import { ServiceError } from '../../../../shared/domain/service-error.ts';
import { sha256Of } from '../../../files/artifacts.ts';
import { plainVault, type LibraryVault } from '../../../files/vault.ts';
import { vitOfRun } from '../../../numeric/vit/config.ts';
import { importWeights } from '../../../numeric/weights/import-weights.ts';
import { WeightsError } from '../../../numeric/weights/weights-error.ts';
import { PIXEL_PIPELINE } from '../../import/pipeline-version.ts';
import { damaged } from '../package/package-format.ts';
import { openArchive, type OpenArchive } from '../package/read-package.ts';
import {
  BUNDLE_VERSION,
  bundledModel,
  CARD_NAME,
  CARD_PAGE_NAME,
  companionFile,
  MODEL_BUNDLE,
  MODEL_NAME,
  newerBundle,
  WEIGHTS_NAME,
  type BundledModel,
} from './bundle-format.ts';
import { COMPANIONS, isCarried, type Companion } from './companions.ts';

export interface OpenBundle {
  readonly signer: OpenArchive['signer'];
  readonly encrypted: boolean;
  readonly createdAt: number;
  readonly app: string;
  readonly model: BundledModel;
  readonly card: ModelCard;
  readonly weights: Uint8Array;
  readonly companions: readonly Companion[];
}

/**
 * Everything is read and checked; nothing is kept open. Weights are numbers in a safetensors file and nothing else: there is no code
 * in a bundle that could run.
 * @throws ServiceError NOT_FOUND, BAD_INPUT no bundle, changed, damaged, not sound; INCOMPATIBLE newer, or of another pixel pipeline
 */
export async function openBundle(
  path: string,
  passphrase: string | null,
  vault: LibraryVault = plainVault(),
): Promise<OpenBundle> {
  const opened = await openArchive(path, passphrase, MODEL_BUNDLE, vault);
  const model = modelOf(await opened.file(MODEL_NAME));
  const card = cardOf(await opened.file(CARD_NAME));
  await opened.file(CARD_PAGE_NAME); // for people: checked, never shown
  const weights = await opened.file(WEIGHTS_NAME);
  checkModel(model, card, weights);
  const companions = await companionsOf(opened, model, card);
  if (!isCarried(card.likeness, companions)) throw unsound('its card is of another likeness');
  const { createdAt, app } = opened.manifest;
  return {
    signer: opened.signer,
    encrypted: opened.encrypted,
    createdAt,
    app,
    model,
    card,
    weights,
    companions,
  };
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
}

function unsound(what: string): ServiceError {
  return damaged(`the model in it is not sound (${what})`);
}

function modelOf(bytes: Uint8Array): BundledModel {
  const value = parsed(bytes);
  const version = (value as { version?: unknown } | null | undefined)?.version;
  if (typeof version === 'number' && version > BUNDLE_VERSION) throw newerBundle(version);
  const model = bundledModel.safeParse(value);
  if (model.success && model.data.version === BUNDLE_VERSION) return model.data;
  const [issue] = model.error?.issues ?? [];
  throw unsound(`${MODEL_NAME}, ${issue?.path.join('.') ?? 'version'}: ${issue?.message ?? ''}`);
}

function cardOf(bytes: Uint8Array): ModelCard {
  const card = modelCard.safeParse(parsed(bytes));
  if (card.success) return card.data;
  const [issue] = card.error.issues;
  throw unsound(`${CARD_NAME}, ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

/** Card, configuration and weights speak of one model, and this version prepares films as it wants them. */
function checkModel({ config, check }: BundledModel, card: ModelCard, weights: Uint8Array): void {
  const { findings } = config;
  if (config.method === 'pretrain') throw unsound('it answers for nothing');
  if (new Set(findings).size < findings.length) throw unsound('a finding stands in it twice');
  const same =
    JSON.stringify([config.method, config.model, config.resolution, config.t2Units, findings]) ===
      JSON.stringify([
        card.model.method,
        card.model.variant,
        card.model.resolution,
        card.model.t2Units,
        card.findings,
      ]) && config.preprocessing === card.preprocessing.pipeline;
  if (!same) throw unsound('its card is of another model');
  if (sha256Of(weights) !== card.model.weightsSha256) throw unsound('its card is of other weights');
  if (check.t2.length !== check.images || check.t1.length !== check.images) throw unsound('its check');
  if (check.t1.some((scores) => scores.length !== findings.length)) throw unsound('its check');
  const known = new Set([...findings, 'abnormal']);
  if (card.thresholds.some(({ name }) => !known.has(name))) throw unsound('a threshold of no finding of it');
  if (config.preprocessing !== PIXEL_PIPELINE) {
    throw new ServiceError(
      'INCOMPATIBLE',
      `The model wants films as the pixel pipeline ${config.preprocessing} prepares them, and this Chestlight has ${PIXEL_PIPELINE}: its scores would be others. Nothing was taken from it; use the version of Chestlight that it was made with.`,
      { pipeline: config.preprocessing },
    );
  }
  checkWeights(config, weights);
}

function checkWeights(config: BundledModel['config'], bytes: Uint8Array): void {
  try {
    const imported = importWeights(bytes);
    const wanted = vitOfRun(config);
    const fits =
      imported.hasHeads &&
      JSON.stringify(imported.normalisation) === JSON.stringify(config.normalisation) &&
      Object.entries(wanted).every(([key, value]) => imported.config[key as keyof typeof wanted] === value);
    if (!fits) throw unsound('its weights are of another model');
    for (const [name, values] of imported.weights) {
      if (!values.every(Number.isFinite)) throw unsound(`${name} of its weights has what is no number`);
    }
  } catch (error) {
    if (error instanceof WeightsError) throw unsound(`${WEIGHTS_NAME}: ${error.message}`);
    throw error;
  }
}

async function companionsOf(
  opened: OpenArchive,
  { companions }: BundledModel,
  { model }: ModelCard,
): Promise<readonly Companion[]> {
  const fixed = [MODEL_NAME, CARD_NAME, CARD_PAGE_NAME, WEIGHTS_NAME];
  const named = [...fixed, ...companions.map(({ kind }) => companionFile(kind))];
  const there = opened.manifest.files.map(({ name }) => name);
  if (named.toSorted().join() !== there.toSorted().join())
    throw unsound('its files are not those that it names');
  const read: Companion[] = [];
  for (const { kind, row } of companions) {
    const rule = COMPANIONS.find((one) => one.kind === kind);
    if (rule === undefined) continue; // of a version that has it
    const companion = { kind, row, bytes: await opened.file(companionFile(kind)) };
    try {
      rule.check(companion, model.weightsSha256);
    } catch {
      throw unsound(companionFile(kind));
    }
    read.push(companion);
  }
  return read;
}
