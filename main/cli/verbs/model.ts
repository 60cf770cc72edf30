/** @file `model show|import FILE`, `model measure|card|remove RUN`: models from elsewhere; `export --what bundle` writes one. */
import { resolve } from 'node:path';

import type { RunId, SplitId } from '../../../shared/domain/ids.ts';
import { writeFileAtomic } from '../../files/atomic-write.ts';
import { cardPage } from '../../services/exchange/model-bundle/card-page.ts';
import { cardOf } from '../../services/exchange/model-bundle/gather-card.ts';
import { takeModel, viewBundle } from '../../services/exchange/model-bundle/take-model.ts';
import { withApp } from '../app-option.ts';
import { LIBRARY_OPTION } from '../library-option.ts';
import { textOption } from '../options.ts';
import { refuseUnlessWritable, tellPlain } from '../out-file.ts';
import { Refusal, type Verb, type VerbArguments, type VerbResult } from '../verb.ts';
import { inLines, passphraseOption } from './session.ts';

const call = { signal: new AbortController().signal };
type Options = VerbArguments['options'];

async function show(file: string, options: Options): Promise<VerbResult> {
  const passphrase = await passphraseOption(options);
  return await withApp(options, 'read', async ({ library }) => {
    const { card, ...view } = await viewBundle(library, resolve(file), passphrase);
    const { model, findings, metrics } = card;
    const brief = {
      runId: model.runId,
      name: model.name,
      method: model.method,
      model: model.variant,
      resolution: model.resolution,
      findings,
      t1: metrics?.t1 ?? null,
      t2: metrics?.t2.auroc ?? null,
      ...view,
    };
    return { json: { ...view, card }, text: inLines(brief).text };
  });
}

async function take(file: string, options: Options): Promise<VerbResult> {
  const passphrase = await passphraseOption(options);
  const trust = textOption(options, 'trust') ?? null;
  const name = textOption(options, 'name') ?? '';
  return await withApp(options, 'write', async ({ library, inference }) => {
    const taking = { passphrase, trust, name, now: Date.now(), score: inference.scoreAfresh };
    return inLines({ ...(await takeModel(library, resolve(file), taking)) });
  });
}

async function measure(runId: RunId, options: Options): Promise<VerbResult> {
  const splitId = (textOption(options, 'split') ?? null) as SplitId | null;
  return await withApp(options, 'write', async ({ evaluation }) => {
    let told = 0;
    for await (const { done, total } of await evaluation.service.measure({ runId, splitId }, call)) {
      if (Date.now() - told < 1000) continue;
      told = Date.now();
      process.stderr.write(`film ${done} of ${total}\n`);
    }
    return inLines({ runId, ...(await evaluation.summary(runId)) });
  });
}

async function card(runId: RunId, options: Options): Promise<VerbResult> {
  const out = textOption(options, 'out');
  if (out !== undefined) refuseUnlessWritable(out, options);
  return await withApp(options, 'read', async ({ library }) => {
    const json = await cardOf(library, runId);
    if (out !== undefined) {
      await writeFileAtomic(resolve(out), new TextEncoder().encode(cardPage(json)));
      tellPlain(library.files, resolve(out));
    }
    return { json, text: out === undefined ? JSON.stringify(json, null, 1) : resolve(out) };
  });
}

async function remove(runId: RunId, options: Options): Promise<VerbResult> {
  return await withApp(options, 'write', async ({ library, training }) => {
    if (library.store.runs.get(runId) && library.store.importedModels.find(runId) === null) {
      throw new Refusal(
        'CONFLICT',
        'This run was trained here. Nothing was removed; remove it in the window.',
        {
          runId,
        },
      );
    }
    await training.service.remove({ runId }, call);
    return inLines({ removed: runId });
  });
}

const ACTIONS: Readonly<Record<string, (subject: string, options: Options) => Promise<VerbResult>>> = {
  show,
  import: take,
  measure: (subject, options) => measure(subject as RunId, options),
  card: (subject, options) => card(subject as RunId, options),
  remove: (subject, options) => remove(subject as RunId, options),
};

export const model: Verb = {
  name: 'model',
  usage:
    'model show|import FILE --library DIR [--passphrase-file FILE] [--trust FINGERPRINT] [--name NAME] · model measure RUN [--split ID] · model card RUN [--out FILE] · model remove RUN',
  words: 2,
  summary:
    'takes in a model from elsewhere as a signed bundle, measures it on films that are here, writes its card',
  options: {
    ...LIBRARY_OPTION,
    'passphrase-file': { type: 'string' },
    trust: { type: 'string' },
    name: { type: 'string' },
    split: { type: 'string' },
    out: { type: 'string' },
    force: { type: 'boolean' },
  },
  run: async ({ positionals: [action = '', subject], options }) => {
    const act = ACTIONS[action];
    if (act !== undefined && subject !== undefined) return await act(subject, options);
    throw new Refusal(
      'BAD_INPUT',
      'Use: chestlight model show FILE, model import FILE, model measure RUN, model card RUN or model remove RUN.',
    );
  },
};
