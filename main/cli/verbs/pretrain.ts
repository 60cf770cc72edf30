/** @file `pretrain`: start weights from this library's films alone, or from a larger model's weights and the films. No labels. */
import { LIBRARY_OPTION } from '../library-option.ts';
import { textOption } from '../options.ts';
import { beginRun, requestFrom, RUN_OPTIONS } from '../run-verb.ts';
import { Refusal, type Verb } from '../verb.ts';

/** Films are seen at 224 px as they are, and there are no labels to weight. */
const {
  init: _init,
  resolution: _resolution,
  'token-mode': _tokenMode,
  reduce: _reduce,
  upsample: _upsample,
  'class-weights': _classWeights,
  ...OPTIONS
} = RUN_OPTIONS;

export const pretrain: Verb = {
  name: 'pretrain',
  usage: 'pretrain --library DIR --model tiny|small [--from WEIGHTS | --epochs N] [--seed N] [--estimate]',
  summary: 'start weights from films without labels; --from makes a larger model smaller; Ctrl-C pauses',
  options: { ...LIBRARY_OPTION, ...OPTIONS, from: { type: 'string' } },
  run: async ({ options }) => {
    const model = textOption(options, 'model') ?? 'tiny';
    if (model !== 'tiny' && model !== 'small') {
      throw new Refusal('BAD_INPUT', `Pre-training is for tiny and small, not "${model}".`);
    }
    const init = textOption(options, 'from') ?? null;
    const request = requestFrom(options, { method: 'pretrain', model, resolution: 224, init });
    return await beginRun(options, () => request);
  },
};
