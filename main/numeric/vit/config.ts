/** @file Shapes of the Vision Transformer: variants, the list of parameters, and the groups in which they are stored. */
import type { Resolution, TokenMode, VitVariant } from '../../../shared/domain/recipe.ts';

export interface VitConfig {
  /** `custom` for shapes that no published weights have. */
  readonly variant: VitVariant | 'custom';
  /** Embedding width D. */
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  /** Hidden width of the MLP = mlpRatio · D. */
  readonly mlpRatio: number;
  /** Patch side in pixels. */
  readonly patch: number;
  /** Input side in pixels. */
  readonly imageSize: number;
  readonly layerNormEpsilon: number;
  /** Outputs of the findings head (T1). */
  readonly t1Units: number;
  /** Outputs of the normal/abnormal head (T2): 2 = [normal, abnormal], 1 = abnormal. */
  readonly t2Units: 1 | 2;
}

export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
  /** Weight decay applies (matrices only: not biases, norms, class token, positions). */
  readonly decay: boolean;
}

const DIMENSIONS: Readonly<Record<VitVariant, { width: number; heads: number }>> = {
  tiny: { width: 192, heads: 3 },
  small: { width: 384, heads: 6 },
  base: { width: 768, heads: 12 },
};

export interface HeadSizes {
  readonly t1Units: number;
  readonly t2Units?: 1 | 2;
  readonly layerNormEpsilon?: number;
  /** 224 pixels in patches of 16 unless given. */
  readonly input?: InputShape;
}

/** Side of the input and of a patch, in pixels. */
export interface InputShape {
  readonly imageSize: number;
  readonly patch: number;
}

const FULL_INPUT: InputShape = { imageSize: 224, patch: 16 };

/** What a model takes of films of `resolution` pixels a side: see `TokenMode`. At 224 every mode is the same. */
export function inputShape(resolution: Resolution, tokens: TokenMode): InputShape {
  if (resolution === 224 || tokens === 'upsampled') return FULL_INPUT;
  return { imageSize: resolution, patch: resolution / (tokens === 'native' ? 14 : 7) };
}

/** The settings of a run that make its model's shape. */
export interface ModelSettings {
  readonly model: VitVariant;
  readonly resolution: Resolution;
  readonly findings: readonly string[];
  readonly t2Units: 1 | 2;
  readonly layerNormEpsilon: number;
  readonly input: { readonly tokens: TokenMode };
}

/** The model of a run. */
export function vitOfRun(settings: ModelSettings): VitConfig {
  const { model, resolution, findings, t2Units, layerNormEpsilon, input } = settings;
  const shape = inputShape(resolution, input.tokens);
  // Pre-training has no findings: its head keeps one output that nothing reads.
  return vitConfig(model, { t1Units: Math.max(1, findings.length), t2Units, layerNormEpsilon, input: shape });
}

/** ViT-Tiny/Small/Base, 12 blocks (Dosovitskiy 2021; Touvron 2021 for the two smaller ones). */
export function vitConfig(variant: VitVariant, heads: HeadSizes): VitConfig {
  return {
    variant,
    ...DIMENSIONS[variant],
    depth: 12,
    mlpRatio: 4,
    ...(heads.input ?? FULL_INPUT),
    layerNormEpsilon: heads.layerNormEpsilon ?? 1e-6,
    t1Units: heads.t1Units,
    t2Units: heads.t2Units ?? 2,
  };
}

/** Which published variant has this width and depth, if any. */
export function variantOf(width: number, depth: number): VitVariant | null {
  const found = Object.entries(DIMENSIONS).find(([, size]) => size.width === width);
  return depth === 12 && found !== undefined ? (found[0] as VitVariant) : null;
}

/** Patches a side: 14 for 224/16. */
export function gridSize(config: VitConfig): number {
  return config.imageSize / config.patch;
}

/** Tokens N: the class token and one per patch, 197 for 224/16. */
export function tokenCount(config: VitConfig): number {
  return gridSize(config) ** 2 + 1;
}

/** Parameters that live in one flat tensor: the stem, each block, the heads. */
export interface ParameterGroup {
  readonly name: string;
  readonly specs: readonly ParameterSpec[];
  /** Scalars in the group. */
  readonly size: number;
}

/** One parameter. */
export function parameterSpec(name: string, shape: readonly number[], decay: boolean): ParameterSpec {
  return { name, shape, size: shape.reduce((product, length) => product * length, 1), decay };
}

/** Parameters under one flat tensor. */
export function parameterGroup(name: string, specs: readonly ParameterSpec[]): ParameterGroup {
  return { name, specs, size: specs.reduce((sum, { size }) => sum + size, 0) };
}

/** Parameters of one transformer block, named `at.norm1.scale` and so on. */
export function blockSpecs(
  at: string,
  { width, mlpRatio }: Pick<VitConfig, 'width' | 'mlpRatio'>,
): readonly ParameterSpec[] {
  const hidden = width * mlpRatio;
  return [
    parameterSpec(`${at}.norm1.scale`, [width], false),
    parameterSpec(`${at}.norm1.bias`, [width], false),
    parameterSpec(`${at}.qkv.kernel`, [width, 3 * width], true),
    parameterSpec(`${at}.qkv.bias`, [3 * width], false),
    parameterSpec(`${at}.proj.kernel`, [width, width], true),
    parameterSpec(`${at}.proj.bias`, [width], false),
    parameterSpec(`${at}.norm2.scale`, [width], false),
    parameterSpec(`${at}.norm2.bias`, [width], false),
    parameterSpec(`${at}.fc1.kernel`, [width, hidden], true),
    parameterSpec(`${at}.fc1.bias`, [hidden], false),
    parameterSpec(`${at}.fc2.kernel`, [hidden, width], true),
    parameterSpec(`${at}.fc2.bias`, [width], false),
  ];
}

/**
 * The stem, one group a block, the heads. State is kept as one flat tensor a group: an optimiser step is then a few
 * ops on 14 tensors instead of 154, and one group's temporaries are small enough to stay in the cache.
 * Matrices are [in, out], ready for `x · W`; qkv is fused; the patch kernel's rows run over (channel, row, column).
 */
export function parameterGroups(config: VitConfig): readonly ParameterGroup[] {
  const { width, patch } = config;
  const stem = parameterGroup('stem', [
    parameterSpec('cls', [1, 1, width], false),
    parameterSpec('positions', [1, tokenCount(config), width], false),
    parameterSpec('patch.kernel', [3 * patch * patch, width], true),
    parameterSpec('patch.bias', [width], false),
  ]);
  const blocks = Array.from({ length: config.depth }, (_, block) =>
    parameterGroup(`blocks.${block}`, blockSpecs(`blocks.${block}`, config)),
  );
  const heads = parameterGroup('heads', [
    parameterSpec('norm.scale', [width], false),
    parameterSpec('norm.bias', [width], false),
    parameterSpec('t1.kernel', [width, config.t1Units], true),
    parameterSpec('t1.bias', [config.t1Units], false),
    parameterSpec('t2.kernel', [width, config.t2Units], true),
    parameterSpec('t2.bias', [config.t2Units], false),
  ]);
  return [stem, ...blocks, heads];
}

/** Every parameter in storage order. */
export function parameterSpecs(config: VitConfig): readonly ParameterSpec[] {
  return parameterGroups(config).flatMap(({ specs }) => specs);
}

/** Number of scalars of all parameters. */
export function parameterCount(config: VitConfig): number {
  return parameterSpecs(config).reduce((sum, { size }) => sum + size, 0);
}

/** Multiply-accumulates of one film's forward pass: matrix products of stem, blocks and heads; norms and softmax are not counted. */
export function macCount(config: VitConfig): number {
  const { width, depth, mlpRatio, patch, t1Units, t2Units } = config;
  const tokens = tokenCount(config);
  const stem = (tokens - 1) * 3 * patch ** 2 * width;
  const block = tokens * (4 + 2 * mlpRatio) * width ** 2 + 2 * tokens ** 2 * width;
  return stem + depth * block + width * (t1Units + t2Units);
}
