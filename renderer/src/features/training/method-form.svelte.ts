/** @file How a student learns, as typed: weights and form of the teacher's terms, and how its small film becomes tokens. */
import type { RunRequest } from '../../../../shared/contract/training.ts';
import {
  PAPER_INPUT,
  PAPER_LOSS,
  type FeaturePoint,
  type LossSettings,
  type Reducer,
  type TokenMode,
  type Upsampler,
} from '../../../../shared/domain/recipe.ts';

type Weight = 'alpha' | 'beta' | 'gamma';

const within = (text: string, low: number, high: number): boolean => {
  const value = Number(text);
  return text.trim() === '' || (Number.isFinite(value) && value >= low && value <= high);
};

export class MethodForm {
  /** Weights of the loss terms as typed; blank = the paper's. */
  weights = $state<Record<Weight, string>>({ alpha: '', beta: '', gamma: '' });
  kdLoss = $state<LossSettings['kdLoss']>(PAPER_LOSS.kdLoss);
  temperature = $state('');
  tokens = $state<LossSettings['tokens']>(PAPER_LOSS.tokens);
  featurePoint = $state<FeaturePoint>(PAPER_LOSS.featurePoint);
  normaliseFeatures = $state(PAPER_LOSS.normaliseFeatures);
  tokenMode = $state<TokenMode>(PAPER_INPUT.tokens);
  reduce = $state<Reducer>(PAPER_INPUT.reduce);
  upsample = $state<Upsampler>(PAPER_INPUT.upsample);

  readonly weightMistake = $derived(
    Object.values(this.weights).every((text) => within(text, 0, 100)) ? undefined : '0 to 100',
  );
  readonly temperatureMistake = $derived(within(this.temperature, 1, 20) ? undefined : '1 to 20');
  readonly hasMistakes = $derived(this.weightMistake !== undefined || this.temperatureMistake !== undefined);

  /** How many settings differ from the paper's. */
  readonly changed = $derived(Object.keys(this.#lossChanges()).length + Object.keys(this.input()).length);

  /** What differs from the paper's loss; nothing while a number is not one. */
  loss(): RunRequest['loss'] {
    return this.hasMistakes ? {} : this.#lossChanges();
  }

  /** What differs from the paper's input. */
  input(): RunRequest['input'] {
    return {
      ...(this.tokenMode !== PAPER_INPUT.tokens && { tokens: this.tokenMode }),
      ...(this.reduce !== PAPER_INPUT.reduce && { reduce: this.reduce }),
      ...(this.upsample !== PAPER_INPUT.upsample && { upsample: this.upsample }),
    };
  }

  #lossChanges(): RunRequest['loss'] {
    const typed = (Object.entries(this.weights) as [Weight, string][]).filter(
      ([name, text]) => text.trim() !== '' && Number(text) !== PAPER_LOSS[name],
    );
    return {
      ...Object.fromEntries(typed.map(([name, text]) => [name, Number(text)])),
      ...(this.kdLoss !== PAPER_LOSS.kdLoss && { kdLoss: this.kdLoss }),
      ...(this.temperature.trim() !== '' && { temperature: Number(this.temperature) }),
      ...(this.tokens !== PAPER_LOSS.tokens && { tokens: this.tokens }),
      ...(this.featurePoint !== PAPER_LOSS.featurePoint && { featurePoint: this.featurePoint }),
      ...(this.normaliseFeatures && { normaliseFeatures: true }),
    };
  }
}
