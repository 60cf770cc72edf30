/** @file What a run is: model, resolution, method, loss settings, recipe. Plain values; defaults as SCIENCE names them. */

export const VIT_VARIANTS = ['tiny', 'small', 'base'] as const;
export type VitVariant = (typeof VIT_VARIANTS)[number];

/** 224 is the teacher's resolution; the others are the students' (pixels a side). */
export const RESOLUTIONS = [224, 112, 56, 28] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

export const DISTILL_METHODS = ['vanilla', 'last-block', 'one-to-one', 'mlcak'] as const;
export const METHODS = ['teacher', 'none', ...DISTILL_METHODS, 'pretrain'] as const;
/**
 * `teacher`: L_cls at 224. `none`: L_cls at low resolution, no teacher. The next distil. `pretrain`: no labels, no results;
 * start weights for the others.
 */
export type Method = (typeof METHODS)[number];

export interface LossSettings {
  /** Weight of the T1 (findings) logit term. */
  readonly alpha: number;
  /** Weight of the T2 (normal/abnormal) logit term. */
  readonly beta: number;
  /** Weight of the feature term. */
  readonly gamma: number;
  /** `mse` on raw logits (paper) or Hinton's per-label binary KL. */
  readonly kdLoss: 'mse' | 'hinton';
  /** Softening temperature of the Hinton form; ignored for mse. */
  readonly temperature: number;
  readonly tokens: 'all' | 'cls' | 'patches';
  /** Where in a block features are taken: its output (H_i), or the residual stream behind its attention half. */
  readonly featurePoint: FeaturePoint;
  /** Compare features after scaling every token to mean 0, variance 1 over its channels. */
  readonly normaliseFeatures: boolean;
}

export const FEATURE_POINTS = ['block', 'attention'] as const;
export type FeaturePoint = (typeof FEATURE_POINTS)[number];

export const PAPER_LOSS: LossSettings = {
  alpha: 1,
  beta: 1,
  gamma: 1,
  kdLoss: 'mse',
  temperature: 4,
  tokens: 'all',
  featurePoint: 'block',
  normaliseFeatures: false,
};

/**
 * How a low-resolution film becomes tokens. `upsampled`: enlarged to 224, 14 × 14 tokens of 16 px, as in the paper.
 * Experimental: `native` keeps the film small and shrinks the patches to 8, 4, 2 px, still 14 × 14 tokens; `few` has 7 × 7
 * tokens and costs a quarter.
 */
export const TOKEN_MODES = ['upsampled', 'native', 'few'] as const;
export type TokenMode = (typeof TOKEN_MODES)[number];

/** What counts where several readers read a film: more than half, one, all of them, or their share as a soft target. */
export const LABEL_RULES = ['majority', 'any', 'all', 'mean'] as const;
export type LabelRule = (typeof LABEL_RULES)[number];

/** How a stored low-resolution film is enlarged to the model's input. */
export const UPSAMPLERS = ['bilinear', 'bicubic', 'nearest'] as const;
export type Upsampler = (typeof UPSAMPLERS)[number];

/**
 * How a film is made small: by exact area averages, as a detector with larger pixels sees it; by interpolating between the nearest
 * pixels without antialiasing, as image libraries resize unless told otherwise; or by every n-th pixel.
 */
export const REDUCERS = ['area', 'bilinear', 'nearest'] as const;
export type Reducer = (typeof REDUCERS)[number];

export interface InputSettings {
  readonly tokens: TokenMode;
  readonly reduce: Reducer;
  readonly upsample: Upsampler;
}

export const PAPER_INPUT: InputSettings = { tokens: 'upsampled', reduce: 'area', upsample: 'bilinear' };

export const PRESETS = ['quick', 'robust', 'paper'] as const;
export type PresetName = (typeof PRESETS)[number];

/**
 * `mixed`: matrix products in bfloat16, `mixed-f16`: in float16 with a scaled loss, everything else in float32 (Micikevicius et al.
 * 2018). Faster on processors and cards that have it in hardware, slower elsewhere; results differ within rounding.
 */
export const PRECISIONS = ['single', 'mixed', 'mixed-f16'] as const;
export type Precision = (typeof PRECISIONS)[number];
export type MixedPrecision = Exclude<Precision, 'single'>;
export const PRECISION_WORDS: Readonly<Record<Precision, string>> = {
  single: 'single precision (float32)',
  mixed: 'mixed precision (bfloat16)',
  'mixed-f16': 'mixed precision (float16)',
};

/** Mixed precision is worth it from this gain in speed on. */
export const WORTH_MIXING = 1.15;

export interface Recipe {
  readonly preset: PresetName;
  readonly epochs: number;
  /** Effective batch: gradients are accumulated over micro-batches up to this many films. */
  readonly batch: number;
  readonly microBatch: number;
  /** Gradients compute again what lies inside a block instead of keeping it: less memory, more time, the same result. */
  readonly recompute: boolean;
  readonly precision: Precision;
  readonly learningRate: number;
  /** Epochs of linear warm-up before the cosine to 0. */
  readonly warmupEpochs: number;
  readonly weightDecay: number;
  /** Global gradient norm limit; null = off. */
  readonly clipNorm: number | null;
  /** Exponential moving average of weights per step; null = off. */
  readonly emaDecay: number | null;
  /** The decay rises to `emaDecay`: short runs, too, forget their start weights. Runs of before had it from the first step. */
  readonly emaWarmup: boolean;
  /** Mild affine and brightness changes; the same geometric view for teacher and student. */
  readonly augment: boolean;
  /** Deterministic views a film has in the knowledge cache and in training when `augment` is on. */
  readonly views: number;
  /** Stop after this many epochs without a better one by validation; null = off. */
  readonly patience: number | null;
}

/** The moving average of a recipe, e.g. `EMA 0.999, warmed up`; null = none. */
export function averageInWords({ emaDecay, emaWarmup }: Recipe): string | null {
  if (emaDecay === null) return null;
  return `EMA ${emaDecay}${emaWarmup ? ', warmed up' : ''}`;
}

/**
 * Rate of *quick* from trained weights. On 891 real films (ViT-Small, four epochs) the test AUROC of normal/abnormal was .844
 * with it and .804 with the rate for a random start, which undoes what the weights know.
 */
const QUICK_FINE_TUNING_RATE = 5e-5;

/**
 * Preset *paper*, *robust* and *quick* of the method page; the rate of robust depends on the variant, that of quick on whether
 * the run starts from trained weights.
 */
export function presetRecipe(preset: PresetName, variant: VitVariant, fromWeights = false): Recipe {
  switch (preset) {
    case 'paper':
      return {
        preset,
        epochs: 100,
        batch: 64,
        microBatch: 8,
        recompute: false,
        precision: 'single',
        learningRate: 5e-4,
        warmupEpochs: 0,
        weightDecay: 0.01,
        clipNorm: null,
        emaDecay: null,
        emaWarmup: true,
        augment: false,
        views: 1,
        patience: null,
      };
    case 'robust':
      return {
        preset,
        epochs: 40,
        batch: 64,
        microBatch: 8,
        recompute: false,
        precision: 'single',
        learningRate: variant === 'base' ? 1e-4 : 2e-4,
        warmupEpochs: 5,
        weightDecay: 0.05,
        clipNorm: 1,
        emaDecay: 0.999,
        emaWarmup: true,
        augment: true,
        views: 8,
        patience: 10,
      };
    case 'quick':
      return {
        preset,
        epochs: 5,
        batch: 16,
        microBatch: 8,
        recompute: false,
        precision: 'single',
        learningRate: fromWeights ? QUICK_FINE_TUNING_RATE : 3e-4,
        warmupEpochs: 1,
        weightDecay: 0.05,
        clipNorm: 1,
        emaDecay: null,
        emaWarmup: true,
        augment: false,
        views: 1,
        patience: null,
      };
  }
}

/** Warm-up epochs of a run of `epochs` for which none are asked: the preset's, in a short run at most a quarter of its epochs. */
export function usualWarmup({ warmupEpochs }: Recipe, epochs: number): number {
  return epochs === 1 ? 0 : Math.min(warmupEpochs, Math.max(1, Math.floor(epochs / 4)));
}

/** How start weights want their greys: as the file or its layout says, 0.5 / 0.5, or ImageNet's mean and deviation. */
export const START_NORMALISATIONS = ['file', 'half', 'imagenet'] as const;
export type StartNormalisation = (typeof START_NORMALISATIONS)[number];

/** Share of the patches that a masked autoencoder hides (He et al. 2022). */
export const MASK_RATIO = 0.75;
/** Its light decoder, whatever the model's size: thrown away afterwards. */
export const MASK_DECODER = { width: 128, depth: 2, heads: 4 } as const;

/** Of 513 films, 76 epochs taught nothing that shows and 400 did (docs/results/pretraining.md). */
const MASKED_EPOCHS: Readonly<Record<PresetName, number>> = { quick: 20, robust: 400, paper: 800 };

/**
 * Pre-training on films without labels. `masked`: the film's own hidden patches (He et al. 2022; their batches of
 * 4,096 would leave a small library too few steps, so they are small and the rate is high for them). `compressed`: a larger
 * model made smaller by least squares, which has no epochs, steps or rate: those given stand for one pass.
 */
export function pretrainRecipe(preset: PresetName, kind: 'masked' | 'compressed'): Recipe {
  const masked: Recipe = {
    preset,
    epochs: MASKED_EPOCHS[preset],
    batch: 16,
    microBatch: 16,
    recompute: false,
    precision: 'single',
    learningRate: 1e-3,
    warmupEpochs: preset === 'quick' ? 1 : 5,
    weightDecay: 0.05,
    clipNorm: 1,
    emaDecay: null,
    emaWarmup: true,
    augment: true,
    views: 64,
    patience: null,
  };
  return kind === 'masked' ? masked : { ...masked, epochs: 1, warmupEpochs: 0, augment: false, views: 1 };
}
